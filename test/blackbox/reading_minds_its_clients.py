"""Long answers are sent while they are made, no faster than the client reads;
who leaves ends the process that makes them; what is too much is told to try
again."""
# timeout: 600

import atexit
import glob
import gzip
import os
import shutil
import socket
import tempfile
import time

import support
from support.reading import CLOCK

NOW = "2026-11-01T00:30:00Z"  # nothing is closed yet
SPAN = "from=2026-10-01&to=2026-11-01"
USAGE = f"/v1/usage?{SPAN}&step=hour"
VOLUMES = 40
HEAD = b"\r\n\r\n"


def children(pid):
    """Processes that this one has started: {pid: words}."""
    found = {}
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path, encoding="utf-8", errors="replace") as f:
                rest = f.read().rpartition(")")[2].split()
            if int(rest[1]) == pid and rest[0] != "Z":
                with open(os.path.dirname(path) + "/cmdline", "rb") as f:
                    found[path.split("/")[2]] = f.read().split(b"\0")
        except OSError:
            pass  # it has ended
    return found


class ReadingMindsItsClients(support.TestCase):
    made = None  # (folder of a database, a reader's token)

    def setUp(self):
        if self.made is None:
            self.make()
        folder, self.reader = self.made
        self.it = self.server(args=[*CLOCK, NOW])
        shutil.copytree(folder, self.it.db, dirs_exist_ok=True)
        self.it.start()

    def make(self):
        self.it = self.server(args=[*CLOCK, NOW])
        self.it.create_account("acme")
        self.it.create_rate("acme", "0.03")
        source = self.it.create_source("admin1", "acme")
        self.reader = self.it.create_token("rita", "reader")
        self.it.start()
        for _ in range(VOLUMES // 20):
            samples = [sample for _ in range(20) for sample in support.hourly(
                12345, "2026-10-01T00:00:00Z", 31 * 24, account="acme",
                name="volume " + "x" * 100)]
            self.assertEqual(self.it.send_report(
                source, support.make_report(samples, sent_at=NOW)).status,
                201)
        self.it.stop(timeout=60)
        place = tempfile.mkdtemp(prefix="shelf-")
        atexit.register(shutil.rmtree, place, ignore_errors=True)
        shutil.copytree(self.it.db, os.path.join(place, "db"))
        ReadingMindsItsClients.made = (os.path.join(place, "db"), self.reader)

    def readers(self):
        return [pid for pid, words in children(self.it.pid).items()
                if b"get" in words]

    def ask(self, target=USAGE, size=None):
        """A connection on which the answer begins; little of it is read."""
        s = socket.socket()
        self.addCleanup(s.close)
        if size is not None:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)
        s.settimeout(60)
        s.connect(("127.0.0.1", self.it.port))
        s.sendall((f"GET {target} HTTP/1.1\r\nHost: h\r\n"
                   f"Authorization: Bearer {self.reader}\r\n\r\n").encode())
        got = b""
        while HEAD not in got:
            more = s.recv(2048)
            self.assertTrue(more)
            got += more
        return s, got

    def rest(self, s, got):
        while not got.endswith(b"\r\n0\r\n\r\n"):
            more = s.recv(1 << 16)
            self.assertTrue(more, "it ended too early")
            got += more
        return unchunk(got.partition(HEAD)[2])

    def test_a_long_answer_is_whole_however_it_is_read(self):
        whole = self.it.ok("export", "--from", "2026-10-01", "--to",
                           "2026-11-01", "--step", "hour", *CLOCK, NOW)
        self.assertGreater(len(whole), 4 << 20)  # than buffers take
        target = USAGE + "&format=csv"
        answer = self.it.curl(target, token=self.reader, timeout=120)
        self.assertEqual(answer.headers["Transfer-Encoding"], "chunked")
        self.assertEqual(answer.text(), whole)
        packed = self.it.curl(target, "-H", "Accept-Encoding: gzip",
                              token=self.reader, timeout=120)
        self.assertEqual(gzip.decompress(packed.body).decode(), whole)
        self.assertLess(len(packed.body), len(whole) // 10)
        # HTTP/1.0: until the connection ends.
        old = self.it.curl(target, "--http1.0", token=self.reader, timeout=120)
        self.assertNotIn("Transfer-Encoding", old.headers)
        self.assertEqual(old.text(), whole)
        s, got = self.ask(target)
        self.assertEqual(self.rest(s, got).decode(), whole)

    def test_a_long_answer_has_a_tag(self):
        answer = self.it.curl(USAGE, token=self.reader, timeout=120)
        tag = answer.headers["ETag"]
        again = self.it.curl(USAGE, "-H", "If-None-Match: " + tag,
                             token=self.reader)
        self.assertEqual((again.status, again.body), (304, b""))
        self.it.create_rate("acme", "0.04", from_="2026-10-10T00:00:00Z")
        after = self.it.curl(USAGE, "-H", "If-None-Match: " + tag,
                             token=self.reader, timeout=120)
        self.assertEqual(after.status, 200)
        self.assertNotEqual(after.headers["ETag"], tag)
        head = self.it.curl(USAGE, "--head", token=self.reader)
        self.assertEqual(head.status, 200)
        self.assertNotIn("Content-Length", head.headers)

    def test_who_waits_costs_little_and_who_leaves_nothing(self):
        clients = [self.ask(size=4096) for _ in range(2)] + [self.ask()]
        self.wait_until(lambda: len(self.readers()) == 3, "three processes")
        # They wait, and the server serves others meanwhile.
        for _ in range(5):
            self.assertEqual(self.it.curl("/v1/accounts", token=self.reader)
                             .status, 200)
            time.sleep(0.1)
        self.assertEqual(len(self.readers()), 3)
        for s, _ in clients[:2]:
            s.close()
        self.wait_until(lambda: len(self.readers()) == 1,
                        "who left has no process any more", 60)
        self.assertTrue(self.rest(*clients[2]).startswith(b'{"usage":'))
        self.wait_until(lambda: not self.readers(), "none is left", 60)

    def test_too_many_long_answers_are_refused(self):
        clients = [self.ask(size=4096) for _ in range(6)]
        refused = self.it.curl(USAGE, token=self.reader)
        self.assertEqual(refused.status, 503, refused)
        self.assertGreater(int(refused.headers["Retry-After"]), 0)
        # Short ones are made all the same.
        self.assertEqual(self.it.curl("/v1/volumes", token=self.reader)
                         .status, 200)
        clients[0][0].close()
        self.wait_until(lambda: len(self.readers()) == 5, "one has ended", 60)
        self.assertEqual(
            self.it.curl(USAGE, "--head", token=self.reader).status, 200)

    def test_an_answer_that_breaks_off_is_not_taken_for_whole(self):
        s, got = self.ask(size=4096)
        pid, = self.readers()
        os.kill(int(pid), 9)
        try:
            while True:
                more = s.recv(1 << 16)
                if not more:
                    break
                got += more
        except ConnectionResetError:
            pass
        self.assertFalse(got.endswith(b"0\r\n\r\n"))
        line = self.it.wait_log("reading.failed", 60)
        self.assertEqual(line.fields["signal"], "9")

    def test_many_short_questions_wait_their_turn(self):
        sockets = []
        for _ in range(60):
            s = socket.create_connection(("127.0.0.1", self.it.port), 60)
            s.sendall(f"GET /v1/accounts HTTP/1.1\r\nHost: h\r\n"
                      f"Authorization: Bearer {self.reader}\r\n"
                      f"Connection: close\r\n\r\n".encode())
            sockets.append(s)
        for s in sockets:
            got = b""
            while more := s.recv(1 << 16):
                got += more
            s.close()
            self.assertTrue(got.startswith(b"HTTP/1.1 200 "), got[:100])

    def test_it_stops_in_the_middle(self):
        self.ask(size=4096)
        self.it.signal(15)
        self.assertEqual(self.it.wait_exit(60), 0)
        self.assertEqual(self.it.lines("reading.failed"), [])


def unchunk(data):
    body = b""
    while data:
        size, _, data = data.partition(b"\r\n")
        count = int(size, 16)
        if count == 0:
            break
        body += data[:count]
        data = data[count + 2:]
    return body


if __name__ == "__main__":
    support.main()
