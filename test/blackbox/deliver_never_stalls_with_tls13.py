"""What a TLS 1.3 server sends unasked does not stop a delivery: many in a
row (STAT_DELIVERIES, or 50), each in less than a step."""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../smtpd"))

import support  # noqa: E402
from delivering import deliver  # noqa: E402
import postfix  # noqa: E402

A = "a@rcpt.test"
COUNT = int(os.environ.get("STAT_DELIVERIES", "50"))


@unittest.skipIf(postfix.missing(), postfix.missing())
class DeliverNeverStallsWithTls13(support.TestCase):
    def test_no_delivery_in_a_row_waits_for_a_time_limit(self):
        with postfix.start() as server:
            for i in range(COUNT):
                result = deliver(f"localhost:{server.port}", A,
                                 user=server.user, password=server.password,
                                 ca=server.ca_file, step_secs=20)
                self.assertEqual(result.words(), {A: "delivered"}, (i, result))
                self.assertLess(result.secs, 18, (i, result))
            self.assertEqual(len(server.wait_mails(COUNT)), COUNT)


if __name__ == "__main__":
    support.main()
