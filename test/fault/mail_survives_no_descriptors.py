"""A delivery that cannot be started, for want of file descriptors here, is
an attempt that failed: the mail is due again, without a restart."""

import json
import os
import resource
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../smtpd"))
from mailing import Site, message_ids, support  # noqa: E402
from fault_smtpd import FaultSmtpd  # noqa: E402


class MailSurvivesNoDescriptors(support.TestCase):
    def set_clock(self, site, connection, now):
        """As Site.clock, on a connection that is already there."""
        body = json.dumps({"now": now}).encode()
        connection.sendall(
            b"POST /v1/clock HTTP/1.1\r\nHost: x\r\n"
            b"Authorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s"
            % (site.operator.encode(), len(body), body))
        self.assertTrue(connection.recv(4096).startswith(b"HTTP/1.1 200"))
        site.now = now

    def test_it_is_due_again_and_sent_when_there_are_some(self):
        site = Site(self)
        with FaultSmtpd(cert=site.cert("good"),
                        refuse_mail="450 4.3.2 not now") as relay:
            site.give_creds(relay)
            site.start()
            site.month("2024-01", acme=5)
            site.clock("2024-02-01T00:10:00Z")
            row = site.until_tried(1, 1)
            relay.refuse_mail = None
            limits = resource.prlimit(site.server.pid,
                                      resource.RLIMIT_NOFILE)
            with site.server.connect() as connection:
                self.set_clock(site, connection, site.now)  # it is accepted
                resource.prlimit(site.server.pid, resource.RLIMIT_NOFILE,
                                 (4, limits[1]))
                self.set_clock(site, connection, row["next_at"])
                line = site.server.wait_log("delivery.wake")
                self.assertEqual(line.level, "warn")
                self.assertIn("Too many open files", line.text)
                resource.prlimit(site.server.pid, resource.RLIMIT_NOFILE,
                                 limits)
            row = site.until_tried(1, 2)
            self.assertEqual((row["state"], row["next_at"]),
                             ("due", "2024-02-01T00:15:00Z"))
            self.assertIn("Too many open files", row["last_words"])
            site.clock(row["next_at"])
            site.until_state(1, "sent")
            self.assertEqual(message_ids(relay.mails),
                             message_ids([site.message(1)]))


if __name__ == "__main__":
    support.main()
