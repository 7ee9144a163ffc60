"""A report that is wrong gets its status, type and pointer, and no row."""

import json
import sqlite3

import support

TYPE = "urn:flexfs-stat:problem:"


def rows(server):
    """{table: number of rows} of what reports write."""
    db = sqlite3.connect(f"file:{server.db}/stat.db?mode=ro", uri=True)
    try:
        return {t: db.execute(f"SELECT count(*) FROM {t}").fetchone()[0]
                for t in ("report", "sample", "quarantine", "fact", "volume",
                          "volume_name", "volume_month", "account_month")}
    finally:
        db.close()


class IngestRefusesBadReports(support.TestCase):
    def setUp(self):
        self.it = self.server()
        self.it.create_account("acme")
        self.token = self.it.create_source("admin1", "acme")
        self.it.start()
        self.before = rows(self.it)
        self.checked = 0

    def tearDown(self):
        """Nothing was stored, and the server goes on."""
        self.assertGreater(self.checked, 0)
        self.assertEqual(rows(self.it), self.before)
        good = support.make_report([support.make_volume(1)])
        self.assertEqual(self.it.send_report(self.token, good).status, 201)

    def post(self, body, path="/v1/reports", *words):
        return self.it.curl(path, "-H", "Content-Type: application/json",
                            *words, token=self.token, data=body)

    def refuse(self, body, status, kind, pointer=None, says=""):
        self.checked += 1
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        with self.subTest(body=body[-200:]):
            answer = self.post(body)
            self.assertEqual(answer.status, status, answer.body)
            self.assertEqual(answer.headers["Content-Type"],
                             "application/problem+json")
            problem = answer.json()
            self.assertEqual(problem["type"], TYPE + kind)
            self.assertEqual(problem["status"], status)
            self.assertIn(says, answer.text())
            if pointer is not None:
                pointers = [e["pointer"] for e in problem["errors"]]
                self.assertIn(pointer, pointers)
                self.assertTrue(all(e["detail"] for e in problem["errors"]))

    def sized(self, text, **members):
        """A report whose only volume has these bytes of JSON as its size."""
        report = json.dumps(support.make_report(
            [support.make_volume(bytes="SIZE", **members)]))
        return report.replace('"SIZE"', text).encode()

    def test_a_size_that_is_not_exact_is_refused(self):
        for text in ("-1", "1e400", "1.5", "1e3", "9223372036854775808",
                     "9007199254740992", '"9223372036854775808"', '"-1"',
                     '""', '"12a"', "null", "true", "[]",
                     '"00000000000000000001"'):
            self.refuse(self.sized(text), 422, "invalid_report",
                        "/volumes/0/bytes")
        # Advice for numbers that a double would spoil.
        self.refuse(self.sized("9007199254740993"), 422, "invalid_report",
                    "/volumes/0/bytes", "string")

    def test_what_is_not_json_is_refused(self):
        good = json.dumps(support.make_report([support.make_volume(7)]))
        for body in (b"", b"{", b"hello", b"[]x", good[:-1].encode(),
                     good.encode() + b"x", b"\xef\xbb\xbf" + good.encode(),
                     good.replace("{", "{,", 1).encode(),
                     good.replace(": 7}", ": 07}").encode(),
                     good.replace(": 7}", ": +7}").encode(),
                     good.replace(": 7}", ": NaN}").encode(), b"\0" * 10):
            self.refuse(body, 400, "malformed")

    def test_latin_1_is_refused(self):
        report = support.make_report([support.make_volume(1, name="B\xfcro")])
        body = json.dumps(report, ensure_ascii=False)
        self.refuse(body.encode("latin-1"), 400, "malformed", says="UTF-8")
        # The same in UTF-8 is fine; its rows are counted away.
        self.assertEqual(self.post(body.encode()).status, 201)
        self.before = rows(self.it)

    def test_raw_control_characters_and_broken_escapes_are_refused(self):
        good = json.dumps(support.make_report(
            [support.make_volume(1, name="NAME")])).encode()
        for name in (b"a\nb", b"a\0b", b"a\\x", b"\\ud800", b"\\udc00\\ud800",
                     b"\xed\xa0\x80", b"\xc0\xaf"):
            self.refuse(good.replace(b"NAME", name), 400, "malformed")
        self.refuse(good.replace(b"NAME", b"a\\u0000b"), 422,
                    "invalid_report", "/volumes/0/name")

    def test_duplicate_members_are_refused(self):
        good = json.dumps(support.make_report([support.make_volume(7)]))
        self.refuse(good.replace('"bytes": 7', '"bytes": 7, "bytes": 7')
                    .encode(), 400, "malformed")
        self.refuse(good.replace('"volumes"', '"report_id": 1, "volumes"')
                    .encode(), 400, "malformed")
        self.refuse(good.replace('"bytes": 7', '"bytes": 7, "\\u0062ytes": 8')
                    .encode(), 400, "malformed")
        self.refuse(good.replace('"bytes": 7', '"bytes": 7, "x": 1, "x": 2')
                    .encode(), 400, "malformed")

    def test_too_deep_is_refused(self):
        good = support.make_report([support.make_volume(7)])
        self.refuse(dict(good, x=json.loads("[" * 8 + "]" * 8)), 400,
                    "malformed")
        self.refuse(b"[" * 100000, 400, "malformed")

    def test_what_has_to_be_there_is_missed(self):
        good = support.make_report([support.make_volume(7)])
        for name in ("report_id", "sent_at", "volumes"):
            self.refuse({k: v for k, v in good.items() if k != name}, 422,
                        "invalid_report", "/" + name)
        for name in ("id", "sampled_at", "bytes"):
            volume = support.make_volume(7)
            del volume[name]
            self.refuse(support.make_report([volume]), 422, "invalid_report",
                        "/volumes/0/" + name)

    def test_what_does_not_fit_the_schema_is_pointed_at(self):
        def report(**members):
            return support.make_report([support.make_volume(7)], **members)

        def volume(**members):
            return support.make_report(
                [support.make_volume(1), support.make_volume(7, **members)])

        for pointer, body in (
                ("/report_id", report(report_id="1234")),
                ("/report_id", report(report_id=7)),
                ("/sent_at", report(sent_at="yesterday")),
                ("/sent_at", report(sent_at="2026-02-30T00:00:00Z")),
                ("/sent_at", report(sent_at="1999-12-31T23:59:59Z")),
                ("/sent_at", report(sent_at="2026-02-03 00:00:00Z")),
                ("/volumes", dict(report(), volumes={})),
                ("/volumes/0", dict(report(), volumes=[7])),
                ("/complete", report(complete="yes")),
                ("/volumes/1/id", volume(id="x")),
                ("/volumes/1/name", volume(name=7)),
                ("/volumes/1/name", volume(name="n" * 256)),
                ("/volumes/1/account", volume(account="Acme Corp")),
                ("/volumes/1/revision", volume(revision=-1)),
                ("/volumes/1/revision", volume(revision=2**31)),
                ("/volumes/1/revision", volume(revision="1")),
                ("/volumes/1/sampled_at", volume(sampled_at="2201-01-01")),
                ("/volumes/1/retired_at", volume(retired_at="never")),
                ("/volumes/1/size_bins/0/max_age", volume(size_bins=[
                    {"max_age": "30m", "bytes": 7}])),
                ("/volumes/1/size_bins/0/bytes", volume(size_bins=[
                    {"max_age": "30d"}])),
                ("/volumes/1/size_bins", volume(size_bins=[
                    {"max_age": f"{i}d", "bytes": 0} for i in range(1, 18)])),
        ):
            self.refuse(body, 422, "invalid_report", pointer)

    def test_every_fault_is_listed_up_to_a_limit(self):
        self.checked += 1
        answer = self.post(json.dumps(support.make_report(
            [support.make_volume(bytes=-1) for _ in range(50)])).encode())
        self.assertEqual(answer.status, 422)
        self.assertEqual(
            [e["pointer"] for e in answer.json()["errors"]],
            [f"/volumes/{i}/bytes" for i in range(20)])

    def test_too_many_volumes_are_refused(self):
        volumes = [{"id": support.new_uuid(), "bytes": 1,
                    "sampled_at": "2026-01-01T00:00:00Z"}] * 20001
        self.refuse(support.make_report(volumes), 422, "invalid_report",
                    "/volumes")

    def test_the_path_names_the_same_report(self):
        report = support.make_report([support.make_volume(7)])
        body = json.dumps(report).encode()
        for other in (support.new_uuid(), "x", report["report_id"] + "0"):
            self.checked += 1
            answer = self.post(body, "/v1/reports/" + other, "-X", "PUT")
            self.assertEqual(answer.status, 422, answer)
            self.assertEqual(answer.json()["errors"][0]["pointer"],
                             "/report_id")
        answer = self.post(body, "/v1/reports/" + report["report_id"].upper(),
                           "-X", "PUT")
        self.assertEqual(answer.status, 201, answer)
        self.before = rows(self.it)


if __name__ == "__main__":
    support.main()
