"""`test mail` sends a real message through the relay of the credentials, says
what became of each recipient, and ends with 0 only when all will get it."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../smtpd"))
from mailing import PASSWORD, Site, USER, parse, support  # noqa: E402
from fault_smtpd import FaultSmtpd  # noqa: E402

A, B, C = "a@rcpt.test", "b@rcpt.test", "c@rcpt.test"


class MailIsTestedByHand(support.TestCase):
    def site(self, **faults):
        self.site_ = Site(self)
        self.relay = FaultSmtpd(cert=self.site_.cert("good"), **faults)
        self.addCleanup(self.relay.close)
        self.site_.give_creds(self.relay, to=(A,))

    def send(self, *to, code=0, more=()):
        words = [w for address in to for w in ("--to", address)]
        done = self.site_.server.cli("test", "mail", *words, *more, db=False)
        self.assertEqual(done.code, code, done)
        return done

    def test_a_real_message_arrives(self):
        self.site()
        done = self.send(B, C)
        self.assertEqual(done.stdout, f"delivered {B} 250 2.0.0 taken as 1\n"
                         f"delivered {C} 250 2.0.0 taken as 1\n")
        self.assertEqual(done.stderr, "a test mail from stat@sender.test "
                         f"through localhost:{self.relay.port}\n")
        (sender, rcpts, message), = self.relay.mails
        self.assertEqual((sender, rcpts),
                         ("MAIL FROM:<stat@sender.test>", [B, C]))
        mail = parse(message)
        self.assertEqual(mail["Subject"], "[flexFS] test mail")
        self.assertEqual(mail["From"], "flexFS Statistics <stat@sender.test>")
        self.assertEqual(mail["To"], f"{B}, {C}")
        self.assertEqual(mail["Auto-Submitted"], "auto-generated")
        self.assertTrue(mail["Message-ID"].endswith("@sender.test>"))
        self.assertIn(f"localhost:{self.relay.port}", mail.get_content())
        self.send(B)
        ids = [parse(m[2])["Message-ID"] for m in self.relay.mails]
        self.assertNotEqual(*ids)

    def test_it_goes_to_those_of_the_credentials(self):
        self.site(users={USER: PASSWORD})
        self.site_.give_creds(self.relay, to=(A, B), user=USER,
                              password=PASSWORD)
        done = self.send()
        self.assertEqual(done.stdout.count("delivered "), 2)
        self.assertNotIn(PASSWORD, done.stdout + done.stderr)
        self.assertNotIn(PASSWORD.encode(), self.relay.mails[0][2])

    def test_one_recipient_that_is_refused_is_a_failure(self):
        self.site(hard=[B], soft=[C])
        done = self.send(A, B, C, code=1)
        self.assertEqual(done.stdout, f"delivered {A} 250 2.0.0 taken as 1\n"
                         f"failed {B} 550 5.1.1 <{B}> unknown\n"
                         f"retry {C} 451 4.2.0 <{C}> later\n")
        self.assertIn("the relay took it for 1 of 3 recipients", done.stderr)

    def test_a_relay_that_is_not_there_is_named(self):
        self.site()
        self.site_.give_creds(support.free_port())
        done = self.send(B, code=1)
        self.assertIn(f"retry {B} 000 ", done.stdout)
        self.assertIn("refused", done.stderr)

    def test_without_credentials_it_says_how_to_make_some(self):
        self.site()
        os.unlink(os.path.join(self.site_.server.home,
                               ".flexfs/stat/creds"))
        self.assertIn("`stat.flexfs init creds`",
                      self.send(B, code=1).stderr)

    def test_what_is_no_address_is_a_wrong_line(self):
        self.site()
        for word in ("nobody", "a@b\r\nBcc: c@d", ""):
            self.assertIn("--to", self.send(word, code=2).stderr)
        self.assertEqual(self.relay.mails, [])


if __name__ == "__main__":
    support.main()
