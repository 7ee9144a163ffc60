"""What the tests of the Debian package share: the package, a clean root with
all that it depends on, and a machine that boots it.

    class X(clean.TestCase):
        def test_y(self):
            machine = self.machine()        # booted, without the package
            machine.install(self.deb)
            other = self.machine(installed=True)
"""

import fcntl
import glob
import os
import shutil
import subprocess
import sys
import tempfile

import support
from support import manual

from .machine import CERT, Machine
from .root import Root, dependencies

sys.path.insert(0, os.path.join(manual.TOP, "test/smtpd"))
import certs  # noqa: E402

# systemd boots it, userdel is in passwd.
ALSO = ["systemd", "passwd"]
NEEDED = ("Depends", "Recommends")
USER = "stat-flexfs"
HOME = "/var/lib/stat.flexfs"
UNIT = "stat.flexfs.service"


def build():
    """The path of the package, which is made if it is older than the tree."""
    os.makedirs(os.path.join(manual.TOP, "build"), exist_ok=True)
    with open(os.path.join(manual.TOP, "build/deb.lock"), "ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = subprocess.run(
            ["make", "-s", "-C", manual.TOP, "deb"], capture_output=True,
            stdin=subprocess.DEVNULL, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = glob.glob(os.path.join(manual.TOP, "build/deb/*.deb"))
    return path


class Relay:
    USER, PASSWORD = "stat@sender.test", "correct horse"

    def __init__(self, machine, folder):
        certs.make(folder)
        self.ca = "/etc/relay-ca.pem"
        with open(os.path.join(folder, "ca.pem"), encoding="utf-8") as f:
            machine.root.write(self.ca, f.read())
        self.folder = os.path.join(folder, "mails")
        os.mkdir(self.folder)
        self.process = subprocess.Popen(
            machine.in_network(
                "/usr/bin/python3",
                os.path.join(manual.TOP, "test/smtpd/fault_smtpd.py"),
                "--folder", self.folder, "--user",
                f"{self.USER}:{self.PASSWORD}",
                "--cert", os.path.join(folder, "good.pem")),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().split()[1])

    def flags(self):
        """For init creds; the password is yet to be told."""
        return ["--smtpAddr", f"localhost:{self.port}", "--smtpUser",
                self.USER, "--smtpFrom", self.USER, "--smtpTo",
                "to@rcpt.test", "--smtpCA", self.ca]

    def mails(self):
        return os.listdir(self.folder)

    def close(self):
        self.process.stdin.close()
        self.process.wait(20)
        self.process.stdout.close()


class TestCase(support.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.deb = build()
        cls.place = tempfile.mkdtemp(prefix="clean-")
        cls.addClassCleanup(shutil.rmtree, cls.place, ignore_errors=True)
        os.chmod(cls.place, 0o755)
        cls.bases = {}

    @classmethod
    def make_base(cls, installed):
        if not installed:
            return Root(os.path.join(cls.place, "base"),
                        ALSO + [name for field in NEEDED
                                for name in dependencies(cls.deb, field)])
        root = cls.base(False).copy(os.path.join(cls.place, "installed"))
        shutil.copy(cls.deb, root.path("/var/cache/x.deb"))
        root.run("dpkg", "--install", "/var/cache/x.deb")
        os.unlink(root.path("/var/cache/x.deb"))
        return root

    @classmethod
    def base(cls, installed):
        if installed not in cls.bases:
            cls.bases[installed] = cls.make_base(installed)
        return cls.bases[installed]

    def root(self, installed=False):
        """A clean root of this test's own."""
        return self.base(installed).copy(
            os.path.join(tempfile.mkdtemp(dir=self.place), "root"))

    def machine(self, installed=False):
        """A machine with such a root; it runs."""
        machine = Machine(self.root(installed))
        self.addCleanup(machine.halt)
        return machine.boot()

    def version(self, number):
        """The package again, under another version."""
        folder = tempfile.mkdtemp(dir=self.place)
        tree = os.path.join(folder, "tree")
        subprocess.run(["dpkg-deb", "--raw-extract", self.deb, tree],
                       check=True)
        control = os.path.join(tree, "DEBIAN/control")
        with open(control, encoding="utf-8") as f:
            lines = [f"Version: {number}\n" if line.startswith("Version:")
                     else line for line in f]
        with open(control, "w", encoding="utf-8") as f:
            f.writelines(lines)
        path = os.path.join(folder, "new.deb")
        subprocess.run(["dpkg-deb", "--build", "--root-owner-group", "-Znone",
                        tree, path], check=True, capture_output=True)
        return path

    def relay(self, machine):
        """A mail server in the machine, which asks for a password."""
        relay = Relay(machine, self.folder())
        self.addCleanup(relay.close)
        return relay

    def set_up_account(self, machine):
        """An account with a source on the service's database; returns the
        source's token."""
        self.as_service(machine, "create", "account", "--name", "acme")
        self.as_service(machine, "create", "rate", "--account", "acme",
                        "--rate", "0.03")
        return self.as_service(machine, "create", "source", "--name",
                               "admin1", "--account", "acme").strip()

    def as_service(self, machine, *words):
        """A command, run as the manual says; what it prints."""
        return machine.run("runuser", "-u", USER, "--", "env", f"HOME={HOME}",
                           "stat.flexfs", *words)


__all__ = ["ALSO", "CERT", "HOME", "Machine", "Root", "TestCase", "UNIT", "USER",
           "build"]
