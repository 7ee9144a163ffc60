"""What a relay puts off is tried again after 1, 4, 9 .. minutes, at most a
day; after five days it has failed, which is an error in the log. Nothing is
deleted, and nothing is given up before it was tried ten times."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../smtpd"))
from mailing import Site, support  # noqa: E402
from fault_smtpd import FaultSmtpd  # noqa: E402

DUE = "2024-02-01T00:10:00Z"
DAY = 86400


class OutboxBacksOff(support.TestCase):
    def begin(self, creds=True):
        self.site = Site(self)
        self.relay = FaultSmtpd(cert=self.site.cert("good"),
                                refuse_mail="450 4.3.2 not now")
        self.addCleanup(self.relay.close)
        if creds:
            self.site.give_creds(self.relay)
        self.site.start()
        self.site.month("2024-01", acme=5)
        self.site.clock(DUE)

    def tries(self):
        return sum(c.startswith("MAIL") for c in self.relay.commands)

    def test_attempts_come_later_and_later_until_five_days_are_over(self):
        self.begin()
        site = self.site
        due = at = support.unix(DUE)
        for attempt in range(1, 100):
            row = site.until_tried(1, attempt)
            self.assertEqual(row["attempts"], attempt)
            self.assertEqual(self.tries(), attempt)
            if row["state"] != "due":
                break
            self.assertLess(at, due + 5 * DAY)
            wait = 60 * attempt * attempt
            self.assertEqual(support.unix(row["next_at"]), at + wait)
            if attempt < 4:  # a second too early nothing happens
                site.clock(at + wait - 1)
                site.settle()
                self.assertEqual(self.tries(), attempt)
            at += wait
            site.clock(at)
        self.assertGreaterEqual(at, due + 5 * DAY)
        self.assertEqual((row["state"], row["next_at"], row["sent_at"]),
                         ("failed", None, None))
        self.assertEqual(row["recipients"],
                         "a@rcpt.test due 450 4.3.2 not now")
        line = site.server.wait_log("delivery.given_up", mail=1)
        self.assertEqual(line.level, "error")
        self.assertEqual(line.fields["attempts"], str(row["attempts"]))
        site.clock(at + DAY)
        site.settle()
        site.restart()
        site.settle()
        self.assertEqual(site.mail(1), row)
        self.assertEqual(self.tries(), attempt)
        self.assertIn(b"Total    USD 0.15", site.message(1))

    def test_one_attempt_is_not_enough_to_give_up_after_a_long_wait(self):
        """Credentials that come late may be wrong at first."""
        self.begin(creds=False)
        site = self.site
        site.until(1, "is written", lambda row: row["subject"])
        site.clock("2024-02-08T00:00:00Z")
        site.give_creds(self.relay)
        site.restart()
        row = site.until_tried(1, 1)
        self.assertEqual((row["state"], row["next_at"]),
                         ("due", "2024-02-08T00:01:00Z"))
        self.relay.refuse_mail = None
        site.clock(row["next_at"])
        site.until_state(1, "sent")
        self.assertEqual(len(self.relay.mails), 1)


if __name__ == "__main__":
    support.main()
