"""Without credentials a mail is written, waits, and can be read; when there
are some, it is written anew for the right addresses, and sent."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../smtpd"))
from mailing import Site, parse, parts, support  # noqa: E402
from fault_smtpd import FaultSmtpd  # noqa: E402

DUE = "2024-02-01T00:10:00Z"


class MailWaitsForCredentials(support.TestCase):
    def waiting(self):
        site = Site(self).start()
        line = site.server.wait_log("server.no_relay")
        self.assertEqual(line.level, "warn")
        site.month("2024-01", acme=5)
        site.clock(DUE)
        return site, site.until(1, "is written", lambda row: row["subject"])

    def test_a_mail_is_written_and_can_be_read(self):
        site, row = self.waiting()
        self.assertEqual((row["state"], row["attempts"], row["recipients"]),
                         ("due", 0, ""))
        message = site.message(1)
        self.assertEqual(parse(message)["Subject"], row["subject"])
        self.assertIn(b"Total    USD 0.15", parts(message)["text/plain"])
        self.assertEqual(len(message.splitlines()),
                         message.count(b"\r\n"))
        for what, words in (("2", "no mail 2"), ("x", "is a number")):
            done = site.server.cli("show", "mail", what)
            self.assertEqual(done.code, 1)
            self.assertIn(words, done.stderr)

    def test_it_is_not_written_again_and_again(self):
        site, _ = self.waiting()
        site.clock("2024-02-01T09:00:00Z")
        site.settle()
        site.restart()
        site.settle()
        self.assertEqual(len(site.server.lines("delivery.rendered")), 1)

    def test_it_is_sent_to_those_who_are_named_later(self):
        site, _ = self.waiting()
        before = parse(site.message(1))
        with FaultSmtpd(cert=site.cert("good")) as relay:
            site.give_creds(relay, to=("new@rcpt.test", "two@rcpt.test"),
                            sender="Müller & Co <bills@new.test>")
            site.restart()
            row = site.until_state(1, "sent")
            self.assertEqual(row["attempts"], 1)
            self.assertEqual(len(relay.mails), 1)
            sender, to, message = relay.mails[0]
        self.assertTrue(sender.startswith("MAIL FROM:<bills@new.test>"))
        self.assertEqual(to, ["new@rcpt.test", "two@rcpt.test"])
        after = parse(message)
        self.assertEqual(after["From"], "Müller & Co <bills@new.test>")
        self.assertEqual(after["To"], "new@rcpt.test, two@rcpt.test")
        self.assertEqual(after["Message-ID"].split("@")[1], "new.test>")
        self.assertNotEqual(before["To"], after["To"])
        self.assertEqual(message, site.message(1))
        self.assertEqual(after["Subject"], before["Subject"])

    def test_once_tried_it_stays_what_it_is(self):
        site = Site(self)
        site.give_creds(support.free_port(), to=("old@rcpt.test",))
        site.start()
        site.month("2024-01", acme=5)
        site.clock(DUE)
        site.until_tried(1, 1)
        message = site.message(1)
        with FaultSmtpd(cert=site.cert("good")) as relay:
            site.give_creds(relay, to=("new@rcpt.test",))
            site.restart()
            site.clock("2024-02-01T00:11:00Z")
            site.until_state(1, "sent")
            self.assertEqual([m[1:] for m in relay.mails],
                             [(["old@rcpt.test"], message)])


if __name__ == "__main__":
    support.main()
