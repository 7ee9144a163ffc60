"""A source reports for its own accounts only, and says which."""

import sqlite3

import support


class IngestAccounts(support.TestCase):
    def setUp(self):
        self.it = self.server()
        for name in ("acme", "bell", "core"):
            self.it.create_account(name)
        self.one = self.it.create_source("admin1", "acme")
        self.two = self.it.create_source("admin2", "acme", "bell")
        self.it.start()

    def paid_by(self):
        db = sqlite3.connect(f"file:{self.it.db}/stat.db?mode=ro", uri=True)
        try:
            return sorted(name for name, in db.execute(
                "SELECT a.name FROM sample s"
                " JOIN account a ON a.id = s.account"))
        finally:
            db.close()

    def send(self, token, *accounts):
        return self.it.send_report(token, support.make_report(
            [support.make_volume(i, account=a)
             for i, a in enumerate(accounts)]))

    def refuse(self, token, accounts, status, kind, pointer):
        with self.subTest(accounts=accounts):
            answer = self.send(token, *accounts)
            self.assertEqual(answer.status, status, answer)
            problem = answer.json()
            self.assertEqual(problem["type"],
                             "urn:flexfs-stat:problem:" + kind)
            self.assertEqual([e["pointer"] for e in problem["errors"]],
                             [pointer])

    def test_an_account_of_others_is_denied_with_the_whole_report(self):
        self.refuse(self.one, ["acme", "bell"], 403, "account_denied",
                    "/volumes/1/account")
        self.refuse(self.one, ["nobody"], 403, "account_denied",
                    "/volumes/0/account")
        self.refuse(self.two, ["acme", "bell", "core"], 403,
                    "account_denied", "/volumes/2/account")
        self.assertEqual(self.paid_by(), [])

    def test_an_account_has_to_be_named_where_there_are_two(self):
        self.refuse(self.two, ["bell", None], 422, "invalid_report",
                    "/volumes/1/account")
        self.assertEqual(self.paid_by(), [])

    def test_the_only_account_need_not_be_named(self):
        self.assertEqual(self.send(self.one, None, "acme").status, 201)
        self.assertEqual(self.send(self.two, "acme", "bell").status, 201)
        self.assertEqual(self.paid_by(), ["acme", "acme", "acme", "bell"])

    def test_a_refused_id_can_be_used_for_the_right_report(self):
        report = support.make_report([support.make_volume(1, account="bell")])
        self.assertEqual(self.it.send_report(self.one, report).status, 403)
        report["volumes"][0]["account"] = "acme"
        self.assertEqual(self.it.send_report(self.one, report).status, 201)

    def test_a_new_source_is_known_at_once(self):
        third = self.it.create_source("admin3", "core")
        self.assertEqual(self.send(third, "core").status, 201)


if __name__ == "__main__":
    support.main()
