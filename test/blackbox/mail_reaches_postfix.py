"""The month's mails reach a real Postfix, after STARTTLS and a login with
Dovecot: once per report and recipient, with the bill that `report` prints.
What Postfix refuses is said in words, and made up for."""

import csv
import io
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../smtpd"))
from mailing import (MONTHLY, Site, message_ids, parse,  # noqa: E402
                     parts, support)
import postfix  # noqa: E402

DUE = "2024-02-01T00:10:00Z"
TWO = ("a@rcpt.test", "b@rcpt.test")
GIB = {"acme": 5, "beta": 1234}
# A report for each of two accounts, to recipients of its own.
APART = "".join(f"""
[[report]]
name = "{account}"
every = "month"
at = "1T00:10"
accounts = ["{account}"]
to = ["{account}@rcpt.test", "b@rcpt.test"]
""" for account in GIB)


class MailReachesPostfix(support.TestCase):
    @classmethod
    def setUpClass(cls):
        why = postfix.missing()
        if why:
            raise unittest.SkipTest(why)
        cls.relay = postfix.start()
        cls.addClassCleanup(cls.relay.stop)

    def setUp(self):
        self.before = len(self.relay.mails())
        # One relay serves all tests: the sender tells their mails apart.
        self.domain = "of-" + support.new_uuid() + ".test"

    def site(self, *accounts, config=MONTHLY, **creds):
        site = Site(self, accounts, config=config)
        self.give(site, **creds)
        site.start()
        site.month("2024-01", **{a: GIB[a] for a in accounts})
        return site

    def give(self, site, **creds):
        given = {"to": TWO, "user": self.relay.user,
                 "password": self.relay.password, "ca": self.relay.ca_file,
                 "sender": "flexFS <stat@" + self.domain + ">"}
        given.update(creds)
        site.give_creds(self.relay, **given)

    def arrived(self, count):
        """This test's mails, once Postfix has nothing left to hand on."""
        self.relay.wait_mails(self.before + count)
        support.wait_until(
            lambda: all(not os.listdir(self.relay.path("queue", q)) for q in
                        ("maildrop", "incoming", "active", "deferred")),
            "Postfix has nothing left in its queues")
        mails = self.relay.mails()
        self.assertEqual(len(mails), self.before + count)
        mine = [m for m in mails if self.domain in parse(m)["Message-ID"]]
        self.assertEqual(len(mine), count)
        return mine

    def check_bill(self, site, account, mail):
        bill = json.loads(site.server.ok(
            "report", "--period", "2024-01", "--account", account,
            "--format", "json", "--mockTime", "--mockStart", DUE,
            "--mockRate", "0"))
        part = parts(mail)
        self.assertEqual(list(part), ["text/plain", "text/html",
                                      "image/png", "text/csv"])
        text, page, table = (part[t].decode() for t in part
                             if t.startswith("text/"))
        money = support.decimal(support.fraction(bill["total"]))
        self.assertEqual(support.fraction(bill["total"]), support.round_to(
            support.month_cost(GIB[account] * support.GIB * 744, "0.03",
                               "2024-01")))
        self.assertIn(f"USD {money}", parse(mail)["Subject"])
        self.assertIn(f"Total    USD {money}", text)
        self.assertIn(f"USD {money}", page)
        rows = list(csv.DictReader(io.StringIO(table, newline="")))
        self.assertEqual([r["amount"] for r in rows],
                         [line["amount"] for line in bill["lines"]])
        self.assertEqual(rows[0]["account"], account)

    def test_each_report_s_mail_arrives_once_for_each_recipient(self):
        site = self.site("acme", "beta", config=APART)
        site.clock(DUE)
        ids = {}
        for number, account in ((1, "acme"), (2, "beta")):
            row = site.until_state(number, "sent")
            self.assertEqual((row["name"], row["period"]),
                             (account, "2024-01"))
            self.assertEqual(row["attempts"], 1)
            self.assertEqual(row["sent_at"], DUE)
            self.assertEqual(
                row["recipients"].count(" sent 250 2.0.0 Ok: "), 2, row)
            ids[account] = parse(site.message(number))["Message-ID"]
        mails = self.arrived(4)
        self.assertEqual(
            sorted((parse(m)["Message-ID"], parse(m)["Delivered-To"])
                   for m in mails),
            sorted((i, to) for account, i in ids.items()
                   for to in (f"{account}@rcpt.test", "b@rcpt.test")))
        for mail in mails:
            parsed = parse(mail)
            account = "acme" if parsed["Message-ID"] == ids["acme"] else "beta"
            self.assertEqual(set(parsed["To"].split(", ")),
                             {f"{account}@rcpt.test", "b@rcpt.test"})
            self.assertIn("with ESMTPSA", parsed["Received"])
            self.check_bill(site, account, mail)

    def put_off_then_sent(self, words, wrong):
        """With wrong credentials these words, with right ones the mail."""
        site = self.site("acme", **wrong)
        site.clock(DUE)
        row = site.until_tried(1, 1)
        self.assertEqual(row["state"], "due")
        self.assertEqual(row["next_at"], "2024-02-01T00:11:00Z")
        for to in TWO:
            self.assertRegex(row["recipients"], f"{to} due .*{words}")
        message = site.message(1)
        self.assertEqual(len(self.relay.mails()), self.before)
        self.give(site)
        site.restart()
        site.clock("2024-02-01T00:11:00Z")
        site.until_state(1, "sent")
        self.assertEqual(message_ids(self.arrived(2)),
                         message_ids([message]) * 2)

    def test_a_wrong_password_is_said_and_the_right_one_sends_it(self):
        self.put_off_then_sent(
            "refuses user 'stat@sender.test' or the password: 535",
            {"password": "wrong"})

    def test_an_untrusted_certificate_is_said_and_trust_sends_it(self):
        self.put_off_then_sent("is not trusted",
                               {"ca": "/etc/ssl/certs/ca-certificates.crt"})

    def test_a_refused_and_a_put_off_recipient_are_kept_apart(self):
        site = self.site("acme", to=("a@rcpt.test", "nobody@rcpt.test",
                                     "later@rcpt.test"))
        site.clock(DUE)
        row = site.until_tried(1, 1)
        self.assertEqual(row["state"], "due")
        self.assertRegex(row["recipients"], "^a@rcpt.test sent 250 .*; "
                         "later@rcpt.test due 450 4.2.1 .*; "
                         "nobody@rcpt.test failed 550 5.1.1 ")
        site.clock(row["next_at"])
        row = site.until_tried(1, 2)
        self.assertEqual(row["state"], "due")
        self.arrived(1)


if __name__ == "__main__":
    support.main()
