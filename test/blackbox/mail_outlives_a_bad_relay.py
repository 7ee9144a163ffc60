"""Whatever is wrong with the relay is one clear line in `list mails`; the
mail stays due, and goes out once when the cause is gone."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../smtpd"))
from mailing import (PASSWORD, USER, Site, message_ids, parse,  # noqa: E402
                     support)
from fault_smtpd import FaultSmtpd  # noqa: E402

DUE = "2024-02-01T00:10:00Z"
NEXT = "2024-02-01T00:11:00Z"


class MailOutlivesABadRelay(support.TestCase):
    def due(self, site, relay, **creds):
        """A mail whose first attempt went wrong; returns its row."""
        site.give_creds(relay, **creds)
        site.start()
        site.month("2024-01", acme=5)
        site.clock(DUE)
        row = site.until_tried(1, 1)
        self.assertEqual((row["state"], row["next_at"], row["sent_at"]),
                         ("due", NEXT, None))
        self.first = parse(site.message(1))["Message-ID"]
        lines = site.server.ok("list", "mails").splitlines()
        self.assertEqual(len(lines), 1)
        self.assertIn(row["recipients"].replace('"', "'"), lines[0])
        return row

    def sent(self, site, relay):
        """Not before its time; then once, as the mail that it was."""
        site.settle()
        self.assertEqual(site.mail(1)["attempts"], 1)
        self.assertEqual(relay.mails, [])
        site.clock(NEXT)
        row = site.until_state(1, "sent")
        self.assertEqual((row["attempts"], row["next_at"], row["sent_at"]),
                         (2, None, NEXT))
        self.assertRegex(row["recipients"],
                         r"^a@rcpt\.test sent 250 2\.0\.0 taken as 1$")
        site.clock("2024-02-01T00:12:00Z")
        site.settle()
        self.assertEqual(message_ids(relay.mails), [self.first])

    def bad_relay(self, words, **fault):
        """A relay with a fault, then one without in its place."""
        site = Site(self)
        fault["cert"] = site.cert(fault.get("cert", "good"))
        with FaultSmtpd(**fault) as relay:
            row = self.due(site, relay)
            self.assertEqual(relay.mails, [])
        self.assertRegex(row["recipients"], r"^a@rcpt\.test due " + words)
        with FaultSmtpd(cert=site.cert("good"), port=relay.port) as relay:
            self.sent(site, relay)

    def test_a_self_signed_certificate(self):
        self.bad_relay("certificate of SMTP relay localhost:[0-9]+ is not "
                       "trusted: ", cert="selfsigned")

    def test_a_certificate_of_another_host(self):
        self.bad_relay("certificate of SMTP relay localhost:[0-9]+ .*"
                       "(host|name)", cert="wronghost")

    def test_an_expired_certificate(self):
        self.bad_relay("certificate of SMTP relay localhost:[0-9]+ .*expired",
                       cert="expired")

    def test_no_starttls(self):
        self.bad_relay("SMTP relay localhost:[0-9]+ .*STARTTLS",
                       no_starttls=True)

    def test_a_greeting_that_says_busy(self):
        self.bad_relay(".*421 4.3.2 too busy", greeting="421 4.3.2 too busy")

    def test_a_relay_that_leaves_in_the_middle(self):
        self.bad_relay("SMTP relay localhost:[0-9]+ ended the connection",
                       drop="data")

    def test_a_message_that_is_put_off(self):
        self.bad_relay("451 4.3.0 try again later",
                       refuse_message="451 4.3.0 try again later")

    def test_nothing_listens(self):
        site = Site(self)
        port = support.free_port()
        row = self.due(site, port)
        self.assertRegex(row["recipients"],
                         r"^a@rcpt\.test due .*localhost:%d.*refused" % port)
        with FaultSmtpd(cert=site.cert("good"), port=port) as relay:
            self.sent(site, relay)

    def test_a_wrong_password_until_the_server_knows_the_right_one(self):
        site = Site(self)
        with FaultSmtpd(cert=site.cert("good"),
                        users={USER: PASSWORD}) as relay:
            row = self.due(site, relay, user=USER, password="wrong")
            self.assertRegex(row["recipients"], "refuses user '" + USER +
                             "' or the password: 535 5.7.8")
            site.restart("--smtpPass", PASSWORD)
            self.sent(site, relay)

    def test_a_wrong_port_until_the_server_knows_the_right_one(self):
        site = Site(self)
        with FaultSmtpd(cert=site.cert("good")) as relay:
            self.due(site, support.free_port())
            site.restart("--smtpAddr", "localhost:%d" % relay.port)
            self.sent(site, relay)


if __name__ == "__main__":
    support.main()
