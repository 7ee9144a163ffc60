"""One recipient refused, one put off, one served: each has a state of its
own, only the one that waits is tried again, and nobody gets the mail twice."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../smtpd"))
from mailing import Site, message_ids, support  # noqa: E402
from fault_smtpd import FaultSmtpd  # noqa: E402

THREE = ("good@rcpt.test", "hard@rcpt.test", "soft@rcpt.test")


class MailTriesOnlyWhoWaits(support.TestCase):
    def setUp(self):
        self.site = Site(self)
        self.relay = FaultSmtpd(cert=self.site.cert("good"),
                                hard=["hard@rcpt.test"],
                                soft=["soft@rcpt.test"])
        self.addCleanup(self.relay.close)

    def asked_for(self):
        """Whom RCPT named since this was asked last."""
        named = [c[c.index("<") + 1:c.index(">")]
                 for c in self.relay.commands if c.startswith("RCPT")]
        del self.relay.commands[:]
        return named

    def begin(self, to):
        self.site.give_creds(self.relay, to=to)
        self.site.start()
        self.site.month("2024-01", acme=5)
        self.site.clock("2024-02-01T00:10:00Z")
        return self.site.until_tried(1, 1)

    def test_each_recipient_has_a_state_and_only_one_is_tried_again(self):
        site, relay = self.site, self.relay
        row = self.begin(THREE)
        self.assertEqual(row["state"], "due")
        self.assertEqual(row["next_at"], "2024-02-01T00:11:00Z")
        served = "good@rcpt.test sent 250 2.0.0 taken as 1; " \
            "hard@rcpt.test failed 550 5.1.1 <hard@rcpt.test> unknown; "
        self.assertEqual(row["recipients"], served + "soft@rcpt.test due 451 "
                         "4.2.0 <soft@rcpt.test> later")
        self.assertEqual(sorted(self.asked_for()), list(THREE))

        site.clock(row["next_at"])
        row = site.until_tried(1, 2)
        self.assertEqual(row["next_at"], "2024-02-01T00:15:00Z")
        self.assertEqual(self.asked_for(), ["soft@rcpt.test"])
        self.assertEqual(len(relay.mails), 1)

        relay.soft = ()
        site.restart()  # what is known of each survives this
        site.clock(row["next_at"])
        row = site.until_state(1, "sent")
        self.assertEqual(row["recipients"],
                         served + "soft@rcpt.test sent 250 2.0.0 taken as 2")
        self.assertEqual(self.asked_for(), ["soft@rcpt.test"])
        site.clock("2024-02-20T00:00:00Z")
        site.settle()
        self.assertEqual([m[1] for m in relay.mails],
                         [["good@rcpt.test"], ["soft@rcpt.test"]])
        first, second = (m[2] for m in relay.mails)
        self.assertEqual(first, second)
        self.assertEqual(message_ids(relay.mails),
                         message_ids([site.message(1)]) * 2)

    def test_a_mail_that_all_refuse_has_failed(self):
        row = self.begin(["hard@rcpt.test"])
        self.assertEqual((row["state"], row["next_at"], row["sent_at"]),
                         ("failed", None, None))
        self.assertEqual(row["recipients"], "hard@rcpt.test failed 550 5.1.1 "
                         "<hard@rcpt.test> unknown")
        line = self.site.server.wait_log("delivery.given_up")
        self.assertEqual(line.level, "error")
        self.site.clock("2024-02-02T00:00:00Z")
        self.site.settle()
        self.assertEqual(self.asked_for(), ["hard@rcpt.test"])

    def test_a_mail_that_one_got_and_one_never_will_is_sent(self):
        row = self.begin(THREE[:2])
        self.assertEqual(row["state"], "sent")
        line = self.site.server.wait_log("delivery.refused",
                                         to="hard@rcpt.test")
        self.assertEqual((line.level, line.fields["code"]), ("warn", "550"))


if __name__ == "__main__":
    support.main()
