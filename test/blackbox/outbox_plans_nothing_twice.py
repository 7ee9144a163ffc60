"""A month's mail is planned once, at its instant and not before, whatever the
clock and the server do."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../smtpd"))
from mailing import Site, hours, message_ids, parts, support  # noqa: E402
from fault_smtpd import FaultSmtpd  # noqa: E402


class OutboxPlansNothingTwice(support.TestCase):
    def site(self, *accounts, **options):
        site = Site(self, accounts or ("acme",), **options)
        self.relay = FaultSmtpd(cert=site.cert("good"))
        self.addCleanup(self.relay.close)
        site.give_creds(self.relay)
        return site.start()

    def planned(self, site):
        """(name, period) of each mail that is not set aside, once there is
        nothing left to do."""
        site.settle()
        support.wait_until(
            lambda: all(m["state"] in ("sent", "aside")
                        for m in site.mails()),
            "all mails are sent")
        mails = [m for m in site.mails() if m["state"] == "sent"]
        self.assertEqual(len(self.relay.mails), len(mails))
        ids = message_ids(self.relay.mails)
        self.assertEqual(len(set(ids)), len(ids))
        return [(m["name"], m["period"]) for m in mails]

    def test_not_a_second_before_ten_minutes_have_passed(self):
        site = self.site()
        site.month("2024-01", acme=5)
        for early in ("2024-01-31T23:59:59Z", "2024-02-01T00:00:00Z",
                      "2024-02-01T00:09:59Z"):
            site.clock(early)
            self.assertEqual(self.planned(site), [], early)
        site.clock("2024-02-01T00:10:00Z")
        self.assertEqual(self.planned(site), [("monthly", "2024-01")])
        self.assertEqual(site.mail(1)["created_at"], "2024-02-01T00:10:00Z")

    def test_restarts_and_ticks_plan_it_once(self):
        site = self.site()
        site.month("2024-01", acme=5)
        for now in ("2024-02-01T00:10:00Z", "2024-02-01T00:10:00Z",
                    "2024-02-01T00:10:01Z", "2024-02-29T23:59:59Z",
                    "2024-03-01T00:09:59Z"):
            site.clock(now)
            self.assertEqual(self.planned(site), [("monthly", "2024-01")])
            site.restart()
            self.assertEqual(self.planned(site), [("monthly", "2024-01")])

    def test_a_month_that_ended_while_the_server_was_down(self):
        site = self.site()
        site.month("2024-01", acme=5)
        site.now = "2024-02-17T12:00:00Z"
        site.restart()
        self.assertEqual(self.planned(site), [("monthly", "2024-01")])

    def test_of_three_months_only_the_newest(self):
        site = self.site()
        site.month("2024-01", acme=5)
        site.clock("2024-05-02T00:00:00Z")
        for _ in range(2):
            self.assertEqual(self.planned(site), [("monthly", "2024-04")])
            self.assertEqual(
                [(m["name"], m["period"], m["last_words"])
                 for m in site.mails() if m["state"] == "aside"],
                [("monthly", period, "missed: a newer one was due when the "
                  "server was back") for period in ("2024-03", "2024-02",
                                                    "2024-01")])
            site.restart()

    def test_a_year_s_end(self):
        site = self.site(start="2023-12-01T00:00:00Z")
        site.month("2023-12", acme=5)
        site.clock("2024-01-01T00:09:59Z")
        self.assertEqual(self.planned(site), [])
        site.clock("2024-01-01T00:10:00Z")
        self.assertEqual(self.planned(site), [("monthly", "2023-12")])
        self.assertTrue(site.mail(1)["subject"].startswith(
            "[flexFS] 2023-12 usage 5.00 GiB-months, USD 0.15"))

    def test_without_data_there_is_none(self):
        site = self.site("acme", "silent")
        site.clock("2024-02-02T00:00:00Z")
        self.assertEqual(self.planned(site), [])

    def test_an_account_that_comes_later_is_in_the_next(self):
        site = self.site()
        site.month("2024-01", acme=5)
        site.clock("2024-02-01T00:10:00Z")
        self.assertEqual(self.planned(site), [("monthly", "2024-01")])
        site.account("late")
        site.month("2024-02", acme=5, late=7)
        site.clock("2024-03-01T00:10:00Z")
        self.assertEqual(self.planned(site), [("monthly", "2024-01"),
                                              ("monthly", "2024-02")])
        first, second = (parts(site.message(n))["text/plain"].decode()
                         for n in (1, 2))
        self.assertNotIn("\nlate\r\n", first)
        self.assertIn("\nlate\r\n", second)

    def test_a_month_s_only_report_comes_late(self):
        site = self.site()
        site.clock("2024-02-03T00:00:00Z")
        self.assertEqual(self.planned(site), [])
        site.report("acme", 5, hours("2024-01")[-48:])
        self.assertEqual(self.planned(site), [("monthly", "2024-01")])


if __name__ == "__main__":
    support.main()
