"""update account and update source: what may be changed, what stays once
there are samples, and what the ledger says of it."""

import json
import sqlite3

import support

NOW = "2026-11-20T12:30:00Z"


class UpdateAccount(support.TestCase):
    def setUp(self):
        self.it = self.server(args=["--mockTime", "--mockStart", NOW,
                                    "--mockRate", "0"])
        self.it.create_account("acme", display_name="Acme \"A\"",
                               report_to="a@x.test")
        self.it.create_account("beta")
        self.token = self.it.create_source("admin1", "acme")

    def update(self, code, *words):
        done = self.it.cli("update", *words)
        self.assertEqual((done.code, done.stdout), (code, ""), done)
        return done.stderr

    def account(self, name="acme"):
        rows = json.loads(self.it.ok("list", "accounts", "--output", "json"))
        return next(row for row in rows if row["name"] == name)

    def source(self):
        rows = json.loads(self.it.ok("list", "sources", "--output", "json"))
        return rows[0]["accounts"], rows[0]["state"]

    def facts(self, kind):
        db = sqlite3.connect(f"file:{self.it.db}/stat.db?mode=ro", uri=True)
        try:
            return db.execute("SELECT subject, detail FROM fact"
                              " WHERE kind = ? ORDER BY seq",
                              (kind,)).fetchall()
        finally:
            db.close()

    def send(self, account="acme", status=201):
        answer = self.it.send_report(self.token, support.make_report(
            [support.make_volume(7, sampled_at=NOW, account=account)],
            sent_at=NOW))
        self.assertEqual(answer.status, status, answer)

    def verify(self):
        self.it.ok("verify")

    def test_all_may_change_before_the_first_sample(self):
        said = self.update(
            0, "account", "--name", "acme", "--displayName", "Acme Corp",
            "--netDays", "45", "--reportTo", "b@x.test,c@x.test",
            "--currency", "JPY", "--average", "time_weighted", "--gapPolicy",
            "hold", "--maxCarry", "3h", "--rounding", "line",
            "--roundingMode", "half_even", "--period", "quarter")
        self.assertEqual(said, "account acme updated\n")
        got = self.account()
        got.pop("created_at")
        self.assertEqual(got, {
            "name": "acme", "display_name": "Acme Corp", "currency": "JPY",
            "average": "time_weighted", "gap_policy": "hold",
            "max_carry_hours": 3, "rounding": "line",
            "rounding_mode": "half_even", "period": "quarter",
            "net_days": 45, "report_to": "b@x.test,c@x.test"})
        (subject, detail), = self.facts("account.updated")
        self.assertEqual(subject, "acme")
        self.assertEqual(
            detail, "currency=JPY old_currency=USD average=time_weighted "
            "old_average=mean gap_policy=hold old_gap_policy=carry "
            "max_carry_hours=3 old_max_carry_hours=6 rounding=line "
            "old_rounding=document rounding_mode=half_even "
            "old_rounding_mode=half_up net_days=45 old_net_days=30 "
            "period=quarter old_period=month display_name=\"Acme Corp\" "
            "old_display_name=\"Acme \\\"A\\\"\" "
            "report_to=b@x.test,c@x.test old_report_to=a@x.test")
        self.assertEqual(self.account("beta")["currency"], "USD")
        self.verify()

    def test_what_is_not_given_stays(self):
        before = self.account()
        self.update(0, "account", "--name", "acme", "--netDays", "0")
        self.assertEqual(self.account(), dict(before, net_days=0))
        self.update(0, "account", "--name", "acme", "--reportTo", "",
                    "--displayName", "")
        self.assertEqual(self.account(), dict(
            before, net_days=0, report_to="", display_name="acme"))
        self.assertEqual([detail for _, detail in self.facts(
            "account.updated")][0], "net_days=0 old_net_days=30")
        self.verify()

    def test_terms_of_money_stay_once_there_are_samples(self):
        self.it.start()
        self.send()
        before = self.account()
        for flag, value, name in (
                ("currency", "EUR", "currency"),
                ("average", "time_weighted", "average"),
                ("gapPolicy", "zero", "gap_policy"),
                ("maxCarry", "1h", "max_carry_hours"),
                ("rounding", "line", "rounding"),
                ("roundingMode", "half_even", "rounding_mode"),
                ("period", "quarter", "period")):
            with self.subTest(flag=flag):
                said = self.update(1, "account", "--name", "acme",
                                   f"--{flag}", value, "--netDays", "7")
                self.assertIn(f"the {name} of acme stays as it is", said)
        self.assertEqual(self.account(), before)
        # As it is, it may be said again; the rest changes.
        self.update(0, "account", "--name", "acme", "--currency", "USD",
                    "--maxCarry", "6h", "--netDays", "7", "--displayName",
                    "New", "--reportTo", "n@x.test")
        self.assertEqual(self.account(), dict(
            before, net_days=7, display_name="New", report_to="n@x.test"))
        # Another account's samples are nothing to it.
        self.update(0, "account", "--name", "beta", "--currency", "EUR")
        self.verify()

    def test_wrong_values_are_refused(self):
        before = self.account()
        for code, words, said in (
                (2, [], "acme is so already"),
                (2, ["--netDays", "30", "--currency", "USD"],
                 "acme is so already"),
                (1, ["--currency", "XXY"], "ISO 4217"),
                (1, ["--currency", "USDX"], "more than 3 bytes"),
                (1, ["--maxCarry", "90m"], "whole hours"),
                (1, ["--reportTo", "nobody"], "--reportTo"),
                (1, ["--displayName", "a\nb"], "control character"),
                (2, ["--netDays", "366"], "netDays"),
                (2, ["--average", "median"], "average"),
                (2, ["--rate", "1"], "rate")):
            with self.subTest(words=words):
                self.assertIn(said, self.update(
                    code, "account", "--name", "acme", *words))
        self.assertIn('no account "nobody"', self.update(
            1, "account", "--name", "nobody", "--netDays", "1"))
        self.assertIn("--name", self.update(2, "account", "--netDays", "1"))
        self.assertEqual(self.account(), before)
        self.assertEqual(self.facts("account.updated"), [])

    def test_a_source_is_switched_off_and_on(self):
        self.it.start()
        self.send()
        said = self.update(0, "source", "--name", "admin1", "--disable")
        self.assertEqual(said, "source admin1 updated\n")
        self.send(status=403)
        self.assertEqual(self.source(), ("acme", "disabled"))
        self.assertIn("so already", self.update(
            2, "source", "--name", "admin1", "--disable"))
        self.update(0, "source", "--name", "admin1", "--enable")
        self.send()
        self.assertEqual([detail for _, detail in self.facts(
            "source.updated")], ["disabled=1 old_disabled=0",
                                 "disabled=0 old_disabled=1"])
        self.verify()

    def test_a_source_gets_a_new_list_of_accounts(self):
        self.it.start()
        self.send("beta", 403)
        self.update(0, "source", "--name", "admin1", "--account", "beta",
                    "--account", "acme", "--account", "beta")
        self.send("beta")
        self.send()
        self.assertEqual(self.source(), ("acme,beta", "enabled"))
        self.assertIn("so already", self.update(
            2, "source", "--name", "admin1", "--account", "acme",
            "--account", "beta"))
        self.update(0, "source", "--name", "admin1", "--account", "beta",
                    "--disable")
        self.assertEqual(self.source(), ("beta", "disabled"))
        self.update(0, "source", "--name", "admin1", "--enable")
        self.send("acme", 403)
        self.send("beta")
        self.assertEqual([detail for _, detail in self.facts(
            "source.updated")],
            ["accounts=acme,beta old_accounts=acme",
             "accounts=beta old_accounts=acme,beta disabled=1 old_disabled=0",
             "disabled=0 old_disabled=1"])
        self.verify()

    def test_wrong_changes_of_a_source_are_refused(self):
        for code, words, said in (
                (2, [], "so already"), (2, ["--enable"], "so already"),
                (2, ["--enable", "--disable"], "cannot both"),
                (1, ["--account", "nobody"], 'no account "nobody"'),
                (1, ["--account", "beta", "--account", "nobody"],
                 'no account "nobody"')):
            with self.subTest(words=words):
                self.assertIn(said, self.update(
                    code, "source", "--name", "admin1", *words))
        self.assertIn('no source "nobody"', self.update(
            1, "source", "--name", "nobody", "--disable"))
        self.assertEqual(self.source(), ("acme", "enabled"))
        self.assertEqual(self.facts("source.updated"), [])


if __name__ == "__main__":
    support.main()
