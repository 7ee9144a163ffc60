"""`retry mail` has a mail sent at once, to those who have not got it, as the
mail it was; and says why where there is nothing to do."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../smtpd"))
from mailing import Site, message_ids, support  # noqa: E402
from fault_smtpd import FaultSmtpd  # noqa: E402

TWO = ("good@rcpt.test", "hard@rcpt.test")


class MailIsRetriedByHand(support.TestCase):
    def begin(self, to=TWO, **faults):
        site = Site(self)
        self.relay = FaultSmtpd(cert=site.cert("good"), **faults)
        self.addCleanup(self.relay.close)
        site.give_creds(self.relay, to=to)
        site.start()
        site.month("2024-01", acme=5)
        site.clock("2024-02-01T00:10:00Z")
        return site

    def retry(self, site, number, code=0):
        done = site.server.cli("retry", "mail", str(number), "--mockTime",
                               "--mockStart", site.now)
        self.assertEqual(done.code, code, done)
        self.assertEqual(done.stdout, "")
        return done.stderr

    def test_who_was_refused_gets_it_when_the_relay_knows_him(self):
        site = self.begin(hard=["hard@rcpt.test"])
        row = site.until_state(1, "sent")
        self.assertIn("hard@rcpt.test failed 550", row["recipients"])
        self.relay.hard = ()
        self.assertEqual(self.retry(site, 1),
                         "mail 1 is due at once for hard@rcpt.test\n")
        row = site.until(1, "is sent to both", lambda row: (
            row["recipients"].count(" sent 250") == 2))
        self.assertEqual(row["state"], "sent")
        self.assertEqual([m[1] for m in self.relay.mails],
                         [["good@rcpt.test"], ["hard@rcpt.test"]])
        self.assertEqual(len(set(message_ids(self.relay.mails))), 1)
        self.assertEqual(self.relay.mails[0][2], self.relay.mails[1][2])
        self.assertIn("mail 1 was sent to all of its recipients",
                      self.retry(site, 1, code=1))

    def test_what_was_refused_for_all_can_be_sent_later(self):
        site = self.begin(hard=TWO)
        site.until_state(1, "failed")
        self.relay.hard = ()
        self.assertEqual(self.retry(site, 1), "mail 1 is due at once for "
                         "good@rcpt.test, hard@rcpt.test\n")
        site.until_state(1, "sent")
        self.assertEqual(self.relay.mails[-1][1], list(TWO))

    def test_what_waits_for_its_next_attempt_does_not_wait(self):
        site = self.begin(to=TWO[:1], soft=TWO)
        row = site.until_tried(1, 1)
        self.assertEqual(row["state"], "due")
        self.relay.soft = ()
        self.retry(site, 1)
        site.until_state(1, "sent")  # the clock stands still

    def test_one_that_is_on_its_way_is_left_alone(self):
        site = self.begin(to=TWO[:1], hang="dot")
        site.until_state(1, "sending")
        self.assertIn("mail 1 is being sent right now",
                      self.retry(site, 1, code=1))
        self.relay.hang = None

    def test_what_is_no_mail_is_named(self):
        site = self.begin(to=TWO[:1])
        site.until_state(1, "sent")
        self.assertIn("there is no mail 7; `list mails` shows them",
                      self.retry(site, 7, code=1))
        for word in ("x", "1x", "0"):
            self.assertIn(f'a mail\'s id is a number, as `list mails` shows '
                          f'it: "{word}"', self.retry(site, word, code=2))
        self.assertEqual(site.server.cli("retry", "mail").code, 2)


if __name__ == "__main__":
    support.main()
