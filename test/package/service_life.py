# timeout: 900
"""The service under a real systemd: started, watched, reloaded, handed its
credentials and a socket, taken out."""

import os

import clean
import support
from clean import HOME, UNIT

SOCKET = "stat.flexfs.socket"


class ServiceLife(clean.TestCase):
    def setUp(self):
        self.it = self.machine(installed=True)

    def start(self):
        self.it.run("stat.flexfs", "init", "systemd", "--now")

    def state(self):
        return self.it.show(UNIT, "ActiveState", "NRestarts")

    def pid(self):
        return self.it.show(UNIT, "MainPID")["MainPID"]

    def signal(self, name):
        self.it.run("systemctl", "kill", "--kill-whom=main",
                    f"--signal={name}", UNIT)

    def test_without_now_it_is_enabled_only(self):
        self.it.run("stat.flexfs", "init", "systemd")
        self.assertEqual(self.it.show(UNIT, "ActiveState", "UnitFileState"),
                         {"ActiveState": "inactive",
                          "UnitFileState": "enabled"})
        self.it.run("systemctl", "start", UNIT)
        self.assertEqual(self.it.curl("/healthz")[0], 200)

    def test_a_program_of_no_package_gets_a_unit_of_its_own(self):
        self.it.run("install", "-D", "/usr/sbin/stat.flexfs",
                    "/usr/local/sbin/stat.flexfs")
        self.it.run("/usr/local/sbin/stat.flexfs", "init", "systemd", "--now")
        self.assertEqual(
            self.it.run("readlink", f"/proc/{self.pid()}/exe").strip(),
            "/usr/local/sbin/stat.flexfs")
        self.it.run("/usr/local/sbin/stat.flexfs", "deinit", "systemd")
        self.assertEqual(self.state()["ActiveState"], "inactive")
        self.it.run("test", "!", "-e", f"/etc/systemd/system/{UNIT}")

    def test_a_hung_server_is_started_again(self):
        self.it.edit(UNIT, "[Service]\nWatchdogSec=1\nTimeoutAbortSec=1\n"
                     "RestartSec=0\n")
        self.start()
        # It lives longer than the interval while it is well.
        since = float(self.it.show(
            UNIT, "ActiveEnterTimestampMonotonic").popitem()[1]) / 1e6
        self.wait_until(lambda: self.up() - since > 2.5, "2.5 s have passed")
        self.assertEqual(self.state(), {"ActiveState": "active",
                                        "NRestarts": "0"})
        self.signal("STOP")
        self.wait_until(lambda: self.state() == {
            "ActiveState": "active", "NRestarts": "1"}, "it is back", 40)
        self.assertEqual(self.it.curl("/healthz")[0], 200)

    def up(self):
        return float(self.it.run("cat", "/proc/uptime").split()[0])

    def test_a_reload_waits_until_the_settings_are_read(self):
        self.start()
        pid = self.pid()
        config = self.it.root.path(f"{HOME}/.flexfs/stat/config")
        for text, event in (("nonsense = 1\n", "server.reload_refused"),
                            ("", "server.reloaded")):
            with open(config, "w", encoding="utf-8") as f:
                f.write(text)
            self.it.run("chown", f"{clean.USER}:", f"{HOME}/.flexfs/stat/config")
            os.chmod(config, 0o600)
            self.it.run("systemctl", "reload", UNIT)
            self.assertEqual(self.it.journal().count(event), 1)
            self.assertEqual("refused" in self.it.show(
                UNIT, "StatusText")["StatusText"], event.endswith("refused"))
        self.assertEqual(self.pid(), pid)
        self.assertEqual(self.state(), {"ActiveState": "active",
                                        "NRestarts": "0"})

    def test_a_killed_server_is_started_again_and_a_wrong_line_is_not(self):
        self.it.edit(UNIT, "[Service]\nRestartSec=0\n")
        self.start()
        self.signal("KILL")
        self.wait_until(lambda: self.state() == {
            "ActiveState": "active", "NRestarts": "1"}, "it is back", 40)
        self.it.edit(UNIT, "[Service]\nRestartSec=0\nExecStart=\n"
                     "ExecStart=/usr/sbin/stat.flexfs start --nonsense\n")
        self.assertNotEqual(
            self.it.call("systemctl", "restart", UNIT).returncode, 0)
        self.assertEqual(self.it.show(UNIT, "ActiveState", "ExecMainStatus"),
                         {"ActiveState": "failed", "ExecMainStatus": "2"})

    def test_a_server_that_cannot_start_says_why(self):
        self.it.edit(UNIT, "[Service]\nRestart=no\nExecStart=\nExecStart="
                     "/usr/sbin/stat.flexfs start --bindAddr 203.0.113.1:443\n")
        done = self.it.call("stat.flexfs", "init", "systemd", "--now")
        self.assertEqual(done.returncode, 1)
        self.assertIn("systemctl --quiet start stat.flexfs.service: exit "
                      "status 1", done.stderr)
        self.assertIn("cannot listen on 203.0.113.1:443",
                      self.it.show(UNIT, "StatusText")["StatusText"])

    def test_roots_credentials_are_handed_over(self):
        relay = self.relay(self.it)
        self.start()
        self.assertIn("server.no_relay", self.it.journal())
        self.it.run("stat.flexfs", "init", "creds", *relay.flags(),
                    stdin=relay.PASSWORD + "\n")
        self.it.run("systemctl", "restart", UNIT)
        self.assertEqual(self.it.journal().count("server.no_relay"), 1)
        # Not readable otherwise: they are root's.
        self.assertNotEqual(self.it.call(
            "runuser", "-u", clean.USER, "--", "cat",
            "/root/.flexfs/stat/creds").returncode, 0)

    def test_without_roots_the_users_own_count(self):
        self.as_service(self.it, "init", "creds", "--smtpAddr",
                        "plain:localhost", "--smtpPass", "")
        self.start()
        self.assertNotIn("server.no_relay", self.it.journal())

    def test_the_password_may_lie_by_itself(self):
        self.it.root.write(
            "/root/.flexfs/stat/creds",
            'smtpAddr = "localhost"\nsmtpUser = "u"\n', 0o600)
        self.it.run("chmod", "-R", "go=", "/root/.flexfs")
        done = self.it.call("stat.flexfs", "init", "systemd", "--now")
        self.assertEqual(done.returncode, 1)
        self.assertIn("smtpUser needs smtpPass", self.it.journal())
        self.it.root.write("/etc/credstore/stat.flexfs.smtpPass", "p\n", 0o600)
        self.it.run("systemctl", "reset-failed", UNIT)
        self.start()
        self.assertNotIn("server.no_relay", self.it.journal())

    def test_the_password_may_lie_encrypted(self):
        self.it.root.write(
            "/root/.flexfs/stat/creds",
            'smtpAddr = "localhost"\nsmtpUser = "u"\n', 0o600)
        self.it.run("chmod", "-R", "go=", "/root/.flexfs")
        self.it.run("systemd-creds", "encrypt", "--name=smtpPass", "-",
                    "/etc/stat.flexfs.pass.cred", stdin="p")
        self.it.edit(UNIT, "[Service]\nLoadCredentialEncrypted="
                     "smtpPass:/etc/stat.flexfs.pass.cred\n")
        self.start()
        self.assertNotIn("server.no_relay", self.it.journal())

    def test_systemd_may_hold_the_port(self):
        self.it.edit(UNIT, "[Service]\nAmbientCapabilities=\n"
                     "CapabilityBoundingSet=\nPrivateUsers=yes\n")
        self.it.run("systemctl", "enable", "--now", SOCKET)
        self.it.run("stat.flexfs", "init", "systemd", "--now")
        self.assertIn("server.socket_inherited", self.it.journal())
        self.assertEqual(self.it.curl("/healthz")[0], 200)
        # A connection starts it, too.
        self.it.run("systemctl", "stop", UNIT)
        self.assertEqual(self.it.curl("/healthz")[0], 200)
        self.assertEqual(self.state()["ActiveState"], "active")
        self.it.run("stat.flexfs", "deinit", "systemd")
        for unit in (UNIT, SOCKET):
            self.assertEqual(
                self.it.show(unit, "ActiveState", "UnitFileState"),
                {"ActiveState": "inactive", "UnitFileState": "disabled"})

    def test_root_is_told_of_the_services_database(self):
        self.start()
        done = self.it.call("stat.flexfs", "list", "accounts")
        self.assertIn("not the service's", done.stderr)
        done = self.it.call("stat.flexfs", "create", "account", "--name", "a",
                            "--dbFolder", "/root/db")
        self.assertEqual((done.returncode, done.stderr),
                         (0, "account a created\n"))
        self.assertEqual(self.as_service(self.it, "list", "accounts"), "")

    def test_a_mail_address_of_the_one_who_calls_sudo_is_no_riddle(self):
        self.it.run("useradd", "--create-home", "alice")
        self.it.root.write("/home/alice/.flexfs/stat/creds", "", 0o600)
        done = self.it.call("env", "SUDO_UID=" + self.it.run(
            "id", "-u", "alice").strip(), "stat.flexfs", "init", "systemd")
        self.assertEqual(done.returncode, 0)
        self.assertIn("mails wait until there are credentials", done.stderr)
        self.assertIn("/home/alice/.flexfs/stat/creds is not read",
                      done.stderr)

    def test_a_report_outlives_a_restart(self):
        self.start()
        token = self.set_up_account(self.it)
        report = support.make_report([support.make_volume(7)])
        self.assertEqual(self.it.curl("/v1/reports", token=token,
                                      data=report)[0], 201)
        self.it.run("systemctl", "restart", UNIT)
        self.assertEqual(self.it.curl("/v1/reports", token=token,
                                      data=report)[0], 200)
        self.it.run("test", "-e", f"{HOME}/.flexfs/stat/stat.db")


if __name__ == "__main__":
    support.main()
