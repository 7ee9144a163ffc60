"""A certificate that has expired, names another host, or comes from a CA that
is not trusted, ends the session before anything is said."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../smtpd"))

import support  # noqa: E402
from delivering import TestCase, deliver  # noqa: E402

A = "a@rcpt.test"
VERSIONS = ("1.2", "1.3")


class DeliverTrustsNoWrongCertificate(TestCase):
    def send(self, cert, tls, host="localhost", **other):
        """The result, and the relay, which has ended."""
        with self.relay(cert, tls=tls, users={"user": "right-one"}) as server:
            given = {"ca": self.ca, **other}
            result = deliver(f"{host}:{server.port}", A, user="user",
                             password="right-one", step_secs=10, **given)
            return result, server

    def check(self, cert, reason, advice, **other):
        for tls in VERSIONS:
            with self.subTest(tls=tls):
                result, server = self.send(cert, tls, **other)
                self.assertEqual(result.code, 1, result)
                self.assertEqual(result.words(), {A: "retry"}, result)
                self.assertIn(
                    f"certificate of SMTP relay localhost:{server.port} is "
                    "not trusted: ", result.err)
                self.assertIn(reason, result.err)
                self.assertIn(advice, result.err)
                self.assertLess(result.secs, 8, result)
                self.assertEqual([c.split()[0] for c in server.commands],
                                 ["EHLO", "STARTTLS"])

    def test_a_certificate_for_the_name_or_the_address_is_trusted(self):
        for tls in VERSIONS:
            for host in ("localhost", "127.0.0.1"):
                result, _ = self.send("good", tls, host)
                self.assertEqual(result.words(), {A: "delivered"}, result)

    def test_one_that_has_expired_is_not(self):
        self.check("expired", "expired", "whoever runs it has to renew it")

    def test_one_for_another_host_is_not(self):
        self.check("wronghost", "mismatch",
                   "use the name that its certificate was made for")

    def test_one_that_vouches_for_itself_is_not(self):
        self.check("selfsigned", "self", "give its CA with --smtpCA")

    def test_one_of_a_ca_that_the_system_does_not_know_is_not(self):
        self.check("good", "", "give its CA with --smtpCA", ca=None)

    def test_without_the_file_of_certificates_nothing_is_said(self):
        result, server = self.send("good", "1.3", ca=self.path("none.pem"))
        self.assertEqual(result.code, 1, result)
        self.assertEqual(result.words(), {A: "retry"}, result)
        self.assertIn("none.pem", result.err)
        self.assertEqual(server.commands, [])


if __name__ == "__main__":
    support.main()
