"""A message that SMTP could misread, or that is too large, fails for good
before the relay hears of it; one of 32 MiB arrives whole, and a Bcc never."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../smtpd"))

import support  # noqa: E402
from delivering import MESSAGE, TestCase, deliver  # noqa: E402

A = "a@rcpt.test"
LIMIT = 32 << 20
LINE = b"x" * 76 + b"\r\n"


class DeliverChecksTheMessage(TestCase):
    def setUp(self):
        self.server = self.enterContext(self.relay())

    def send(self, message):
        return deliver(f"localhost:{self.server.port}", A, ca=self.ca,
                       message=message, step_secs=20)

    def assert_fails_for_good(self, message, sentence):
        result = self.send(message)
        self.assertEqual(result.code, 1, result)
        self.assertEqual(result.words(), {A: "failed"}, result)
        self.assertIn(sentence, result.err)
        self.assertEqual(self.server.commands, [])

    def test_a_line_that_could_end_the_message_early_is_refused(self):
        self.assert_fails_for_good(
            MESSAGE + b"smuggled\n.\r\nMAIL FROM:<x@y.test>\r\n",
            "line 11 does not end in CRLF")
        self.assert_fails_for_good(MESSAGE + b"bare\rreturn\r\n",
                                   "line 11 holds a byte 0d")
        self.assert_fails_for_good(MESSAGE + b"no end",
                                   "line 11 does not end in CRLF")

    def test_a_message_without_a_header_is_refused(self):
        self.assert_fails_for_good(b"", "no header")

    def test_a_line_that_is_not_ascii_or_too_long_is_refused(self):
        self.assert_fails_for_good(MESSAGE + "caf\u00e9\r\n".encode(),
                                   "line 11 holds a byte c3")
        self.assert_fails_for_good(MESSAGE + b"y" * 999 + b"\r\n",
                                   "line 11 is longer than 998 bytes")

    def test_a_message_above_32_mib_is_refused(self):
        self.assert_fails_for_good(MESSAGE + LINE * (LIMIT // len(LINE) + 1),
                                   "larger than 32 MiB")

    def test_a_message_of_32_mib_arrives_whole(self):
        largest = MESSAGE + LINE * ((LIMIT - len(MESSAGE)) // len(LINE))
        result = self.send(largest)
        self.assertEqual(result.words(), {A: "delivered"}, result)
        self.assertTrue(self.server.mails[0][2] == largest)

    def test_a_bcc_is_taken_out_however_it_is_written(self):
        for name in (b"Bcc", b"BCC", b"bcc"):
            hidden = MESSAGE.replace(
                b"\r\n\r\n", b"\r\n" + name + b": c@rcpt.test,\r\n"
                b" d@rcpt.test\r\n\r\n", 1)
            result = self.send(hidden)
            self.assertEqual(result.words(), {A: "delivered"}, result)
            self.assertEqual(self.server.mails[-1][2], MESSAGE)


if __name__ == "__main__":
    support.main()
