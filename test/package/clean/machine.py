"""A machine that runs systemd: a clean root, booted in a container of its own
whose only network is a loopback.

    machine = Machine(root)              # as made by root.Root
    machine.boot()
    machine.run("systemctl", "start", "x")
    machine.halt()
"""

import json
import os
import shutil
import signal
import subprocess
import time

from .root import PATH

BOOT_SECS = 30
CERT = "/var/lib/stat.flexfs/.flexfs/ssl/cert"


class Machine:
    def __init__(self, root):
        self.root = root
        self.process = None
        self.leader = None
        self.console = os.path.join(os.path.dirname(root.folder), "console")

    def boot(self):
        with open(self.console, "ab") as console:
            self.process = subprocess.Popen(
                ["systemd-nspawn", "--quiet", "--directory", self.root.folder,
                 "--machine", f"stat-{os.getpid()}", "--private-network",
                 "--register=no", "--keep-unit", "--boot",
                 "--kill-signal=SIGRTMIN+4"],
                stdin=subprocess.DEVNULL, stdout=console,
                stderr=subprocess.STDOUT)
        deadline = time.monotonic() + BOOT_SECS
        while not self._is_up():
            if self.process.poll() is not None or \
                    time.monotonic() > deadline:
                raise AssertionError(f"it does not boot:\n{self.said()}")
            time.sleep(0.05)
        return self

    def said(self):
        with open(self.console, encoding="utf-8", errors="replace") as f:
            return f.read()

    def _is_up(self):
        children = f"/proc/{self.process.pid}/task/{self.process.pid}/children"
        try:
            with open(children, encoding="ascii") as f:
                self.leader = int(f.read().split()[0])
            done = self.call("systemctl", "is-system-running")
        except (OSError, IndexError):
            return False
        return done.stdout.strip() in ("running", "degraded")

    def call(self, *words, stdin=None, timeout=60):
        """Runs a command inside, as root; returns a CompletedProcess with
        texts."""
        return subprocess.run(
            ["nsenter", "--target", str(self.leader), "--all", "--wd=/",
             "env", "-i", f"PATH={PATH}", "HOME=/root", "LC_ALL=C.UTF-8",
             "DEBIAN_FRONTEND=noninteractive", *words],
            input=stdin or "", capture_output=True, text=True,
            timeout=timeout, check=False)

    def run(self, *words, **options):
        """As call; it has to exit 0, and its standard output comes back."""
        done = self.call(*words, **options)
        if done.returncode != 0:
            raise AssertionError(
                f"{words}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def in_network(self, *words):
        """The words that run a program of ours in the machine's network."""
        return ["nsenter", "--target", str(self.leader), "--net", *words]

    def install(self, deb):
        """Installs a package file with dpkg; returns what that said."""
        place = "/var/cache/" + os.path.basename(deb)
        shutil.copy(deb, self.root.path(place))
        try:
            done = self.call("dpkg", "--install", place)
        finally:
            os.unlink(self.root.path(place))
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def curl(self, path, *words, token=None, data=None, port=443):
        """(status, text) of the service, by its own certificate."""
        command = ["curl", "-q", "-sS", "--max-time", "20", "--noproxy", "*",
                   "--cacert", self.root.path(CERT), "-w", "\n%{http_code}",
                   f"https://127.0.0.1:{port}{path}", *words]
        if token is not None:
            command += ["-H", f"Authorization: Bearer {token}"]
        if data is not None:
            command += ["-H", "Content-Type: application/json",
                        "--data-binary", "@-"]
        done = subprocess.run(
            self.in_network(*command), capture_output=True, check=False,
            input=json.dumps(data).encode() if data is not None else b"")
        assert done.returncode == 0, (done.stderr, self.journal())
        text, _, status = done.stdout.decode().rpartition("\n")
        return int(status), text

    def show(self, unit, *names):
        """Properties of a unit, {name: value}."""
        text = self.run("systemctl", "show", unit,
                        *(f"--property={n}" for n in names))
        return dict(line.split("=", 1) for line in text.splitlines())

    def edit(self, unit, text):
        """As `systemctl edit` does."""
        self.root.write(f"/etc/systemd/system/{unit}.d/override.conf", text)
        self.run("systemctl", "daemon-reload")

    def journal(self, unit="stat.flexfs.service"):
        return self.run("journalctl", "--boot", "--no-pager", "--output=cat",
                        "--unit", unit)

    def halt(self):
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None
