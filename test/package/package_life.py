# timeout: 900
"""The package from its first day to its last, on a machine with systemd: as
the manual says, and nothing is left but data."""

import json
import os
import re
import subprocess

import clean
import support
from clean import HOME, UNIT, USER

# What a machine writes by itself, and dpkg's notes of what it did.
VOLATILE = re.compile(
    r"/(run|tmp|proc|sys|dev)(/|$)|/var/(log|tmp|cache)(/|$)|"
    r"/var/lib/(dpkg|systemd)(/|$)|/etc/(\.pwd\.lock|"
    r"(passwd|group|shadow|gshadow)-?|machine-id|\.updated|ld\.so\.cache|"
    r"resolv\.conf)$|/var/\.updated$")


def files(root):
    """Everything in a root but what comes and goes by itself."""
    found = set()
    for folder, names, others in os.walk(root.folder):
        for name in names + others:
            path = os.path.join(folder, name).removeprefix(root.folder)
            if not VOLATILE.match(path):
                found.add(path)
    return found


class PackageLife(clean.TestCase):
    def test_from_installing_to_purging(self):
        machine = self.machine()
        root = machine.root
        before = files(root)

        # Installed: nothing runs, nothing will.
        machine.install(self.deb)
        self.assertEqual(machine.show(UNIT, "ActiveState", "UnitFileState"),
                         {"ActiveState": "inactive",
                          "UnitFileState": "disabled"})
        self.assertEqual(machine.run("stat", "-c", "%a %U %G", HOME),
                         f"700 {USER} {USER}\n")

        # The two commands.
        relay = self.relay(machine)
        machine.run("stat.flexfs", "init", "creds", *relay.flags(),
                    stdin="correct horse\n")
        machine.run("stat.flexfs", "init", "systemd", "--now")
        self.assertEqual(machine.show(UNIT, "ActiveState", "UnitFileState"),
                         {"ActiveState": "active", "UnitFileState": "enabled"})

        # A report, and a mail of it, on a pretend clock.
        machine.edit(UNIT, "[Service]\nExecStart=\n"
                     "ExecStart=/usr/sbin/stat.flexfs start --mockTime "
                     "--mockRate 0 --mockStart 2026-10-31T23:30:00Z\n")
        machine.run("systemctl", "restart", UNIT)
        token = self.set_up_account(machine)
        operator = self.as_service(machine, "create", "token", "--name", "op",
                                   "--role", "operator").strip()
        report = support.make_report([support.make_volume(
            5 << 30, sampled_at="2026-10-31T23:10:00Z")])
        status, text = machine.curl("/v1/reports", token=token, data=report)
        self.assertEqual((status, json.loads(text)["stored"]), (201, 1))
        machine.curl("/v1/clock", token=operator,
                     data={"now": "2026-11-01T06:00:00Z"})
        self.wait_until(relay.mails, "the mail has come")

        # An upgrade restarts the server, which keeps what it had.
        pid = machine.show(UNIT, "MainPID")
        machine.install(self.version("0.1.0+next"))
        self.assertNotEqual(machine.show(UNIT, "MainPID"), pid)
        self.assertEqual(machine.show(UNIT, "ActiveState", "UnitFileState"),
                         {"ActiveState": "active", "UnitFileState": "enabled"})
        status, _ = machine.curl("/v1/reports", token=token, data=report)
        self.assertEqual(status, 200)

        # Taken out.
        machine.run("stat.flexfs", "deinit", "systemd")
        machine.run("stat.flexfs", "deinit", "creds")
        self.assertEqual(machine.show(UNIT, "ActiveState", "UnitFileState"),
                         {"ActiveState": "inactive",
                          "UnitFileState": "disabled"})
        said = machine.run("dpkg", "--purge", "stat.flexfs")
        self.assertNotIn("warning", said)

        # The data, and what was made by hand.
        left = files(root) - before
        self.assertIn(f"{HOME}/.flexfs/stat/stat.db", left)
        self.assertEqual({path for path in left
                          if not (path + "/").startswith(HOME + "/")},
                         {f"/etc/systemd/system/{UNIT}.d",
                          f"/etc/systemd/system/{UNIT}.d/override.conf",
                          "/root/.flexfs", "/root/.flexfs/stat",
                          relay.ca})
        self.assertEqual(before - files(root), set())
        self.assertIn(USER, machine.run("getent", "passwd", USER))

    def test_a_purge_without_data_takes_the_user_along(self):
        machine = self.machine()
        before = files(machine.root)
        machine.install(self.deb)
        self.as_service(machine, "init", "creds", "--smtpPass", "",
                        "--smtpAddr", "plain:localhost")
        # It makes the certificate, and cannot make a database.
        machine.edit(UNIT, "[Service]\nRestart=no\n")
        os.symlink("/nowhere", machine.root.path(
            f"{HOME}/.flexfs/stat/stat.db"))
        machine.call("stat.flexfs", "init", "systemd", "--now")
        os.unlink(machine.root.path(f"{HOME}/.flexfs/stat/stat.db"))
        self.assertTrue(os.path.exists(machine.root.path(clean.CERT)))
        machine.run("rm", "-r", f"/etc/systemd/system/{UNIT}.d")
        machine.run("dpkg", "--purge", "stat.flexfs")
        self.assertEqual(files(machine.root), before)
        self.assertEqual(machine.call("getent", "passwd", USER).stdout, "")
        self.assertEqual(machine.call("getent", "group", USER).stdout, "")
        self.assertEqual(
            [name for name in machine.run(
                "find", "/etc/systemd", "/var/lib/systemd", "-name",
                "*flexfs*").split()], [])

    def test_a_purge_with_data_says_how_to_remove_them(self):
        machine = self.machine(installed=True)
        self.as_service(machine, "init", "creds", "--smtpPass", "",
                        "--smtpAddr", "plain:localhost")
        machine.run("stat.flexfs", "init", "systemd", "--now")
        done = machine.call("dpkg", "--purge", "stat.flexfs")
        self.assertEqual(done.returncode, 0)
        self.assertIn("the data in /var/lib/stat.flexfs stay", done.stderr)
        state = machine.root.path(f"{HOME}/.flexfs/stat")
        self.assertEqual(os.listdir(state), ["stat.db"])
        (words,) = [line.strip() for line in done.stderr.splitlines()
                    if line.startswith("    rm")]
        machine.run("sh", "-ec", words)
        self.assertFalse(os.path.exists(machine.root.path(HOME)))
        self.assertEqual(machine.call("getent", "passwd", USER).stdout, "")

    def test_a_database_in_another_folder_stays_as_well(self):
        machine = self.machine(installed=True)
        self.as_service(machine, "create", "account", "--name", "acme",
                        "--dbFolder", f"{HOME}/other")
        machine.run("stat.flexfs", "init", "systemd")
        done = machine.call("dpkg", "--purge", "stat.flexfs")
        self.assertIn("the data in /var/lib/stat.flexfs stay", done.stderr)
        home = machine.root.path(HOME)
        self.assertEqual(os.listdir(home), ["other"])
        self.assertEqual(os.listdir(f"{home}/other"), ["stat.db"])

    def test_removing_stops_it_and_installing_it_again_goes_on(self):
        machine = self.machine(installed=True)
        machine.run("stat.flexfs", "init", "systemd", "--now")
        token = self.set_up_account(machine)
        report = support.make_report([support.make_volume(7)])
        self.assertEqual(machine.curl("/v1/reports", token=token,
                                      data=report)[0], 201)
        machine.run("dpkg", "--remove", "stat.flexfs")
        self.assertEqual(machine.show(UNIT, "ActiveState"),
                         {"ActiveState": "inactive"})
        self.assertIn("server.stopped", machine.journal())
        machine.install(self.deb)
        # Nothing is started unasked, but it is still enabled.
        self.assertEqual(machine.show(UNIT, "ActiveState", "UnitFileState"),
                         {"ActiveState": "inactive",
                          "UnitFileState": "enabled"})
        machine.run("systemctl", "start", UNIT)
        self.assertEqual(machine.curl("/v1/reports", token=token,
                                      data=report)[0], 200)

    def test_an_upgrade_starts_nothing_that_did_not_run(self):
        machine = self.machine(installed=True)
        machine.install(self.version("0.1.0+next"))
        self.assertEqual(machine.show(UNIT, "ActiveState", "UnitFileState"),
                         {"ActiveState": "inactive",
                          "UnitFileState": "disabled"})

    def test_a_root_without_systemd_running_takes_it_as_well(self):
        root = self.root()
        subprocess.run(["cp", self.deb, root.path("/x.deb")], check=True)
        root.run("dpkg", "--install", "/x.deb")
        self.assertEqual(
            root.run("dpkg-query", "-W", "-f", "${Status}", "stat.flexfs"),
            "install ok installed")
        self.assertIn(USER, root.read("/etc/passwd"))
        self.assertIn("stat.flexfs 0.", root.run("stat.flexfs", "version"))
        root.run("dpkg", "--purge", "stat.flexfs")
        self.assertNotIn(USER, root.read("/etc/passwd"))


if __name__ == "__main__":
    support.main()
