# timeout: 300
"""--pprof: profiles of the running server, read by google-pprof straight from
their address; without the library a clear word instead of a server."""

import http.client
import os
import re
import socket
import subprocess
import threading
import time

import support

SANITIZED = "SAN" in os.environ or "address" in os.environ.get(
    "STAT_BINARY", "")
PASSWORD = "korrekt-horse-Zx9"


class ServerProfiles(support.TestCase):
    def open(self, *more, **options):
        server = self.server(**options)
        server.create_account("acme")
        self.token = server.create_source("admin1", "acme")
        server.start("--pprof", "--pprofPort", "0", *more, timeout=60)
        self.bind = server.wait_log("pprof.ready").fields["bind"]
        self.port = int(self.bind.rpartition(":")[2])
        return server

    def get(self, path, method="GET", body=None, timeout=120):
        link = http.client.HTTPConnection("127.0.0.1", self.port,
                                          timeout=timeout)
        try:
            link.request(method, path, body)
            answer = link.getresponse()
            return answer.status, answer.read()
        finally:
            link.close()

    def pprof(self, path, *words):
        env = dict(os.environ, PPROF_TMPDIR=self.folder(),
                   HOME=self.folder())
        done = subprocess.run(
            ["google-pprof", "--text", *words, f"http://{self.bind}{path}"],
            capture_output=True, text=True, env=env, timeout=120, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def keep_busy(self, server):
        """Reports without a pause, until the test ends; counts them."""
        stop = threading.Event()
        times = []

        def send():
            link = http.client.HTTPConnection("127.0.0.1", server.port)
            while not stop.is_set():
                begun = time.monotonic()
                link.request("POST", "/v1/reports", support.server.jsonlib
                             .dumps(support.make_report(
                                 [support.make_volume(1)] * 1)), {
                                 "Authorization": f"Bearer {self.token}",
                                 "Content-Type": "application/json"})
                link.getresponse().read()
                times.append(time.monotonic() - begun)
            link.close()

        thread = threading.Thread(target=send)
        thread.start()

        def end():
            stop.set()
            thread.join(60)

        self.addCleanup(end)
        return times, end

    def test_google_pprof_reads_where_time_goes(self):
        server = self.open()
        times, end = self.keep_busy(server)
        text = self.pprof("/debug/pprof/profile", "--seconds=3")
        end()
        found = re.search(r"Total: (\d+) samples", text)
        self.assertTrue(found, text)
        self.assertGreater(int(found.group(1)), 5)
        # Functions of the program and of libraries, by name.
        self.assertRegex(text, r"\bevent_base_loop\b")
        self.assertRegex(text, r"\b(ingest_flush|on_post_report|"
                               r"ledger_\w+|ingest_report)\b")
        # Reports were taken all the time.
        self.assertGreater(len(times), 10)

    def test_google_pprof_reads_what_memory_is_for(self):
        server = self.open()
        if SANITIZED:
            status, body = self.get("/debug/pprof/heap")
            self.assertEqual(status, 404)
            self.assertIn(b"allocator", body)
            return
        for _ in range(3):
            server.send_report(self.token, support.make_report(
                [support.make_volume(1, name="x" * 200)
                 for _ in range(3000)]))
        text = self.pprof("/debug/pprof/heap")
        self.assertRegex(text, r"Total: [0-9.]+ MB")
        self.assertRegex(text, r"\b(buf_\w+|volume_\w+|report_\w+|metrics_\w+|"
                               r"http_\w+|CRYPTO_\w+)\b")
        self.assertIn(b"heap_v2/", self.get("/debug/pprof/heap")[1])

    def test_nothing_waits_while_a_profile_is_taken(self):
        server = self.open()
        result = []
        thread = threading.Thread(target=lambda: result.append(
            self.get("/debug/pprof/profile?seconds=4")))
        thread.start()
        server.wait_log("pprof.profile_begun", timeout=60)
        self.assertEqual(self.get("/debug/pprof/profile?seconds=1")[0], 409)
        for _ in range(20):
            self.assertEqual(server.curl("/healthz").status, 200)
            self.assertEqual(server.send_report(
                self.token, support.make_report([])).status, 201)
        self.assertTrue(thread.is_alive() or result)
        thread.join(60)
        status, body = result[0]
        self.assertEqual(status, 200)
        self.assertGreater(len(body), 100)
        # What the library prints is no line of the log.
        self.assertEqual({line.level for line in server.lines()},
                         {"info", "warn"})
        # The next one may begin.
        self.assertEqual(self.get("/debug/pprof/profile?seconds=1")[0], 200)

    def test_a_server_that_ends_gives_what_it_has(self):
        server = self.open()
        result = []
        thread = threading.Thread(target=lambda: result.append(
            self.get("/debug/pprof/profile?seconds=500")))
        thread.start()
        server.wait_log("pprof.profile_begun", timeout=60)
        self.assertEqual(self.get("/debug/pprof/profile?seconds=1")[0], 409)
        server.stop(timeout=20)
        thread.join(60)
        self.assertFalse(thread.is_alive())

    def test_a_client_may_leave(self):
        server = self.open()
        with socket.create_connection(("127.0.0.1", self.port)) as s:
            s.sendall(b"GET /debug/pprof/profile?seconds=1 HTTP/1.1\r\n"
                      b"Host: h\r\n\r\n")
            server.wait_log("pprof.profile_begun", timeout=60)
        server.wait_log("pprof.profile_taken", timeout=60)
        self.assertEqual(self.get("/debug/pprof/profile?seconds=1")[0], 200)

    def test_names_and_command_line(self):
        server = self.open("--smtpPass", PASSWORD, "--smtpAddr", "h.test:25",
                           "--smtpFrom", "a@x.test", "--smtpTo", "b@x.test",
                           "--smtpUser", "u")
        status, body = self.get("/debug/pprof/symbol")
        self.assertEqual((status, body), (200, b"num_symbols: 1\n"))
        with open(f"/proc/{server.pid}/maps", encoding="utf-8") as f:
            libc = next(line for line in f if "libc.so" in line)
        base = int(libc.split("-")[0], 16)
        nm = subprocess.run(["nm", "-D", libc.split()[-1]], check=True,
                            capture_output=True, text=True).stdout
        at = int(re.search(r"^(\w+) \w strtoul@", nm, re.M).group(1), 16)
        address = f"0x{base + at:x}"
        for status, body in (
                self.get("/debug/pprof/symbol", "POST", address + "+0x1"),
                self.get("/debug/pprof/symbol?" + address)):
            self.assertEqual(status, 200)
            self.assertRegex(body.decode(),
                             rf"^{address}\t\w*strtoul\w*\n$")
        status, body = self.get("/debug/pprof/cmdline")
        self.assertEqual(status, 200)
        self.assertIn(b"\0--pprof\0", body)
        self.assertNotIn(PASSWORD.encode(), body)

    def test_what_is_refused(self):
        self.open()
        for path, method, status in (
                ("/", "GET", 404), ("/metrics", "GET", 404),
                ("/debug/pprof/", "GET", 404),
                ("/debug/pprof/profile", "POST", 405),
                ("/debug/pprof/heap", "DELETE", 405),
                ("/debug/pprof/profile?seconds=0", "GET", 400),
                ("/debug/pprof/profile?seconds=601", "GET", 400),
                ("/debug/pprof/profile?seconds=x", "GET", 400),
                ("/debug/pprof/profile?debug=1", "GET", 400)):
            with self.subTest(path=path):
                self.assertEqual(self.get(path, method)[0], status)

    def test_it_listens_on_the_loopback_interface_alone(self):
        server = self.open()
        self.assertTrue(self.bind.startswith("127.0.0.1:"))
        with open(f"/proc/{server.pid}/net/tcp", encoding="utf-8") as f:
            mine = [line.split()[1] for line in f
                    if line.split()[1].endswith(f":{self.port:04X}")
                    and line.split()[3] == "0A"]
        self.assertEqual(mine, [f"0100007F:{self.port:04X}"])

    def test_off_costs_nothing(self):
        server = self.server()
        server.start()
        with open(f"/proc/{server.pid}/maps", encoding="utf-8") as f:
            text = f.read()
        for name in ("libprofiler", "libtcmalloc", "libstdc++"):
            if not SANITIZED:
                self.assertNotIn(name, text)
        self.assertEqual(server.lines("pprof.ready"), [])
        self.assertEqual(len([line for line in open(
            f"/proc/{server.pid}/net/tcp", encoding="utf-8")
            if line.split()[1].endswith(f":{6065:04X}")
            and line.split()[3] == "0A"]), 0)

    def test_children_do_not_have_it(self):
        server = self.open()
        with open(f"/proc/{server.pid}/cmdline", "rb") as f:
            words = f.read().split(b"\0")
        self.assertEqual(words.count(b"start"), 1)
        with open(f"/proc/{server.pid}/comm", encoding="utf-8") as f:
            self.assertEqual(f.read().strip(), "stat.flexfs")

    def test_without_the_library_it_says_so(self):
        """In a place that looks as if it were not installed."""
        server = self.server()
        done = subprocess.run(
            ["unshare", "--mount", "sh", "-c",
             'for f in /usr/lib/*/libprofiler.so.0 '
             '/usr/lib/*/libtcmalloc.so.4; do '
             'mount --bind /dev/null "$f"; done; exec "$@"', "sh",
             *support.binary(), "start", "--pprof", "--noSSL", "--bindAddr",
             "127.0.0.1:0", "--dbFolder", server.db],
            capture_output=True, text=True, env=server.env, timeout=60,
            check=False)
        if "unshare" in done.stderr or "mount:" in done.stderr:
            self.skipTest("no mounts of our own here: " + done.stderr)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("libgoogle-perftools4", done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)


if __name__ == "__main__":
    support.main()
