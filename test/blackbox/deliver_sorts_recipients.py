"""Each recipient gets its own outcome, with the relay's own words, whatever
extensions the relay offers."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../smtpd"))

import support  # noqa: E402
from delivering import MESSAGE, TestCase, deliver  # noqa: E402

A, B, C = ALL = "a@rcpt.test", "b@rcpt.test", "c@rcpt.test"
KINDS = ({}, {"pipelining": True}, {"chunking": True},
         {"pipelining": True, "chunking": True})


class DeliverSortsRecipients(TestCase):
    def send(self, to=ALL, **faults):
        """The result, and the mails that the relay has taken."""
        with self.relay(**faults) as server:
            result = deliver(f"localhost:{server.port}", to, ca=self.ca,
                             step_secs=10, total_secs=20)
            return result, list(server.mails)

    def each_kind(self):
        for kind in KINDS:
            with self.subTest(offers=" ".join(kind)):
                yield kind

    def test_one_mail_goes_to_all_whom_the_relay_takes(self):
        for kind in self.each_kind():
            result, mails = self.send(**kind)
            self.assertEqual(result.code, 0, result)
            self.assertEqual(result.words(), dict.fromkeys(ALL, "delivered"))
            self.assertEqual([m[1:] for m in mails], [(list(ALL), MESSAGE)])

    def test_a_refused_recipient_does_not_disturb_the_others(self):
        for kind in self.each_kind():
            result, mails = self.send(soft=[B], hard=[C], **kind)
            self.assertEqual(result.code, 0, result)
            self.assertEqual(result.lines, [
                ("delivered", A, "250", "2.0.0 taken as 1"),
                ("retry", B, "451", "4.2.0 <b@rcpt.test> later"),
                ("failed", C, "550", "5.1.1 <c@rcpt.test> unknown")])
            self.assertEqual(mails[0][1], [A])

    def test_when_all_are_refused_nothing_is_sent(self):
        for kind in self.each_kind():
            result, mails = self.send(hard=ALL, **kind)
            self.assertEqual(result.code, 0, result)
            self.assertEqual(result.words(), dict.fromkeys(ALL, "failed"))
            self.assertEqual(mails, [])

    def check_refused(self, place, kinds):
        for kind in kinds:
            for line, outcome in (("451 4.3.0 not now", "retry"),
                                  ("554 5.6.0 not this", "failed")):
                result, mails = self.send(**{place: line}, **kind)
                self.assertEqual(result.lines, [
                    (outcome, to, line[:3], line[4:]) for to in ALL])
                self.assertEqual(mails, [])

    def test_a_refused_sender_is_the_outcome_of_all(self):
        self.check_refused("refuse_mail", self.each_kind())

    def test_a_refused_message_is_the_outcome_of_all(self):
        self.check_refused("refuse_message", self.each_kind())

    def test_a_refused_data_is_the_outcome_of_all(self):
        # With CHUNKING there is no DATA to refuse.
        self.check_refused("refuse_data", KINDS[:2])

    def test_a_message_larger_than_the_relay_takes_fails_for_good(self):
        for kind in self.each_kind():
            with self.relay(size=100, **kind) as server:
                result = deliver(f"localhost:{server.port}", A, ca=self.ca,
                                 step_secs=10)
            self.assertEqual(result.lines, [
                ("failed", A, "552", "5.3.4 message too big")])

    def test_an_address_that_is_none_fails_and_nobody_is_asked(self):
        for kind in self.each_kind():
            result, mails = self.send(to=[A, "x y@rcpt.test", C], **kind)
            self.assertEqual(result.code, 0, result)
            self.assertEqual(result.lines[1], (
                "failed", "x?y@rcpt.test", "000", "not a mail address"))
            self.assertEqual(mails[0][1], [A, C])


if __name__ == "__main__":
    support.main()
