"""A wrong password costs one attempt, sends nothing, and is never shown, not
even when the relay repeats it; a mechanism that is not PLAIN or LOGIN is given
nothing."""

import base64
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../smtpd"))

import support  # noqa: E402
from delivering import TestCase, deliver  # noqa: E402

A = "a@rcpt.test"
MECHANISMS = ("PLAIN LOGIN", "LOGIN", "PLAIN")


class DeliverStopsAtAWrongPassword(TestCase):
    def send(self, password, user="user", **faults):
        """The result, and the relay, which has ended."""
        with self.relay(users={"user": "right-one"}, **faults) as server:
            result = deliver(f"localhost:{server.port}", A, ca=self.ca,
                             user=user, password=password, step_secs=10)
            return result, server

    def assert_nothing_sent(self, result, server):
        self.assertEqual(result.code, 1, result)
        self.assertEqual(result.words(), {A: "retry"}, result)
        self.assertEqual([c for c in server.commands if c.startswith("MAIL")],
                         [])

    def test_the_right_password_is_taken(self):
        for auth in MECHANISMS:
            result, _ = self.send("right-one", auth=auth)
            self.assertEqual(result.words(), {A: "delivered"}, result)

    def check_wrong(self, **faults):
        for auth in MECHANISMS:
            result, server = self.send("wrong-one", auth=auth, **faults)
            self.assert_nothing_sent(result, server)
            self.assertIn("refuses user 'user' or the password: 535 5.7.8",
                          result.err)
            self.assertEqual(server.auth_attempts, 1, server.commands)
            for secret in (b"wrong-one", b"\0user\0wrong-one"):
                self.assertNotIn(base64.b64encode(secret).decode(),
                                 repr(result))

    def test_a_wrong_password_is_tried_once(self):
        self.check_wrong()

    def test_a_wrong_password_is_not_shown_when_the_relay_repeats_it(self):
        self.check_wrong(echo_auth=True)

    def test_mechanisms_that_are_not_wanted_are_passed_over(self):
        result, server = self.send("right-one", auth="NTLM CRAM-MD5 PLAIN")
        self.assertEqual(result.words(), {A: "delivered"}, result)
        self.assertIn("AUTH NTLM", server.commands)  # alone
        self.assertEqual(server.strange_words, ["*"])

    def test_without_plain_and_login_nobody_logs_in(self):
        result, server = self.send("right-one", auth="NTLM GSSAPI")
        self.assert_nothing_sent(result, server)
        self.assertIn("offers neither AUTH PLAIN nor AUTH LOGIN", result.err)

    def test_a_user_or_password_may_have_255_bytes(self):
        result, server = self.send("y" * 255, user="u" * 255)
        self.assert_nothing_sent(result, server)
        self.assertEqual(server.auth_attempts, 1)

    def test_a_user_or_password_of_more_is_refused(self):
        for name, given in (("smtpUser", {"user": "u" * 256}),
                            ("smtpPass", {"password": "y" * 256})):
            result, server = self.send(**{"password": "some-word", **given})
            self.assert_refused(result, f"{name}: more than 255 bytes")
            self.assertEqual(server.commands, [])


if __name__ == "__main__":
    support.main()
