# timeout: 300
"""Metrics say which mails wait, were sent and failed."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../smtpd"))
from mailing import Site, support  # noqa: E402
from fault_smtpd import FaultSmtpd  # noqa: E402
from support.metrics import scrape  # noqa: E402

DUE = "2024-02-01T00:10:00Z"


class MetricsCountMails(support.TestCase):
    def scrape(self, site):
        return scrape(site.server, site.operator)

    def test_a_mail_that_is_sent(self):
        site = Site(self)
        with FaultSmtpd(cert=site.cert("good")) as relay:
            site.give_creds(relay)
            site.start()
            m = self.scrape(site)
            self.assertEqual(m.all("mails"), {
                ("due",): 0, ("sending",): 0, ("sent",): 0, ("failed",): 0,
                ("aside",): 0})
            self.assertEqual(
                m.all("mail_last_success_timestamp_seconds"), {})
            site.month("2024-01", acme=5)
            site.clock(DUE)
            site.until_state(1, "sent")
        m = self.scrape(site)
        self.assertEqual(m.get("mails", state="sent"), 1)
        self.assertEqual(m.get("mails", state="due"), 0)
        self.assertEqual(m.get("mail_failures_total"), 0)
        expected = {("monthly",): support.unix(DUE)}
        self.assertEqual(m.all("mail_last_success_timestamp_seconds"),
                         expected)
        # After a restart it is known from the outbox.
        site.restart()
        self.assertEqual(self.scrape(site).all(
            "mail_last_success_timestamp_seconds"), expected)

    def test_a_mail_that_is_not(self):
        site = Site(self)
        site.give_creds(support.free_port())
        site.start()
        site.month("2024-01", acme=5)
        site.clock(DUE)
        site.until(1, "was tried", lambda row: row["attempts"] == 1
                   and row["state"] == "due")
        self.wait_until(lambda: self.scrape(site).get(
            "mail_failures_total") == 1, "it is counted", timeout=60)
        m = self.scrape(site)
        self.assertEqual(m.get("mails", state="due"), 1)
        self.assertEqual(m.get("mails", state="sent"), 0)
        self.assertEqual(m.all("mail_last_success_timestamp_seconds"), {})


if __name__ == "__main__":
    support.main()
