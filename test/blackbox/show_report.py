"""show report: what became of a report, its fact, and what of it waits."""

import hashlib
import json

import support

NOW = "2026-11-20T12:30:00Z"


class ShowReport(support.TestCase):
    def setUp(self):
        self.it = self.server(args=["--mockTime", "--mockStart", NOW,
                                    "--mockRate", "0"])
        self.it.create_account("acme")
        self.tokens = {name: self.it.create_source(name, "acme")
                       for name in ("admin1", "admin2")}
        self.it.start()

    def send(self, report, source="admin1"):
        answer = self.it.send_report(self.tokens[source], report)
        self.assertEqual(answer.status, 201, answer)
        return answer.json()

    def show(self, *words):
        return json.loads(self.it.ok("show", "report", *words, "--output",
                                     "json"))

    def test_all_of_it(self):
        report = support.make_report(
            [support.make_volume(7, sampled_at=NOW),
             support.make_volume(8, sampled_at="2026-11-20T13:00:00Z")],
            sent_at="2026-11-20T12:29:58Z", complete=True, odd=1)
        answer = self.send(report)
        got = self.show(report["report_id"])
        self.assertEqual(got.pop("answer"), answer)
        fact, = got.pop("facts")
        waits, = got.pop("quarantine")
        body = "sha256:" + hashlib.sha256(
            json.dumps(report).encode()).hexdigest()
        self.assertEqual(got, {
            "report_id": report["report_id"], "source": "admin1",
            "received_at": NOW, "sent_at": "2026-11-20T12:29:58Z",
            "skew_ms": -2000, "complete": True, "stored": 1, "duplicates": 0,
            "quarantined": 1, "unknown_members": 1, "fact": fact["seq"],
            "ledger_head": answer["ledger_head"], "body_sha256": body})
        self.assertEqual(
            {k: v for k, v in fact.items() if k != "rows_sha256"},
            {"seq": got["fact"], "at": NOW, "kind": "report.accepted",
             "who": "source:admin1", "subject": report["report_id"],
             "detail": "stored=1 duplicates=0 quarantined=1",
             "body_sha256": body, "hash": answer["ledger_head"]})
        self.assertEqual((waits["id"], waits["position"], waits["state"],
                          waits["body"]),
                         (1, 1, "open", report["volumes"][1]))
        self.it.ok("discard", "1", "--reason", "no")
        waits, = self.show(report["report_id"])["quarantine"]
        self.assertEqual((waits["state"], waits["settled_reason"]),
                         ("discarded", "no"))
        text = self.it.ok("show", "report", report["report_id"]).splitlines()
        self.assertEqual([line.split()[0] for line in text],
                         [f"report_id={report['report_id']}", "facts",
                          "quarantine"])
        self.assertIn(" complete=yes ", text[0])

    def test_whose_it_is(self):
        report = support.make_report([support.make_volume(
            7, sampled_at=NOW)], sent_at=NOW)
        self.send(report)
        self.assertEqual(self.show(report["report_id"])["source"], "admin1")
        self.send(report, "admin2")
        done = self.it.cli("show", "report", report["report_id"])
        self.assertEqual((done.code, done.stdout), (1, ""))
        self.assertIn("admin1 and admin2 have both sent a report of this id; "
                      "say whose with --source", done.stderr)
        for name, stored in (("admin1", 1), ("admin2", 0)):
            got = self.show(report["report_id"], "--source", name)
            self.assertEqual((got["source"], got["stored"]), (name, stored))
            self.assertEqual(got["quarantine"], [])

    def test_what_is_not_there(self):
        report = support.make_report([], sent_at=NOW)
        self.send(report)
        for words, said in (
                ([support.new_uuid()], "there is no report"),
                ([report["report_id"], "--source", "admin2"],
                 "of the source admin2"),
                ([report["report_id"], "--source", "nobody"],
                 "of the source nobody"),
                (["17"], "a report's id is a UUID")):
            done = self.it.cli("show", "report", *words)
            self.assertEqual((done.code, done.stdout), (1, ""))
            self.assertIn(said, done.stderr)


if __name__ == "__main__":
    support.main()
