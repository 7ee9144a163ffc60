"""A real Postfix takes a message for two recipients, after STARTTLS and a
login with Dovecot, byte for byte."""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../smtpd"))

import support  # noqa: E402
from delivering import MESSAGE, deliver  # noqa: E402
import postfix  # noqa: E402

TWO = ["a@rcpt.test", "b@rcpt.test"]


@unittest.skipIf(postfix.missing(), postfix.missing())
class DeliverHandsOverToPostfix(support.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.postfix = postfix.start()
        cls.addClassCleanup(cls.postfix.stop)

    def send(self, to, **other):
        given = {"user": self.postfix.user, "password": self.postfix.password,
                 "ca": self.postfix.ca_file}
        given.update(other)
        return deliver(f"localhost:{self.postfix.port}", to, **given)

    def mails_for(self, address):
        line = f"\nDelivered-To: {address}\n".encode()
        return [m for m in self.postfix.mails() if line in b"\n" + m]

    def test_both_recipients_get_every_byte(self):
        result = self.send(TWO)
        self.assertEqual(result.code, 0, result)
        self.assertEqual(result.words(), dict.fromkeys(TWO, "delivered"))
        self.assertEqual({line[2] for line in result.lines}, {"250"}, result)
        for to in TWO:
            mail, = self.wait_until(lambda to=to: self.mails_for(to), to)
            self.assertIn(b"with ESMTPSA", mail)  # TLS and a login
            self.assertTrue(mail.replace(b"\n", b"\r\n").endswith(MESSAGE),
                            mail)

    def test_each_recipient_gets_its_own_outcome(self):
        result = self.send(["c@rcpt.test", "nobody@rcpt.test",
                            "later@rcpt.test"])
        self.assertEqual(result.words(), {
            "c@rcpt.test": "delivered", "nobody@rcpt.test": "failed",
            "later@rcpt.test": "retry"}, result)
        self.wait_until(lambda: self.mails_for("c@rcpt.test"), "the mail")

    def test_a_wrong_password_sends_nothing(self):
        result = self.send("d@rcpt.test", password="wrong")
        self.assertEqual(result.code, 1, result)
        self.assertEqual(result.words(), {"d@rcpt.test": "retry"}, result)
        self.assertIn("refuses user 'stat@sender.test' or the password: 535",
                      result.err)
        self.assertEqual(self.mails_for("d@rcpt.test"), [])

    def test_a_certificate_that_is_not_trusted_sends_nothing(self):
        result = self.send("e@rcpt.test", ca=None)
        self.assertEqual(result.words(), {"e@rcpt.test": "retry"}, result)
        self.assertIn("is not trusted", result.err)
        self.assertEqual(self.mails_for("e@rcpt.test"), [])


if __name__ == "__main__":
    support.main()
