"""Without STARTTLS, or when somebody puts words in before TLS, neither mail
nor password leaves; `plain:` is for a relay on this machine, without login."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../smtpd"))

import support  # noqa: E402
from delivering import MESSAGE, TestCase, deliver  # noqa: E402

A = "a@rcpt.test"


class DeliverSendsNothingInTheClear(TestCase):
    def send(self, prefix="", **faults):
        """The result, and the verbs that the relay has heard."""
        with self.relay(users={"user": "right-one"}, **faults) as server:
            result = deliver(f"{prefix}localhost:{server.port}", A,
                             ca=self.ca, user="user", password="right-one",
                             step_secs=5)
            return result, [c.split()[0] for c in server.commands]

    def assert_kept(self, result, said, sentence):
        self.assertEqual(result.code, 1, result)
        self.assertEqual(result.words(), {A: "retry"}, result)
        self.assertIn(sentence, result.err)
        self.assertNotIn("AUTH", said)
        self.assertNotIn("MAIL", said)

    def test_a_relay_without_starttls_hears_nothing(self):
        result, said = self.send(no_starttls=True, auth_before_tls=True)
        self.assert_kept(result, said,
                         "offers no STARTTLS: nothing is sent in the clear")

    def test_words_put_in_before_tls_end_the_session_at_once(self):
        for where in ("behind", "early", "long"):
            with self.subTest(where=where):
                result, said = self.send(inject=where)
                self.assert_kept(result, said,
                                 "said more than it was asked before TLS")
                self.assertLess(result.secs, 4, result)

    def test_a_login_without_tls_is_refused(self):
        result, said = self.send(prefix="plain:")
        self.assert_refused(result, "plain: sends no password")
        self.assertEqual(said, [])

    def test_a_relay_on_this_machine_may_do_without_tls(self):
        with self.relay() as server:
            result = deliver(f"plain:127.0.0.1:{server.port}", A)
            self.assertEqual(result.words(), {A: "delivered"}, result)
            self.assertEqual(server.mails[0][2], MESSAGE)

    def test_a_relay_elsewhere_may_not(self):
        self.assert_refused(deliver("plain:mail.example.com:25", A),
                            "only for a relay on this machine")


if __name__ == "__main__":
    support.main()
