"""contrib/report-usage as an admin server runs it, and a bad network before
the statistics server."""

import collections
import os
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

from .report import rfc3339
from .server import TOP, wait_until

SCRIPT = os.path.join(TOP, "contrib/report-usage")

Run = collections.namedtuple("Run", "code text")


class Reporter:
    """The script with a folder, settings and a list of its own.

        reporter = Reporter(test.folder(), url, token)
        reporter.list([(uuid, 1024, "lab", "acme")])
        reporter.run(at=1790812800).code
    """

    def __init__(self, folder, url, token, shell="sh", awk=None, **settings):
        self.folder = folder
        self.shell = shell.split()
        self.env = dict(os.environ)
        self.spool = self.path("spool")
        self.token_file = self.path("token")
        self.write_token(token)
        self.list([])
        self.settings = dict(
            url=url, token_file=self.token_file, spool=self.spool,
            list_file=self.path("list"), timeout=60, **settings)
        if awk is not None:
            self.put_before("awk", f'exec {awk} "$@"')

    def path(self, name):
        return os.path.join(self.folder, name)

    def write_token(self, token):
        with open(self.token_file, "w", encoding="ascii") as f:
            f.write(token + "\n")
        os.chmod(self.token_file, 0o600)

    def put_before(self, name, script):
        """A command of that name that the script finds first."""
        there = self.path("bin")
        os.makedirs(there, exist_ok=True)
        with open(os.path.join(there, name), "w", encoding="utf-8") as f:
            f.write("#!/bin/sh\n" + script + "\n")
        os.chmod(os.path.join(there, name), 0o755)
        if not self.env["PATH"].startswith(there):
            self.env["PATH"] = there + ":" + self.env["PATH"]

    def list(self, volumes):
        """Lines of the list: tuples of columns, or bytes."""
        data = b"".join(
            v if isinstance(v, bytes) else
            "\t".join(map(str, v)).encode() + b"\n" for v in volumes)
        with open(self.path("list"), "wb") as f:
            f.write(data)

    def command(self, at=None, *words):
        # Others may be reading it.
        with open(self.path("conf.new"), "w", encoding="utf-8") as f:
            f.writelines(f"{k} = {v}\n" for k, v in self.settings.items()
                         if v is not None)
        os.rename(self.path("conf.new"), self.path("conf"))
        at = ["--at", rfc3339(at)] if at is not None else []
        return [*self.shell, SCRIPT, "--configFile", self.path("conf"),
                *at, *words]

    def run(self, at=None, *words, limit=None, stdin=b""):
        """A run to its end; limit: no file gets larger than so many bytes,
        as if the disk were full then."""
        def cap():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        with tempfile.TemporaryFile() as out:
            done = subprocess.run(
                self.command(at, *words), input=stdin, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE if limit is None else out,
                env=self.env, check=False, timeout=300,
                restore_signals=limit is None,
                preexec_fn=None if limit is None else cap)
            err = done.stderr or b""
        assert done.stdout == b"", done.stdout
        return Run(done.returncode, err.decode(errors="replace"))

    def start(self, at=None, *words):
        return subprocess.Popen(
            self.command(at, *words), env=self.env, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)

    def kill(self, process, with_children):
        """kill -9, of the shell alone or of all that it has started; none of
        them is there when this returns."""
        os.kill(process.pid, signal.SIGKILL)
        if with_children:
            kill_group(process.pid)
        process.wait()
        wait_until(lambda: not group_lives(process.pid),
                   "what a killed run had started is gone", 120)

    def waiting(self):
        return sorted(name for name in os.listdir(self.spool)
                      if ".json" in name)

    def rejected(self):
        return sorted(os.listdir(os.path.join(self.spool, "rejected")))

    def leftovers(self):
        return [name for name in os.listdir(self.spool)
                if name.startswith("tmp.")]


def kill_group(pid):
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def group_lives(pid):
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return False
    return True


class Gateway:
    """Listens on a port of its own and hands connections on to a server, in
    one of these moods:

        "pass"      as it is
        "cut"       the connection ends within the request
        "lose"      the request is handed on and answered, and the answer
                    lost
        "busy"      503, without asking the server
        "portal"    200, with a page
        ("answer", status, body)
                    that, without asking the server
    """

    def __init__(self, port=None):
        self.port_behind = port
        self.mood = "pass"
        self.seen = []  # requests, bytes
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.threads = []
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def close(self):
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        self.thread.join(10)
        for thread in self.threads:
            thread.join(10)

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            thread = threading.Thread(
                target=self.handle, args=(client,), daemon=True)
            self.threads = [t for t in self.threads if t.is_alive()]
            self.threads.append(thread)
            thread.start()

    def handle(self, client):
        client.settimeout(60)
        try:
            with client:
                self.talk(client)
        except OSError:
            pass

    def talk(self, client):
        mood = self.mood
        data = b""
        if mood == "cut":
            client.recv(200)
            return
        while b"\r\n\r\n" not in data:
            data += self.more(client)
        head, _, body = data.partition(b"\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n"):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        while len(body) < length:
            body += self.more(client)
        request = head + b"\r\n\r\n" + body
        self.seen.append(request)
        answer = self.answer(mood, request)
        if mood != "lose":
            client.sendall(answer)

    def more(self, peer):
        data = peer.recv(65536)
        if not data:
            raise OSError("closed early")
        return data

    def answer(self, mood, request):
        if mood == "busy":
            mood = ("answer", 503, b'{"detail":"not now"}')
        elif mood == "portal":
            mood = ("answer", 200, b"<html>Please log in</html>")
        if mood[0] == "answer":
            return (b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n"
                    b"Connection: close\r\n\r\n%s" % (
                        mood[1], len(mood[2]), mood[2]))
        with socket.create_connection(
                ("127.0.0.1", self.port_behind), 60) as server:
            server.sendall(request.replace(
                b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
            data = b""
            while True:
                more = server.recv(65536)
                if not more:
                    return data
                data += more


def remove(path):
    shutil.rmtree(path, ignore_errors=True)


def nap(secs):
    """A random moment of a run, which no condition could wait for."""
    time.sleep(secs)
