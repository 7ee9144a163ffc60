"""A period is closed by hand, over HTTP and from the command line: what is
refused, and what comes of it."""

import json

import support
from support.desk import Desk, every
from support.usage import Payer

JANUARY = ("2024-01-01T00:00:00Z", "2024-02-01T00:00:00Z")
PATH = "/v1/periods/2024-01/close"
HOLE = ("2024-01-10T00:00:00Z", "2024-01-15T00:00:00Z")


class CloseByHand(support.TestCase):

    def desk(self, **options):
        """A month of reports, with a hole that is carried, some days after
        its end."""
        desk = Desk(self, "2024-02-01T00:00:00Z")
        options.setdefault("gap_policy", "carry")
        options.setdefault("max_carry", 200)
        rated = options.pop("rated", True)
        payer = Payer("acme", **options)
        if rated:
            payer.add_rate("0.03")
        desk.open(payer)
        desk.source("admin", "acme")
        desk.start()
        self.volume = support.new_uuid()
        for first, until in ((JANUARY[0], HOLE[0]), (HOLE[1], JANUARY[1])):
            desk.send("admin", every(self.volume, "acme", 2**40, first, until))
        return desk

    def post(self, desk, body, path=PATH, token=None):
        return desk.server.curl(path, token=token or desk.operator, json=body)

    def ask(self, desk, status, problem, path=PATH, **body):
        answer = self.post(desk, body, path)
        self.assertEqual(answer.status, status, answer.text())
        got = answer.json()
        if problem is not None:
            self.assertEqual(got["type"].rpartition(":")[2], problem)
        return got

    def close_cli(self, desk, *words):
        return desk.server.cli("close", "period", *words,
                               *desk.clock_flags(None))

    def test_a_held_period_needs_to_be_accepted_with_a_reason(self):
        desk = self.desk()
        self.ask(desk, 409, "conflict", account="acme")
        self.ask(desk, 409, "conflict", account="acme", reason="why not")
        errors = self.ask(desk, 422, "invalid_request", account="acme",
                          accept_estimated=True)["errors"]
        self.assertEqual(errors[0]["pointer"], "/reason")
        got = self.ask(desk, 200, None, account="acme", accept_estimated=True,
                       reason="the hole is known")
        self.assertEqual(
            {name: got[name] for name in ("number", "account", "period",
                                          "state", "due")},
            {"number": "2024-00001", "account": "acme", "period": "2024-01",
             "state": "closed", "due": "2024-03-02"})
        bill = desk.bill("acme", "2024-01")
        self.assertEqual((bill["state"], bill["number"], bill["total"]),
                         ("closed", got["number"], got["total"]))
        self.assertEqual(bill["reason"], "too_many_estimates")
        detail = self.ask(desk, 409, "conflict", account="acme")["detail"]
        self.assertIn("closed already", detail)

    def test_what_is_not_there_is_not_found(self):
        desk = self.desk()
        self.ask(desk, 404, "not_found", account="other")
        self.ask(desk, 404, "not_found", "/v1/periods/2024-13/close",
                 account="acme")
        self.ask(desk, 422, "invalid_request")
        self.ask(desk, 422, "invalid_request", account="acme", force=True)
        self.ask(desk, 422, "invalid_period", "/v1/periods/2024-Q1/close",
                 account="acme")

    def test_an_open_or_empty_period_is_refused(self):
        desk = self.desk(gap_policy="zero")
        self.ask(desk, 409, "conflict", "/v1/periods/2024-02/close",
                 account="acme")
        detail = self.ask(desk, 409, "conflict", "/v1/periods/2023-12/close",
                          account="acme")["detail"]
        self.assertIn("nothing to bill", detail)

    def test_usage_without_a_rate_is_never_accepted(self):
        desk = self.desk(rated=False)
        detail = self.ask(desk, 409, "conflict", account="acme",
                          accept_estimated=True, reason="try")["detail"]
        self.assertIn("without a rate", detail)
        done = self.close_cli(desk, "2024-01", "--account", "acme",
                              "--reason", "try")
        self.assertEqual(done.code, 1)
        self.assertIn("create rate", done.stderr)

    def test_only_an_operator_closes(self):
        desk = self.desk()
        reader = desk.server.create_token("r", "reader")
        for token, status in ((reader, 403), (desk.tokens["admin"], 403),
                              ("x" * 40, 401)):
            answer = self.post(desk, {"account": "acme"}, token=token)
            self.assertEqual(answer.status, status)

    def test_the_command_prints_the_number_alone(self):
        desk = self.desk()
        done = self.close_cli(desk, "2024-01", "--account", "acme")
        self.assertEqual(done.code, 1)
        self.assertIn("is held", done.stderr)
        self.assertEqual(done.stdout, "")
        done = self.close_cli(desk, "2024-01", "--account", "acme",
                              "--reason", "known")
        self.assertEqual((done.code, done.stdout), (0, "2024-00001\n"))
        done = self.close_cli(desk, "2024-01", "--account", "acme",
                              "--output", "json")
        self.assertEqual(done.code, 1)
        self.assertEqual(json.loads(done.stdout)["refused"], "already_closed")
        for wrong in (("2024-1",), ("2024-01", "--reason", "a\nb"),
                      ("2024-01", "--reason", "x" * 256)):
            done = self.close_cli(desk, *wrong, "--account", "acme")
            self.assertEqual(done.code, 2, wrong)

    def test_a_closed_document_stays_as_it_was(self):
        desk = self.desk()
        self.close_cli(desk, "2024-01", "--account", "acme", "--reason", "x")

        def documents():
            return [desk.server.ok("report", "--period", "2024-01",
                                   "--account", "acme", "--format", name,
                                   *desk.clock_flags(None))
                    for name in ("json", "text", "html", "csv")]
        before = documents()
        desk.send("admin", every(self.volume, "acme", 2**41, *HOLE))
        desk.server.create_rate("acme", "9", from_="2024-01-05T00:00:00Z")
        desk.restart(hard=True)
        self.assertEqual(documents(), before)
        whole = json.loads(desk.server.ok(
            "report", "--period", "2024-01", "--format", "json",
            *desk.clock_flags(None)))
        self.assertEqual(whole, [json.loads(before[0])])
        self.assertEqual(len(desk.bill("acme", "2024-02")["corrections"]), 1)


if __name__ == "__main__":
    support.main()
