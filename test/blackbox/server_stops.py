"""SIGTERM: what was taken is answered and stored, and the server is gone
within 5 s with exit status 0."""

import http.client
import json
import os
import signal
import sqlite3
import threading
import time

import support


class Client(threading.Thread):
    """Sends report after report until a connection is refused."""

    def __init__(self, port, token):
        super().__init__(daemon=True)
        self.port = port
        self.headers = {"Authorization": f"Bearer {token}",
                        "Content-Type": "application/json"}
        self.taken = []
        self.cut = []     # sent whole, and no answer
        self.others = []  # answers that are neither 201 nor 503

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port,
                                                timeout=10)
        while True:
            report = support.make_report([support.make_volume(7)])
            try:
                connection.connect() if connection.sock is None else None
            except OSError:
                return  # it takes no more
            try:
                connection.request("POST", "/v1/reports",
                                   json.dumps(report), self.headers)
                answer = connection.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException):
                self.cut.append(report["report_id"])
                connection.close()
                continue
            if answer.status == 201:
                self.taken.append(report["report_id"])
            elif answer.status != 503:
                self.others.append(answer.status)


class ServerStops(support.TestCase):
    def setUp(self):
        self.it = self.server()
        self.it.create_account("acme")
        self.token = self.it.create_source("admin1", "acme")
        self.it.start()

    def stored(self):
        db = sqlite3.connect(f"file:{self.it.db}/stat.db?mode=ro", uri=True)
        try:
            return {subject for subject, in db.execute(
                "SELECT subject FROM fact WHERE kind = 'report.accepted'")}
        finally:
            db.close()

    def test_under_load_every_taken_report_is_answered_and_stored(self):
        clients = [Client(self.it.port, self.token) for _ in range(8)]
        for c in clients:
            c.start()
        self.wait_until(lambda: sum(len(c.taken) for c in clients) > 200,
                        "the load runs")
        self.it.stop(timeout=5)
        for c in clients:
            c.join(20)
            self.assertFalse(c.is_alive())
        taken = {r for c in clients for r in c.taken}
        cut = {r for c in clients for r in c.cut}
        self.assertEqual([s for c in clients for s in c.others], [])
        stored = self.stored()
        self.assertEqual(taken - stored, set(), "answered and not stored")
        # A report may be cut off on its way in, but not once it is stored.
        self.assertEqual(stored - taken, set(), "stored and not answered")
        print(f"# {len(taken)} answered, {len(cut)} cut off on the way in")
        self.assertEqual(len(self.it.lines("server.stopped")), 1)
        # Nothing is left in the log of changes.
        wal = os.path.join(self.it.db, "stat.db-wal")
        self.assertTrue(not os.path.exists(wal) or
                        os.path.getsize(wal) == 0)

    def test_clients_that_do_not_move_do_not_hold_it_up(self):
        idle = self.it.connect()
        head = self.it.connect()
        head.sendall(b"POST /v1/reports HTTP/1.1\r\nHo")
        body = self.it.connect()
        body.sendall(f"POST /v1/reports HTTP/1.1\r\nHost: x\r\n"
                     f"Authorization: Bearer {self.token}\r\n"
                     "Content-Type: application/json\r\n"
                     "Content-Length: 1000\r\n\r\n{".encode())
        self.assertEqual(self.it.curl("/healthz").status, 200)
        began = time.monotonic()
        self.it.stop(timeout=5)
        self.assertLess(time.monotonic() - began, 5.5)
        for s in (idle, head, body):
            s.close()

    def test_a_request_on_its_way_is_finished(self):
        report = support.make_report([support.make_volume(7)])
        body = json.dumps(report).encode()
        with self.it.connect() as s:
            s.sendall(f"POST /v1/reports HTTP/1.1\r\nHost: x\r\n"
                      f"Authorization: Bearer {self.token}\r\n"
                      "Content-Type: application/json\r\n"
                      f"Content-Length: {len(body)}\r\n\r\n".encode())
            self.assertEqual(self.it.curl("/healthz").status, 200)
            self.it.signal(signal.SIGTERM)
            self.it.wait_log("server.stopping")
            s.sendall(body)
            answer = http.client.HTTPResponse(s)
            answer.begin()
            self.assertEqual(answer.status, 201)
            self.assertEqual(answer.headers["Connection"], "close")
        self.assertEqual(self.it.wait_exit(5), 0)
        self.assertIn(report["report_id"], self.stored())

    def refuses(self):
        try:
            self.it.connect().close()
        except ConnectionRefusedError:
            return True
        return False

    def test_no_new_connection_is_taken(self):
        with self.it.connect() as held:
            held.sendall(b"GET /healthz HTTP/1.1\r\nHo")
            self.assertEqual(self.it.curl("/healthz").status, 200)
            self.it.signal(signal.SIGTERM)
            self.it.wait_log("server.stopping")
            self.wait_until(self.refuses, "connections are refused", 3)
            self.assertTrue(self.it.running())
        self.assertEqual(self.it.wait_exit(5), 0)

    def test_sigint_does_the_same_and_a_second_signal_nothing(self):
        self.it.signal(signal.SIGINT)
        self.it.signal(signal.SIGTERM)
        self.assertEqual(self.it.wait_exit(5), 0)
        self.assertEqual(len(self.it.lines("server.stopped")), 1)


if __name__ == "__main__":
    support.main()
