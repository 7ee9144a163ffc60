# timeout: 900
"""The service under a real systemd: what its sandbox allows, and that the
server does all of its work in there."""

import email
import os
import re
import subprocess

import clean
import support
from clean import HOME, UNIT


# SIOCSIFADDR of a second name of the loopback.
ADD_ADDRESS = """
import fcntl, socket, struct
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    fcntl.ioctl(s, 0x8916, struct.pack(
        "16sHH4s8x", b"lo:1", socket.AF_INET, 0,
        socket.inet_aton("192.0.2.7")))
"""


class ServiceSandbox(clean.TestCase):
    def setUp(self):
        self.it = self.machine(installed=True)

    def start(self):
        self.it.run("stat.flexfs", "init", "systemd", "--now")
        return self.it.show(UNIT, "MainPID")["MainPID"]

    def status_of(self, pid):
        return dict(re.findall(r"^(\w+):\t(.*)$",
                               self.it.run("cat", f"/proc/{pid}/status"),
                               re.MULTILINE))

    def test_the_process_may_bind_low_ports_and_nothing_else(self):
        status = self.status_of(self.start())
        uid = self.it.run("id", "-u", clean.USER).strip()
        self.assertEqual(set(status["Uid"].split()), {uid})
        for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb"):
            self.assertEqual(int(status[name], 16), 1 << 10, name)
        self.assertEqual((status["NoNewPrivs"], status["Seccomp"]),
                         ("1", "2"))
        self.assertEqual(self.it.curl("/readyz")[0], 200)

    def test_it_writes_to_its_home_and_a_tmp_of_its_own(self):
        pid = self.start()
        for path in ("/etc/x", "/usr/x", "/var/lib/x", "/var/log/x"):
            done = self.it.call("touch", f"/proc/{pid}/root{path}")
            self.assertIn("Read-only file system", done.stderr, path)
        self.it.run("touch", f"/proc/{pid}/root/tmp/mine",
                    f"/proc/{pid}/root{HOME}/mine")
        self.assertNotEqual(self.it.call("test", "-e", "/tmp/mine").returncode,
                            0)
        self.it.run("touch", "/root/secret")
        done = self.it.call("ls", "-A", f"/proc/{pid}/root/root")
        self.assertNotIn("secret", done.stdout)

    def test_it_can_start_nothing_but_itself(self):
        pid = self.start()
        inside = ("nsenter", "--target", pid, "--mount")
        done = self.it.call(*inside, "/bin/sh", "-c", "exit 0")
        self.assertIn("Permission denied", done.stderr)
        for folder in (HOME, "/tmp", "/var/tmp", "/dev/shm", "/run"):
            self.it.run("cp", "/usr/sbin/stat.flexfs",
                        f"/proc/{pid}/root{folder}/copy")
            done = self.it.call(*inside, f"{folder}/copy", "version")
            self.assertIn("Permission denied", done.stderr, folder)
        self.assertIn("stat.flexfs 0.", self.it.run(
            *inside, "/usr/sbin/stat.flexfs", "version"))

    def test_the_certificate_names_the_hosts_addresses(self):
        # Which are asked for by netlink.
        subprocess.run(self.it.in_network("/usr/bin/python3", "-c",
                                          ADD_ADDRESS), check=True)
        self.start()
        text = self.it.run("openssl", "x509", "-noout", "-ext",
                           "subjectAltName", "-in",
                           f"{HOME}/.flexfs/ssl/cert")
        self.assertIn("IP Address:192.0.2.7", text)
        self.assertIn("DNS:clean", text)

    def test_mails_are_written_and_sent(self):
        relay = self.relay(self.it)
        self.it.run("stat.flexfs", "init", "creds", *relay.flags(),
                    stdin=relay.PASSWORD + "\n")
        self.pretend("2026-10-31T23:30:00Z")
        self.start()
        token = self.set_up_account(self.it)
        operator = self.as_service(
            self.it, "create", "token", "--name", "op", "--role",
            "operator").strip()
        report = support.make_report([support.make_volume(
            5 << 30, sampled_at="2026-10-31T23:10:00Z")])
        self.assertEqual(self.it.curl("/v1/reports", token=token,
                                      data=report)[0], 201)
        self.it.curl("/v1/clock", token=operator,
                     data={"now": "2026-11-01T06:00:00Z"})
        self.wait_until(relay.mails, "the mail has come")
        with open(os.path.join(relay.folder, relay.mails()[0]), "rb") as f:
            mail = email.message_from_bytes(f.read())
        # What draws them is loaded in there, too.
        self.assertIn("image/png", [part.get_content_type()
                                    for part in mail.walk()])
        self.wait_until(
            lambda: self.it.show(UNIT, "StatusText")["StatusText"].endswith(
                "reports taken: 1, mails waiting: 0"), "the status tells it")
        self.assertNotIn("error", self.it.journal())

    def pretend(self, start):
        self.it.edit(UNIT, "[Service]\nExecStart=\n"
                     "ExecStart=/usr/sbin/stat.flexfs start --mockTime "
                     f"--mockRate 0 --mockStart {start}\n")


if __name__ == "__main__":
    support.main()
