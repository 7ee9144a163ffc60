"""The relay's password, or all credentials, come from a service manager's
folder of credentials or from a file of their own."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../smtpd"))
from mailing import PASSWORD, USER, Site, support  # noqa: E402
from fault_smtpd import FaultSmtpd  # noqa: E402

DUE = "2024-02-01T00:10:00Z"


class MailPasswordIsPassed(support.TestCase):
    def put(self, path, text):
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            os.fchmod(f.fileno(), 0o600)
            f.write(text)
        return path

    def creds(self, site, relay, to, password=""):
        return (f'smtpAddr = "localhost:{relay.port}"\n'
                f'smtpFrom = "{USER}"\nsmtpUser = "{USER}"\n'
                f'smtpTo = "{to}"\nsmtpCA = "{site.cert("ca")}"\n'
                f'{password}')

    def own_file(self, site, text):
        self.put(os.path.join(site.server.home, ".flexfs/stat/creds"), text)

    def pass_on(self, site, name, text):
        folder = os.path.join(site.server.folder, "credentials")
        site.server.env["CREDENTIALS_DIRECTORY"] = folder
        self.put(os.path.join(folder, name), text)

    def relay(self, site):
        return FaultSmtpd(cert=site.cert("good"), users={USER: PASSWORD})

    def sent_to(self, site, relay, *start):
        """Whom the month's mail goes to; it needs the right password."""
        site.start(*start)
        site.month("2024-01", acme=5)
        site.clock(DUE)
        site.until_state(1, "sent")
        self.assertNotIn(PASSWORD, site.server.log_text())
        return relay.mails[0][1]

    def test_the_password_alone(self):
        site = Site(self)
        with self.relay(site) as relay:
            self.own_file(site, self.creds(site, relay, "own@rcpt.test"))
            self.pass_on(site, "smtpPass", PASSWORD + "\n")
            self.assertEqual(self.sent_to(site, relay), ["own@rcpt.test"])

    def test_all_of_them(self):
        site = Site(self)
        with self.relay(site) as relay:
            self.own_file(site, self.creds(site, relay, "own@rcpt.test"))
            self.pass_on(site, "creds", self.creds(
                site, relay, "passed@rcpt.test", f'smtpPass = "{PASSWORD}"'))
            self.pass_on(site, "smtpPass", "")
            self.assertEqual(self.sent_to(site, relay), ["passed@rcpt.test"])

    def test_a_file_that_a_flag_names(self):
        site = Site(self)
        with self.relay(site) as relay:
            self.own_file(site, self.creds(
                site, relay, "own@rcpt.test", 'smtpPass = "wrong"'))
            self.pass_on(site, "smtpPass", "wrong as well")
            path = self.put(os.path.join(site.server.folder, "secret/pass"),
                            PASSWORD)
            self.assertEqual(
                self.sent_to(site, relay, "--smtpPassFile", path),
                ["own@rcpt.test"])

    def test_without_it_the_server_does_not_start(self):
        site = Site(self)
        with self.relay(site) as relay:
            self.own_file(site, self.creds(site, relay, "own@rcpt.test"))
        site.server.start(ready=False)
        self.assertEqual(site.server.wait_exit(), 1)
        site.server.process = None
        self.assertIn("smtpUser needs smtpPass", site.server.log_text())

    def test_the_two_flags_exclude_each_other(self):
        done = self.server().cli("start", "--smtpPass", "x",
                                 "--smtpPassFile", "/nowhere")
        self.assertEqual(done.code, 2)
        self.assertIn("exclude each other", done.stderr)


if __name__ == "__main__":
    support.main()
