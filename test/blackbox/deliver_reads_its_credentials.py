"""deliver takes relay, sender and recipients from its credentials, and says
in a sentence what keeps it from doing so."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../smtpd"))

import support  # noqa: E402
from delivering import MESSAGE, TestCase, deliver  # noqa: E402

TWO = ["a@rcpt.test", "b@rcpt.test"]


class DeliverReadsItsCredentials(TestCase):
    def test_without_to_the_mail_goes_to_the_credentials_recipients(self):
        with self.relay() as server:
            result = deliver(f"localhost:{server.port}", smtp_to=TWO,
                             ca=self.ca, sender="Stat <stat@sender.test>")
            self.assertEqual(result.words(), dict.fromkeys(TWO, "delivered"),
                             result)
            (sender, to, message), = server.mails
            self.assertIn("FROM:<stat@sender.test>", sender)
            self.assertEqual((to, message), (TWO, MESSAGE))

    def test_with_to_it_goes_there_alone(self):
        with self.relay() as server:
            result = deliver(f"localhost:{server.port}", "c@rcpt.test",
                             smtp_to=TWO, ca=self.ca)
            self.assertEqual(result.words(), {"c@rcpt.test": "delivered"})
            self.assertEqual(server.mails[0][1], ["c@rcpt.test"])

    def test_a_user_without_a_password_is_refused(self):
        with self.relay() as server:
            self.assert_refused(
                deliver(f"localhost:{server.port}", TWO, user="user"),
                "smtpUser needs smtpPass")
            self.assertEqual(server.commands, [])

    def test_without_credentials_it_says_how_to_make_them(self):
        server = self.server()
        path = os.path.join(self.folder(), "creds")
        done = server.cli("deliver", "--credsFile", path, db=False)
        self.assertEqual((done.code, done.stdout), (1, ""), done)
        self.assertIn(f"no credentials file {path}", done.stderr)
        self.assertIn("init creds", done.stderr)

    def test_time_limits_that_are_none_are_refused(self):
        server = self.server()
        for flag in ("--timeout", "--stepTimeout"):
            for value in ("0s", "2d", "soon"):
                done = server.cli("deliver", flag, value, db=False)
                self.assertEqual((done.code, done.stdout), (2, ""), done)
                self.assertIn(flag, done.stderr)


if __name__ == "__main__":
    support.main()
