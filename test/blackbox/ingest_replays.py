"""A report that comes again gets the first answer again, byte for byte."""

import json
import threading

import support


class IngestReplays(support.TestCase):
    def setUp(self):
        self.it = self.server()
        self.it.create_account("acme")
        self.token = self.it.create_source("admin1", "acme")
        self.it.start()

    def report(self, *volumes, **members):
        return support.make_report(
            volumes or [support.make_volume(7)], **members)

    def send(self, report, token=None):
        return self.it.send_report(token or self.token, report)

    def find(self, report, token=None):
        return self.it.curl("/v1/reports/" + report["report_id"],
                            token=token or self.token)

    def test_the_answer_stays_the_same(self):
        doubtful = support.make_volume(1, sampled_at="2020-01-01T00:00:00Z")
        report = self.report(support.make_volume(7, name="a"), doubtful,
                             surprise=1)
        first = self.send(report)
        self.assertEqual(first.status, 201)
        self.assertEqual(first.headers["Content-Type"], "application/json")
        told = first.json()
        self.assertEqual(told["report_id"], report["report_id"])
        self.assertEqual((told["stored"], told["duplicates"]), (1, 0))
        self.assertEqual(told["unknown_members"], 1)
        self.assertEqual(told["quarantined"], [
            {"index": 1, "volume_id": doubtful["id"], "reason": "too_old"}])
        self.assertLess(abs(told["skew_ms"]), 60000)
        self.assertRegex(told["received_at"], r"^\d{4}-\d\d-\d\dT.*Z$")
        self.assertRegex(told["ledger_head"], "^sha256:[0-9a-f]{64}$")

        def check(why):
            with self.subTest(why=why):
                for again in (self.send(report), self.find(report)):
                    self.assertEqual((again.status, again.body),
                                     (200, first.body))

        check("at once")
        for _ in range(3):
            other = self.send(self.report())
            self.assertEqual(other.status, 201)
            self.assertNotEqual(other.json()["ledger_head"],
                                told["ledger_head"])
        check("after others")
        self.it.stop()
        self.it.start()
        check("after a restart")
        self.it.kill()
        self.it.start()
        check("after a kill")

    def test_an_id_is_of_one_body(self):
        report = self.report()
        first = self.send(report)
        self.assertEqual(first.status, 201)
        report["volumes"][0]["bytes"] = 8
        other = self.send(report)
        self.assertEqual(other.status, 422)
        self.assertEqual(other.json()["type"],
                         "urn:flexfs-stat:problem:report_id_reused")
        self.assertEqual(self.find(report).body, first.body)
        # Another byte is another body, even where JSON says the same.
        report["volumes"][0]["bytes"] = 7
        spaced = json.dumps(report, indent=1).encode()
        answer = self.it.curl(
            "/v1/reports", "-H", "Content-Type: application/json",
            token=self.token, data=spaced)
        self.assertEqual(answer.status, 422)
        self.assertEqual(self.send(report).body, first.body)

    def test_of_two_bodies_at_the_same_time_one_is_taken(self):
        for _ in range(20):
            report = self.report()
            bodies = [dict(report, complete=i % 2 == 0) for i in range(4)]
            answers = [None] * len(bodies)

            def send(i):
                answers[i] = self.send(bodies[i])

            threads = [threading.Thread(target=send, args=(i,))
                       for i in range(len(bodies))]
            for t in threads:
                t.start()
            for t in threads:
                t.join()
            self.assertEqual(sorted(a.status for a in answers),
                             [200, 201, 422, 422])
            good = {a.body for a in answers if a.status != 422}
            self.assertEqual(good, {self.find(report).body})

    def test_a_report_is_of_its_source(self):
        other = self.it.create_source("admin2", "acme")
        report = self.report()
        first = self.send(report)
        self.assertEqual(self.find(report, other).status, 404)
        # The same id of another source is another report; its sample is
        # there already.
        second = self.send(report, other)
        self.assertEqual(second.status, 201)
        self.assertEqual(second.json()["stored"], 0)
        self.assertEqual(second.json()["duplicates"], 1)
        self.assertEqual(self.find(report).body, first.body)
        self.assertEqual(self.find(report, other).body, second.body)

    def test_put_and_post_are_the_same(self):
        report = self.report()
        path = "/v1/reports/" + report["report_id"]
        put = self.it.curl(path, "-X", "PUT", token=self.token, json=report)
        self.assertEqual(put.status, 201)
        for again in (self.send(report),
                      self.it.curl(path, "-X", "PUT", token=self.token,
                                   json=report)):
            self.assertEqual((again.status, again.body), (200, put.body))

    def test_what_nobody_sent_is_not_found(self):
        for name in (support.new_uuid(), "x", "a" * 300):
            answer = self.it.curl("/v1/reports/" + name, token=self.token)
            self.assertEqual(answer.status, 404)
            self.assertEqual(answer.json()["type"],
                             "urn:flexfs-stat:problem:not_found")


if __name__ == "__main__":
    support.main()
