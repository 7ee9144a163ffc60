"""The password of the relay is in no log, no list, no database file, and in
no command line or environment that another user of the machine could read,
while a delivery is under way either."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../smtpd"))
from mailing import USER, Site, support  # noqa: E402
from fault_smtpd import FaultSmtpd  # noqa: E402

SECRET = "Xq7-hidden-Zw3"


def read(path):
    try:
        with open(path, "rb") as f:
            return f.read()
    except OSError:
        return b""


def family(pid):
    """A process and what it has started, at any depth."""
    found, more = [], [pid]
    while more:
        pid = more.pop()
        found.append(pid)
        for task in os.listdir(f"/proc/{pid}/task"):
            more += [int(p) for p in read(
                f"/proc/{pid}/task/{task}/children").split()]
    return found


class MailHidesThePassword(support.TestCase):
    def files(self, folder):
        return [os.path.join(at, name) for at, _, names in os.walk(folder)
                for name in names]

    def check_files(self, site, holders=None):
        """Only the credentials file holds it, if any."""
        if holders is None:
            holders = [os.path.join(site.server.home, ".flexfs/stat/creds")]
        self.assertEqual(holders, [
            path for path in self.files(site.server.folder)
            if SECRET.encode() in read(path)])

    def check_processes(self, pids):
        for pid in pids:
            for name in ("cmdline", "environ"):
                text = read(f"/proc/{pid}/{name}")
                self.assertTrue(text or name == "environ", pid)
                self.assertNotIn(SECRET.encode(), text, f"{pid} {name}")

    def begin(self, relay_of, *flags, in_file=SECRET):
        """A server with a mail that is due; relay_of makes its relay."""
        site = Site(self)
        self.relay = relay_of(cert=site.cert("good"))
        self.addCleanup(self.relay.close)
        site.give_creds(self.relay, user=USER, password=in_file)
        site.start("-v", *flags)
        site.month("2024-01", acme=5)
        site.clock("2024-02-01T00:10:00Z")
        return site

    def check_said(self, site):
        """What the server and the lists say."""
        said = site.server.log_text() + "".join(
            str(site.server.cli("list", "mails", "--output", form))
            for form in ("text", "json", "csv"))
        self.assertIn("delivery.", said)
        self.assertNotIn(SECRET, said)
        self.assertNotIn(SECRET.encode(), site.message(1))

    def check_a_delivery_that_hangs(self, site):
        support.wait_until(
            lambda: any(c.startswith("MAIL") for c in self.relay.commands),
            "the relay has been told MAIL, behind the login")
        pids = family(site.server.pid)
        self.assertGreater(len(pids), 1, "a delivery is under way")
        self.assertIn(b"deliver",
                      read(f"/proc/{pids[1]}/cmdline").split(b"\0"))
        self.check_processes(pids)

    def test_while_a_delivery_hangs(self):
        site = self.begin(lambda **o: FaultSmtpd(
            users={USER: SECRET}, hang="mail", **o))
        self.check_a_delivery_that_hangs(site)
        self.check_files(site)
        self.check_said(site)

    def test_when_it_comes_from_a_flag(self):
        site = self.begin(lambda **o: FaultSmtpd(
            users={USER: SECRET}, hang="mail", **o),
            "--smtpPass", SECRET, in_file="another")
        self.check_a_delivery_that_hangs(site)
        self.check_files(site, holders=[])
        self.check_said(site)

    def test_when_the_mail_is_sent(self):
        site = self.begin(lambda **o: FaultSmtpd(users={USER: SECRET}, **o))
        site.until_state(1, "sent")
        self.check_files(site)
        self.check_said(site)

    def test_when_the_relay_quotes_it(self):
        site = self.begin(lambda **o: FaultSmtpd(
            users={USER: "another"}, echo_auth=True, **o))
        row = site.until_tried(1, 1)
        self.assertGreater(self.relay.auth_attempts, 0)
        self.assertIn("refuses user", row["recipients"])
        self.check_files(site)
        self.check_said(site)


if __name__ == "__main__":
    support.main()
