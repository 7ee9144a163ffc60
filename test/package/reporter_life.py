"""The script for admin servers as the package's service, in its sandbox: by
its timer it reports, keeps what cannot be sent, and is purged."""
# timeout: 900

import os

import clean
import support
from clean import UNIT

SERVICE = "flexfs-report-usage.service"
TIMER = "flexfs-report-usage.timer"
SPOOL = "/var/lib/flexfs-report-usage"
UUID = "1b4e28ba-2fa1-41d2-883f-0016d3cca427"


class ReporterLife(clean.TestCase):
    def setUp(self):
        self.it = self.machine(installed=True)
        self.it.run("stat.flexfs", "init", "systemd", "--now")
        token = self.set_up_account(self.it)
        self.it.root.write("/etc/flexfs/report-usage.token", token + "\n",
                           0o600)
        # The list is one that only root can read.
        self.it.root.write("/root/volumes", f"{UUID}\t4096\tlab\n", 0o600)
        self.it.root.write(
            "/etc/flexfs/report-usage.conf",
            "url = https://127.0.0.1\n"
            "list_command = cat /root/volumes\n"
            f"ca_file = {clean.CERT}\n"
            "gzip_above = 10\n"
            "grant_file = /var/lib/flexfs-report-usage/grant\n")

    def state(self, unit):
        return self.it.show(unit, "ActiveState", "Result", "ExecMainStatus")

    def waiting(self):
        return [name for name in os.listdir(self.it.root.path(SPOOL))
                if ".json" in name]

    def volumes(self):
        return self.as_service(self.it, "list", "volumes")

    def test_it_reports(self):
        # Installing it has started nothing.
        self.assertEqual(
            self.it.show(TIMER, "ActiveState", "UnitFileState"),
            {"ActiveState": "inactive", "UnitFileState": "disabled"})
        self.as_service(self.it, "create", "identity")
        self.it.run("systemctl", "reload", UNIT)
        self.it.run("systemctl", "start", SERVICE)
        self.assertEqual(self.state(SERVICE), {
            "ActiveState": "inactive", "Result": "success",
            "ExecMainStatus": "0"})
        self.assertIn(f"volume_id={UUID} name=lab account=acme ",
                      self.volumes())
        self.assertNotIn("report-usage:", self.it.journal(SERVICE))
        self.assertEqual(self.waiting(), [])
        self.assertEqual(self.it.run("stat", "-c", "%a %U", SPOOL),
                         "700 root\n")
        grant = self.it.run("cat", f"{SPOOL}/grant").strip()
        self.assertEqual(grant.count("."), 2)

    def test_it_keeps_what_cannot_be_sent(self):
        self.it.run("systemctl", "stop", UNIT)
        self.it.run("systemctl", "start", SERVICE)
        self.assertIn("does not answer", self.it.journal(SERVICE))
        self.assertEqual(len(self.waiting()), 1)
        # A purge does not take what nobody else has.
        self.it.run("systemctl", "enable", "--now", TIMER)
        done = self.it.call("dpkg", "--purge", "stat.flexfs")
        self.assertEqual(done.returncode, 0)
        self.assertIn("reports that were not sent", done.stderr)
        self.assertEqual(len(self.waiting()), 1)
        self.assertEqual(self.it.show(TIMER, "ActiveState"),
                         {"ActiveState": "inactive"})

    def test_what_a_person_has_to_look_at_fails_the_unit(self):
        self.it.root.write("/etc/flexfs/report-usage.token", "x\n", 0o600)
        done = self.it.call("systemctl", "start", SERVICE)
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(self.state(SERVICE), {
            "ActiveState": "failed", "Result": "exit-code",
            "ExecMainStatus": "4"})
        self.assertIn("refused: 401", self.it.journal(SERVICE))

    def test_the_timer_starts_it(self):
        self.it.edit(TIMER, "[Timer]\nOnCalendar=\nOnCalendar=*:*:*\n"
                     "RandomizedDelaySec=0\nAccuracySec=1s\n")
        self.it.run("systemctl", "enable", "--now", TIMER)
        self.wait_until(lambda: UUID in self.volumes(), "it has reported", 60)
        self.it.run("systemctl", "disable", "--now", TIMER)

    def test_a_purge_leaves_nothing_of_it(self):
        self.it.run("systemctl", "start", SERVICE)
        self.it.run("systemctl", "enable", "--now", TIMER)
        self.it.run("dpkg", "--purge", "stat.flexfs")
        for path in (SPOOL, "/etc/flexfs",
                     f"/etc/systemd/system/timers.target.wants/{TIMER}"):
            self.assertFalse(
                os.path.lexists(self.it.root.path(path)), path)


if __name__ == "__main__":
    support.main()
