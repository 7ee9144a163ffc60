"""A stand-in for systemd: a notify socket, and sockets to hand over."""

import os
import socket
import struct
import threading
import time

# Moves the descriptors named behind the first word to 3, 4, ..., where systemd
# leaves them; the first word is LISTEN_FDS.
HAND_OVER = """
import fcntl, os, sys
count, fds, *words = sys.argv[1:]
high = [fcntl.fcntl(int(fd), fcntl.F_DUPFD, 100) for fd in fds.split(",")]
for number, fd in enumerate(high, 3):
    os.dup2(fd, number)
    os.close(fd)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=count)
os.execv(words[0], words)
"""


class Manager:
    """Listens at a socket in folder until close(); env is for the server."""

    def __init__(self, folder, watchdog_secs=None):
        self.path = os.path.join(folder, "notify")
        self.env = {"NOTIFY_SOCKET": self.path}
        if watchdog_secs is not None:
            self.env["WATCHDOG_USEC"] = str(int(watchdog_secs * 1e6))
        self.messages = []  # (monotonic time, sender's pid, {name: value})
        self._news = threading.Condition()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._socket.bind(self.path)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        while True:
            data, control, _, _ = self._socket.recvmsg(
                65536, socket.CMSG_SPACE(struct.calcsize("3i")))
            if data == b"end":
                return
            pid = struct.unpack("3i", control[0][2])[0]
            message = dict(line.split("=", 1)
                           for line in data.decode().split("\n"))
            with self._news:
                self.messages.append((time.monotonic(), pid, message))
                self._news.notify_all()

    def close(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.sendto(b"end", self.path)
        self._reader.join(5)
        self._socket.close()

    def mark(self):
        with self._news:
            return len(self.messages)

    def wait(self, wanted, timeout=20, after=0, **values):
        """The first message after the mark that has the name wanted and these
        values; a value may be a function that says yes."""
        def fits(message):
            return wanted in message and all(
                value(message.get(name, "")) if callable(value)
                else message.get(name) == value
                for name, value in values.items())

        deadline = time.monotonic() + timeout
        at = after
        with self._news:
            while True:
                for _, _, message in self.messages[at:]:
                    at += 1
                    if fits(message):
                        return message
                left = deadline - time.monotonic()
                if left <= 0:
                    raise AssertionError(
                        f"after {timeout} s nothing told {wanted} {values}: "
                        f"{[m for _, _, m in self.messages]}")
                self._news.wait(left)


def hand_over(*sockets):
    """Options of a server that inherits these listening sockets."""
    return {"pass_fds": [s.fileno() for s in sockets],
            "wrap": ["/usr/bin/python3", "-c", HAND_OVER, str(len(sockets)),
                     ",".join(str(s.fileno()) for s in sockets)]}
