"""While a relay hangs, reports are answered: none waits for it.

It hangs for $MAIL_HANG_SECS (15), with four clients that send one report after
the other. A report that had to wait would do so for most of that time; how
fast they are otherwise is printed, and judged by make bench."""
# timeout: 240

import json
import os
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../smtpd"))
from mailing import Site, support  # noqa: E402
from fault_smtpd import FaultSmtpd  # noqa: E402

HANG_SECS = float(os.environ.get("MAIL_HANG_SECS", "15"))
CLIENTS = 4
QUIET_SECS = 3
NOW = "2024-02-01T00:10:00Z"


class Client(threading.Thread):
    """Sends reports of ten volumes on one connection, and takes the time
    from the first byte sent to the last byte answered."""

    def __init__(self, site, stop):
        super().__init__()
        self.port, self.token = site.server.port, site.tokens["acme"]
        self.stop = stop
        self.millis = []
        self.wrong = []

    def request(self):
        report = support.make_report(
            [support.make_volume(1 << 30, sampled_at=NOW, name="v%d" % i)
             for i in range(10)], sent_at=NOW)
        body = json.dumps(report).encode()
        return (b"POST /v1/reports HTTP/1.1\r\nHost: x\r\n"
                b"Authorization: Bearer %s\r\n"
                b"Content-Type: application/json\r\n"
                b"Content-Length: %d\r\n\r\n" % (self.token.encode(),
                                                 len(body))) + body

    def exchange(self, sock, request):
        began = time.monotonic()
        sock.sendall(request)
        got = b""
        while b"\r\n\r\n" not in got:
            got += self.receive(sock)
        head, _, body = got.partition(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split()[0])
        while len(body) < length:
            body += self.receive(sock)
        self.millis.append((time.monotonic() - began) * 1000)
        if not head.startswith(b"HTTP/1.1 201"):
            self.wrong.append(head + body)

    def receive(self, sock):
        got = sock.recv(65536)
        if not got:
            raise EOFError("the server closed the connection")
        return got

    def run(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), 60) as s:
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                while not self.stop.is_set():
                    self.exchange(s, self.request())
                    self.stop.wait(0.01)  # as many clients, not a flood
        except (OSError, EOFError) as error:
            self.wrong.append(repr(error))


class MailNeverBlocksReports(support.TestCase):
    def quiet(self, place):
        """A server with no mail to send; its relay will hang in place."""
        site = Site(self)
        relay = FaultSmtpd(cert=site.cert("good"), hang=place)
        self.addCleanup(relay.close)
        site.give_creds(relay)
        site.start()
        site.month("2024-01", acme=5)
        site.clock("2024-02-01T00:09:00Z")
        return site

    def measure(self, what, site, secs):
        """The longest that a report waited for its answer, in seconds."""
        stop = threading.Event()
        clients = [Client(site, stop) for _ in range(CLIENTS)]
        for client in clients:
            client.start()
        until = time.monotonic() + secs
        while time.monotonic() < until and all(c.is_alive() for c in clients):
            stop.wait(0.05)
        stop.set()
        for client in clients:
            client.join()
            self.assertEqual(client.wrong, [])
        millis = sorted(t for c in clients for t in c.millis)
        self.assertGreater(len(millis), CLIENTS)
        p50, p99 = (millis[int(len(millis) * q)] for q in (0.5, 0.99))
        print(f"# {what} for {secs:g} s: {len(millis)} reports, "
              f"p50 {p50:.2f} ms, p99 {p99:.2f} ms, max {millis[-1]:.2f} ms",
              flush=True)
        return millis[-1] / 1000

    def check(self, place, secs):
        site = self.quiet(place)
        self.measure("no mail", site, QUIET_SECS)
        self.assertEqual(site.mails(), [])
        site.clock(NOW)
        site.until_state(1, "sending")
        longest = self.measure("relay hangs in " + place, site, secs)
        row = site.mail(1)
        self.assertIn(row["state"], ("sending", "due"))
        self.assertEqual(row["attempts"], 1)
        if secs < 29:  # a step of a delivery has 30 s
            self.assertEqual(row["state"], "sending")
        self.assertLess(longest, secs / 2)

    def test_while_it_hangs_before_a_word(self):
        self.check("connect", HANG_SECS / 3)

    def test_while_it_hangs_with_the_message_taken(self):
        self.check("dot", HANG_SECS * 2 / 3)


if __name__ == "__main__":
    support.main()
