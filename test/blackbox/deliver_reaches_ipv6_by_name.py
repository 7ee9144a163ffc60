"""A relay whose name has an IPv6 address only is reached, and one whose first
address does not answer is reached at its second."""

import os
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../smtpd"))

import support  # noqa: E402
from delivering import TestCase, deliver  # noqa: E402
from postfix import has_ipv6  # noqa: E402

A = "a@rcpt.test"
SOURCE = os.path.join(os.path.dirname(__file__), "../smtpd/names.c")
# Containers often have no ::1. To the program this is one like any other.
IPV6 = "::1" if has_ipv6() else "::ffff:127.0.0.2"


class DeliverReachesIpv6ByName(TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.names = cls.path("names.so")
        subprocess.run([os.environ.get("CC", "cc"), "-D_GNU_SOURCE",
                        "-shared", "-fPIC", "-o", cls.names, SOURCE],
                       check=True)

    def send(self, port, *addresses, step_secs=5):
        """Delivers to relay.test, which has these addresses."""
        sanitizer = os.environ.get("ASAN_OPTIONS", "")
        return deliver(f"relay.test:{port}", A, ca=self.ca,
                       step_secs=step_secs, env={
                           "LD_PRELOAD": self.names,
                           "RELAY_TEST": " ".join(addresses),
                           # It wants to be loaded first, but need not be.
                           "ASAN_OPTIONS":
                           f"{sanitizer}:verify_asan_link_order=0"})

    def test_a_relay_with_an_ipv6_address_only_is_reached(self):
        with self.relay(host=IPV6) as server:
            result = self.send(server.port, IPV6)
            self.assertEqual(result.words(), {A: "delivered"}, result)

    def test_a_relay_is_reached_at_its_second_address(self):
        with self.relay() as server:  # nobody listens at the first
            result = self.send(server.port, IPV6, "127.0.0.1")
            self.assertEqual(result.words(), {A: "delivered"}, result)

    def test_an_address_that_does_not_answer_costs_one_step(self):
        with self.relay() as server, \
                socket.socket(socket.AF_INET6) as deaf, \
                socket.socket(socket.AF_INET6) as filler:
            deaf.bind((IPV6, server.port))
            deaf.listen(0)
            filler.connect((IPV6, server.port))  # the queue is full now
            result = self.send(server.port, IPV6, "127.0.0.1", step_secs=2)
            self.assertEqual(result.words(), {A: "delivered"}, result)
            self.assertGreater(result.secs, 1.9, result)
            self.assertLess(result.secs, 2 + 4, result)

    def test_an_ipv6_address_itself_is_refused(self):
        self.assert_refused(deliver("[::1]:587", A), "give a host name")


if __name__ == "__main__":
    support.main()
