"""What can be read comes as JSON or CSV, by the page, is not sent again while
it is the same, and every wrong parameter is refused."""
# timeout: 600

import csv
import gzip
import io
import json
import re
from decimal import Decimal

import support
from support.reading import BIG, NOW, Shelf

LISTS = {"/v1/accounts": "accounts", "/v1/volumes": "volumes",
         "/v1/periods": "periods", "/v1/invoices": "invoices",
         "/v1/rates": "rates", "/v1/quarantine?state=all": "quarantine"}
GET = ("get", "--mockTime", "--mockStart", NOW, "--mockRate", "0")


def link(answer):
    """The target of Link, rel="next"; None when there is none."""
    found = re.fullmatch(r'<(/[^>]*)>; rel="next"',
                         answer.headers.get("Link", ""))
    return found and found.group(1)


def as_text(value):
    if value is None:
        return ""
    return {True: "yes", False: "no"}.get(value, str(value)) \
        if isinstance(value, bool) else str(value)


class ReadAnswersByThePage(support.TestCase):
    def setUp(self):
        self.shelf = Shelf(self)

    def every_target(self):
        volume = self.shelf.volumes["acme"]
        number = self.shelf.numbers()["acme"]
        return [*LISTS, f"/v1/volumes/{volume}", f"/v1/volumes/{volume}/hours",
                "/v1/usage?from=2026-10-01&to=2026-11-01&step=month",
                "/v1/periods/2026-10", f"/v1/invoices/{number}",
                f"/v1/invoices/{number}/lines/1/explain"]

    def get(self, target, *words):
        return self.shelf.get(target, "operator", *words)

    def with_param(self, target, param):
        return target + ("&" if "?" in target else "?") + param

    def test_pages_add_up_to_the_whole(self):
        for target, name in LISTS.items():
            whole = self.get(self.with_param(target, "limit=1000"))
            rows, pages = [], 0
            at = self.with_param(target, "limit=1")
            while at is not None:
                answer = self.get(at)
                told = answer.json()
                rows += told[name]
                pages += 1
                self.assertLessEqual(len(told[name]), 1)
                at = link(answer)
                self.assertEqual(at is None, told["next"] is None)
                if at is not None:
                    self.assertIn("cursor=" + told["next"], at)
            with self.subTest(target=target):
                self.assertEqual(rows, whole.json()[name])
                self.assertGreaterEqual(pages, 2)
                self.assertIsNone(link(whole))

    def test_csv_has_the_same_rows(self):
        for target, name in LISTS.items():
            rows = self.get(target).json()[name]
            answer = self.get(target, "-H", "Accept: text/csv")
            with self.subTest(target=target):
                self.assertEqual(answer.headers["Content-Type"],
                                 "text/csv; charset=utf-8")
                table = list(csv.DictReader(io.StringIO(answer.text())))
                self.assertEqual(len(table), len(rows))
                for line, row in zip(table, rows):
                    self.assertEqual(list(line), list(row))
                    row.pop("body", None)
                    line.pop("body", None)
                    self.assertEqual(line, {k: as_text(v)
                                            for k, v in row.items()})

    def test_a_shell_gets_the_same_bytes(self):
        for target in self.every_target():
            with self.subTest(target=target):
                self.assertEqual(self.shelf.it.ok(*GET, target),
                                 self.get(target).text())

    def test_large_sizes_are_strings(self):
        volumes = {v["volume_id"]: v for v in
                   self.get("/v1/volumes").json()["volumes"]}
        self.assertEqual(
            volumes[self.shelf.volumes["acme"]]["last_bytes"], str(BIG))
        self.assertEqual(
            volumes[self.shelf.volumes["beta"]]["last_bytes"], 7)

    def test_formats_are_negotiated(self):
        number = self.shelf.numbers()["acme"]
        target = f"/v1/invoices/{number}"
        for accept, kind in (
                ("", "application/json"), ("*/*", "application/json"),
                ("text/csv", "text/csv"), ("application/pdf",
                                           "application/pdf"),
                ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html"),
                ("text/*;q=0.5, text/plain", "text/plain"),
                ("application/json;q=0.1, text/plain;q=0.2", "text/plain"),
                ("application/json;q=0, text/csv;q=0.001", "text/csv"),
                ("image/png, */*;q=0.1", "application/json")):
            with self.subTest(accept=accept):
                answer = self.get(target, "-H", "Accept: " + accept
                                  if accept else "Accept:")
                self.assertEqual(answer.status, 200, answer)
                self.assertEqual(
                    answer.headers["Content-Type"].split(";")[0], kind)
        for accept in ("image/png", "application/json;q=0",
                       "text/csvx, text/"):
            with self.subTest(accept=accept):
                answer = self.get(target, "-H", "Accept: " + accept)
                self.assertEqual(answer.status, 406, answer)
                self.assertEqual(answer.headers["Content-Type"],
                                 "application/problem+json")
        # The parameter counts over the header.
        answer = self.get(target + "?format=txt", "-H", "Accept: image/png")
        self.assertEqual(answer.headers["Content-Type"],
                         "text/plain; charset=utf-8")

    def test_invoices_are_their_frozen_bytes(self):
        number = self.shelf.numbers()["acme"]
        for form, word in (("json", "json"), ("csv", "csv"), ("html", "html"),
                           ("txt", "text")):
            with self.subTest(format=form):
                answer = self.get(f"/v1/invoices/{number}?format={form}")
                self.assertEqual(answer.text(), self.shelf.it.ok(
                    "show", "invoice", number, "--output", word))
                self.assertIn(f'filename="{number}.{form}"',
                              answer.headers["Content-Disposition"])
        answer = self.get(f"/v1/invoices/{number}?format=pdf")
        self.assertEqual(answer.body[:5], b"%PDF-")
        rows = list(csv.DictReader(io.StringIO(self.get(
            f"/v1/invoices/{number}?format=focus").text())))
        self.assertEqual(sum(Decimal(row["BilledCost"]) for row in rows),
                         Decimal(self.get(f"/v1/invoices/{number}").json()
                                 ["total"]))
        page = self.get(f"/v1/invoices/{number}?format=html")
        self.assertIn("default-src 'none'",
                      page.headers["Content-Security-Policy"])

    def test_what_has_not_changed_is_not_sent(self):
        for target in self.every_target():
            first = self.get(target)
            tag = first.headers["ETag"]
            self.assertRegex(tag, r'^"[0-9a-f]{32}"$')
            for match in (tag, f'"x", {tag}', "W/" + tag, "*"):
                with self.subTest(target=target, match=match):
                    again = self.get(target, "-H", "If-None-Match: " + match)
                    self.assertEqual((again.status, again.body), (304, b""))
                    self.assertEqual(again.headers["ETag"], tag)
            again = self.get(target, "-H", 'If-None-Match: "x"')
            self.assertEqual((again.status, again.body), (200, first.body))
        tag = self.get("/v1/accounts").headers["ETag"]
        self.shelf.it.create_account("delta")
        again = self.get("/v1/accounts", "-H", "If-None-Match: " + tag)
        self.assertEqual(again.status, 200)

    def test_answers_are_compressed_when_asked(self):
        for target in self.every_target():
            plain = self.get(target)
            packed = self.get(target, "-H", "Accept-Encoding: br, gzip")
            if len(plain.body) < 512:
                self.assertEqual(packed.body, plain.body)
                continue
            with self.subTest(target=target):
                self.assertEqual(packed.headers["Content-Encoding"], "gzip")
                self.assertEqual(gzip.decompress(packed.body), plain.body)
                self.assertLess(len(packed.body), len(plain.body))
                self.assertNotEqual(packed.headers["ETag"],
                                    plain.headers["ETag"])
                self.assertIn("Accept-Encoding", packed.headers["Vary"])
            for no in ("gzip;q=0", "gzip; q=0.0", "identity", "br"):
                answer = self.get(target, "-H", "Accept-Encoding: " + no)
                self.assertNotIn("Content-Encoding", answer.headers)

    def test_head_is_get_without_a_body(self):
        for target in self.every_target():
            whole, head = self.get(target), self.get(target, "--head")
            with self.subTest(target=target):
                self.assertEqual(head.status, 200)
                for name in ("Content-Type", "Content-Length", "ETag"):
                    self.assertEqual(head.headers[name], whole.headers[name])

    def test_wrong_parameters_are_refused(self):
        volume = self.shelf.volumes["acme"]
        hours = f"/v1/volumes/{volume}/hours"
        for target in self.every_target():
            for param in ("odd=1", "format=xml", "format=", "format=pdfx",
                          "format=json&format=csv", "%zz=1"):
                with self.subTest(target=target, param=param):
                    answer = self.get(self.with_param(target, param))
                    self.assertEqual(answer.status, 400, answer)
        for target in LISTS:
            for param in ("limit=0", "limit=1001", "limit=x", "limit=",
                          "limit=-1", "limit=99999999999999999999", "cursor=",
                          "cursor=%00", "cursor=!", "cursor=a"):
                with self.subTest(target=target, param=param):
                    answer = self.get(self.with_param(target, param))
                    self.assertEqual(answer.status, 400, answer)
        for param in ("from=x", "to=2026-11", "from=2026-11-01T00:30:00Z",
                      "from=2026-11-02T00:00:00Z&to=2026-11-02T00:00:00Z",
                      "to=1969-12-31T23:00:00Z"):
            for path in (hours, "/v1/usage"):
                with self.subTest(param=param, path=path):
                    self.assertEqual(self.get(f"{path}?{param}").status, 400)
        for param in ("", "step=week", "group_by=name", "account="):
            target = "/v1/usage?from=2026-10-01&to=2026-10-02"
            with self.subTest(param=param):
                self.assertEqual(
                    self.get(f"{target}&{param}").status,
                    {"": 200, "account=": 404}.get(param, 400))
        for path in ("/v1/volumes?state=gone", "/v1/quarantine?state=x"):
            self.assertEqual(self.get(path).status, 400)

    def test_hours_are_what_is_billed(self):
        volume = self.shelf.volumes["acme"]
        target = f"/v1/volumes/{volume}/hours"
        day = self.get(target).json()["hours"]
        self.assertEqual(day[0]["from"], "2026-11-02T07:00:00Z")
        self.assertEqual([h["kind"] for h in day],
                         ["measured"] * 23)
        all_of_it = self.get(
            target + "?from=2000-01-01T00:00:00Z&to=2100-01-01T00:00:00Z")
        hours = all_of_it.json()["hours"]
        self.assertEqual(len(hours), 31 * 24 + 54)
        self.assertEqual(hours[0], {
            "from": "2026-10-01T00:00:00Z", "account": "acme",
            "kind": "measured", "mean_bytes": str(100 * support.GIB),
            "samples": 1})
        self.assertEqual(hours, sorted(hours, key=lambda h: h["from"]))
        self.assertEqual(hours[-1]["mean_bytes"], str(BIG))

    def test_usage_is_what_is_exported(self):
        for step in ("hour", "day", "month"):
            for group in ("account", "volume", "bin"):
                target = "/v1/usage?from=2026-10-01&to=2026-10-03" \
                         f"&step={step}&group_by={group}"
                words = ("export", "--from", "2026-10-01", "--to",
                         "2026-10-03", "--step", step, "--groupBy", group,
                         *GET[1:])
                with self.subTest(step=step, group=group):
                    self.assertEqual(self.get(target + "&format=csv").text(),
                                     self.shelf.it.ok(*words))
                    self.assertEqual(
                        self.get(target).json()["usage"],
                        json.loads(self.shelf.it.ok(*words, "--format",
                                                    "json")))

    def test_a_period_has_its_bills(self):
        told = self.get("/v1/periods/2026-10").json()["accounts"]
        self.assertEqual([(a["account"], a["state"]) for a in told],
                         [("acme", "closed"), ("beta", "closed"),
                          ("gamma", "empty")])
        number = self.shelf.numbers()["acme"]
        self.assertEqual(told[0]["bill"], json.loads(self.shelf.it.ok(
            "show", "invoice", number, "--output", "json")))
        self.assertEqual(told[0]["total"], told[0]["bill"]["total"])
        now = self.get("/v1/periods/2026-11?account=acme").json()["accounts"]
        self.assertEqual([a["state"] for a in now], ["open"])
        self.assertEqual(now[0]["forecast"],
                         now[0]["bill"]["forecast"]["total"])
        for period in ("2026-13", "october", "1999-01"):
            self.assertEqual(
                self.get("/v1/periods/" + period).status, 404)

    def test_nothing_is_left_open(self):
        """A connection that is kept serves one answer behind another."""
        targets = self.every_target()
        token = self.shelf.tokens["operator"]
        got = self.shelf.it.raw("".join(
            f"GET {t} HTTP/1.1\r\nHost: h\r\n"
            f"Authorization: Bearer {token}\r\n\r\n"
            for t in targets).encode(),
            answers=len(targets), timeout=60)
        self.assertEqual([a.status for a in got.answers],
                         [200] * len(targets))
        self.shelf.it.stop()


if __name__ == "__main__":
    support.main()
