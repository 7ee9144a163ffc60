"""A relay that hangs up, falls silent or drips costs a bounded time, and no
recipient is taken for delivered, or for failed, without the relay's word."""

import concurrent.futures
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../smtpd"))

import support  # noqa: E402
from delivering import MESSAGE, TestCase, deliver  # noqa: E402
from fault_smtpd import PLACES  # noqa: E402

TWO = ["a@rcpt.test", "b@rcpt.test"]
STEP, TOTAL = 1, 3
MAYBE = "after the whole message was sent; it may have taken it"
WHERE = {"connect": "before its greeting", "ehlo": "at EHLO",
         "starttls": "at STARTTLS", "auth": "at AUTH", "mail": "at MAIL FROM",
         "rcpt": "at RCPT TO", "data": "in the middle of the message",
         "dot": MAYBE, "half": MAYBE}
# With these all is sent in one go, from RCPT to the end.
AT_ONCE = {"chunking": True, "pipelining": True}
# More than the buffers of both sides hold.
LARGE = MESSAGE + b"\r\n".join([b"x" * 76] * 250000) + b"\r\n"


class DeliverEndsInTime(TestCase):
    def send(self, message=MESSAGE, step_secs=STEP, **faults):
        with self.relay(users={"user": "right-one"}, **faults) as server:
            result = deliver(f"localhost:{server.port}", TWO, ca=self.ca,
                             user="user", password="right-one",
                             step_secs=step_secs, total_secs=TOTAL,
                             message=message)
            result.relay = f"localhost:{server.port}"
            return result

    def send_each(self, fault, **kind):
        """(place, result) for every place but the last; a few at a time,
        since they do little but wait."""
        places = [place for place in PLACES if place != "quit"]
        with concurrent.futures.ThreadPoolExecutor(5) as pool:
            results = pool.map(
                lambda place: self.send(LARGE if place == "data" else MESSAGE,
                                        **{fault: place}, **kind), places)
            return list(zip(places, results))

    def assert_unsure(self, result, *where):
        self.assertEqual(result.code, 1, result)
        self.assertEqual(result.words(), dict.fromkeys(TWO, "retry"), result)
        self.assertIn(result.relay, result.err)
        self.assertTrue(any(w in result.err for w in where), (where, result))

    def assert_took(self, result, secs, most):
        self.assertGreater(result.secs, secs - 0.1, result)
        self.assertLess(result.secs, most, result)

    def check_silence(self, **kind):
        for place, result in self.send_each("hang", **kind):
            with self.subTest(place=place):
                at_once = kind and place in ("rcpt", "data")
                self.assert_unsure(result, WHERE[place],
                                   MAYBE if at_once or place == "data"
                                   else WHERE[place])
                if place in ("dot", "half") or at_once:
                    self.assertIn("was not done within 3 s", result.err)
                    self.assert_took(result, TOTAL, TOTAL + 2)
                else:
                    self.assertIn("did not answer within 1 s", result.err)
                    self.assert_took(result, STEP, TOTAL)

    def check_hanging_up(self, **kind):
        for place, result in self.send_each("drop", **kind):
            with self.subTest(place=place):
                at_once = kind and place in ("rcpt", "data")
                # What is written to a closed connection counts as sent.
                self.assert_unsure(result, WHERE[place],
                                   MAYBE if at_once or place == "data"
                                   else WHERE[place])
                self.assertTrue(
                    "ended the connection" in result.err or
                    (at_once and "broke down" in result.err), result)
                self.assertLess(result.secs, TOTAL, result)

    def test_a_relay_that_falls_silent_is_left(self):
        self.check_silence()

    def test_a_relay_that_falls_silent_and_was_told_all_at_once_is_left(self):
        self.check_silence(**AT_ONCE)

    def test_a_relay_that_hangs_up_is_left(self):
        self.check_hanging_up()

    def test_a_relay_that_hangs_up_and_was_told_all_at_once_is_left(self):
        self.check_hanging_up(**AT_ONCE)

    def test_a_mail_that_was_taken_stays_so_without_a_farewell(self):
        for fault in ("hang", "drop"):
            for kind in ({}, AT_ONCE):
                result = self.send(**{fault: "quit"}, **kind)
                self.assertEqual(result.words(),
                                 dict.fromkeys(TWO, "delivered"), result)
                self.assertLess(result.secs, TOTAL, result)

    def test_a_relay_that_drips_is_left(self):
        result = self.send(step_secs=2, drip=True)
        self.assert_unsure(result, result.relay)
        self.assertIn("was not done within 3 s", result.err)
        self.assert_took(result, TOTAL, TOTAL + 2)


if __name__ == "__main__":
    support.main()
