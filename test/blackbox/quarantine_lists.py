"""What was set aside is listed by command and over HTTP, by state, account
and page, as it was sent."""

import csv
import io
import json

import support

NOW = "2026-11-02T06:00:00Z"
FUTURE = "2026-11-02T07:00:00Z"
COLUMNS = ["id", "received_at", "source", "report_id", "volume_id", "account",
           "reason", "state", "position", "settled_by", "settled_at",
           "settled_reason"]


class QuarantineLists(support.TestCase):
    def setUp(self):
        self.it = self.server(args=[
            "--mockTime", "--mockStart", NOW, "--mockRate", "0"])
        self.it.create_account("acme")
        self.it.create_account("other")
        self.token = self.it.create_source("admin1", "acme", "other")
        self.operator = self.it.create_token("kim", "operator")
        self.it.start()

    def send(self, *accounts):
        """A sample of the future for each account; returns the report."""
        report = support.make_report(
            [support.make_volume(7, sampled_at=FUTURE, account=account)
             for account in accounts], sent_at=NOW)
        self.assertEqual(
            self.it.send_report(self.token, report).status, 201)
        return report

    def get(self, query=""):
        return self.it.curl("/v1/quarantine" + query, token=self.operator)

    def rows(self, query=""):
        answer = self.get(query)
        self.assertEqual(answer.status, 200, answer)
        return answer.json()["quarantine"]

    def command(self, *words):
        return json.loads(self.it.ok(
            "list", "quarantine", "--output", "json", *words))

    def test_members_are_told_alike(self):
        report = self.send("acme", "other")
        due = [{"id": i + 1, "received_at": NOW, "source": "admin1",
                "report_id": report["report_id"],
                "volume_id": report["volumes"][i]["id"],
                "account": account, "reason": "future", "state": "open",
                "position": i, "settled_by": None, "settled_at": None,
                "settled_reason": None, "body": report["volumes"][i]}
               for i, account in enumerate(["acme", "other"])]
        self.assertEqual(self.rows(), due)
        self.assertEqual(self.command(), due)
        self.assertEqual(self.command("--account", "other"), due[1:])
        table = list(csv.reader(io.StringIO(self.it.ok(
            "list", "quarantine", "--output", "csv"))))
        self.assertEqual(table[0], COLUMNS)
        self.assertEqual(table[1], [str(due[0][name] or "")
                                    if name != "position" else "0"
                                    for name in COLUMNS])
        text = self.it.ok("list", "quarantine").splitlines()
        self.assertEqual(len(text), 2)
        self.assertTrue(text[1].startswith(
            f"id=2 received_at={NOW} source=admin1 "), text[1])

    def test_a_body_is_told_as_it_was_sent(self):
        sent = ('{"id" : "%s","odd":[1, 2.50],"bytes":"9223372036854775807",\n'
                '"sampled_at":"2020-01-01T00:00:00Z","account":"acme",'
                '"name":"\\u00e4\\"" }' % support.new_uuid())
        body = '{"report_id":"%s","sent_at":"%s","volumes":[%s]}' % (
            support.new_uuid(), NOW, sent)
        answer = self.it.curl(
            "/v1/reports", "-H", "Content-Type: application/json",
            token=self.token, data=body.encode())
        self.assertEqual(answer.status, 201, answer)
        self.assertIn(sent, self.get().text())
        self.assertIn(sent, self.it.ok("list", "quarantine", "--output",
                                       "json"))

    def test_states(self):
        self.send("acme", "acme", "acme")
        for number, verb in ((1, "release"), (3, "discard")):
            self.assertEqual(self.it.curl(
                f"/v1/quarantine/{number}/{verb}", json={"reason": "r"},
                token=self.operator).status, 200)
        for state, ids in (("open", [2]), ("released", [1]),
                           ("discarded", [3]), ("all", [1, 2, 3])):
            with self.subTest(state=state):
                self.assertEqual([row["id"] for row in self.rows(
                    "?state=" + state)], ids)
                self.assertEqual([row["id"] for row in self.command(
                    "--state", state)], ids)
        self.assertEqual([row["id"] for row in self.rows()], [2])
        self.assertEqual([row["id"] for row in self.command()], [2])

    def test_pages(self):
        self.send(*["acme"] * 5)
        found, cursor, pages = [], "", 0
        while cursor is not None:
            told = self.get("?limit=2" + cursor).json()
            found += [row["id"] for row in told["quarantine"]]
            self.assertLessEqual(len(told["quarantine"]), 2)
            cursor = told["next"] and "&cursor=" + told["next"]
            pages += 1
        self.assertEqual((found, pages), ([1, 2, 3, 4, 5], 3))
        # Exactly full: there is no next one.
        self.assertIsNone(self.get("?limit=5").json()["next"])

    def test_a_page_has_a_thousand_rows_at_most(self):
        self.send(*["acme"] * 1001)
        told = self.get().json()
        self.assertEqual([row["id"] for row in told["quarantine"]],
                         list(range(1, 101)))
        told = self.get("?limit=1000").json()
        self.assertEqual(len(told["quarantine"]), 1000)
        self.assertEqual(len(self.rows("?cursor=" + told["next"])), 1)
        self.assertEqual(len(self.command()), 1001)

    def test_a_page_ends_before_it_grows_too_large(self):
        for _ in range(2):
            report = support.make_report(
                [support.make_volume(7, sampled_at=FUTURE, account="acme",
                                     odd="x" * 1500000)
                 for _ in range(5)], sent_at=NOW)
            self.assertEqual(
                self.it.send_report(self.token, report).status, 201)
        told = self.get().json()
        self.assertEqual(len(told["quarantine"]), 6)
        self.assertEqual(
            [row["id"] for row in self.rows("?cursor=" + told["next"])],
            [7, 8, 9, 10])

    def test_rows_are_csv_as_well(self):
        self.send("acme", "acme")
        answer = self.get("?format=csv")
        rows = list(csv.DictReader(io.StringIO(answer.text())))
        self.assertEqual([row["id"] for row in rows], ["1", "2"])
        for row, told in zip(rows, self.rows()):
            self.assertEqual(list(row), list(told))
            self.assertEqual(json.loads(row.pop("body")), told.pop("body"))
            self.assertEqual(row, {name: "" if value is None else str(value)
                                   for name, value in told.items()})

    def test_wrong_parameters_are_refused(self):
        for query in ("?state=", "?state=opened", "?state=OPEN", "?state",
                      "?limit=0", "?limit=1001", "?limit=-1", "?limit=1.5",
                      "?limit=", "?limit=9999999999999999999999",
                      "?cursor=x", "?cursor=", "?cursor=*", "?id=1", "?State=open",
                      "?state=open&state=open", "?state=%zz", "?%"):
            with self.subTest(query=query):
                answer = self.get(query)
                self.assertEqual(answer.status, 400, answer)
                self.assertEqual(answer.json()["type"],
                                 "urn:flexfs-stat:problem:bad_request")
        for words in (["--state", "opened"], ["--limit", "1"]):
            self.assertEqual(
                self.it.cli("list", "quarantine", *words).code, 2)
        done = self.it.cli("list", "quarantine", "--account", "nobody")
        self.assertEqual(done.code, 1)
        self.assertIn('no account "nobody"', done.stderr)

    def test_nothing_waits(self):
        self.assertEqual(self.get().json(), {"quarantine": [], "next": None})
        self.assertEqual(self.command(), [])
        self.assertEqual(self.it.ok("list", "quarantine"), "")


if __name__ == "__main__":
    support.main()
