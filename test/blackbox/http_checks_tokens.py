"""Nobody gets in without a token, and nothing of a stranger's body is read."""

import json
import time

import support

TYPE = "urn:flexfs-stat:problem:"


class HttpChecksTokens(support.TestCase):
    def setUp(self):
        self.it = self.server()
        self.it.create_account("acme")
        self.token = self.it.create_source("admin1", "acme")
        self.report = support.make_report([support.make_volume(7)])
        self.body = json.dumps(self.report).encode()

    def expect(self, answer, status, kind):
        self.assertEqual(answer.status, status, answer)
        self.assertEqual(answer.headers["Content-Type"],
                         "application/problem+json")
        problem = answer.json()
        self.assertEqual(problem["type"], TYPE + kind)
        self.assertEqual(problem["status"], status)
        self.assertTrue(problem["title"])
        self.assertTrue(problem["detail"])

    def nothing_came(self):
        answer = self.it.curl("/v1/reports/" + self.report["report_id"],
                              token=self.token)
        self.assertEqual(answer.status, 404)

    def test_a_missing_or_wrong_token_is_refused(self):
        self.it.start()
        last = "0" if self.token[-1] != "0" else "1"
        words = [[]] + [["-H", "Authorization: " + value] for value in (
            "Bearer", "Bearer ", "Bearer x", "Bearer " + self.token[:-1],
            "Bearer " + self.token[:-1] + last, "Bearer " + self.token + "0",
            "Bearer " + self.token + " x", "Bearer " + "a" * 5000,
            "Bearer " + self.token.upper(), "Basic " + self.token,
            self.token, "Bearer ffs_" + "0" * 64)]
        for more in words:
            with self.subTest(words=more):
                answer = self.it.curl("/v1/reports", *more,
                                      json=self.report)
                self.expect(answer, 401, "unauthorized")
                self.assertTrue(answer.headers["WWW-Authenticate"]
                                .startswith("Bearer"))
        self.nothing_came()
        self.assertEqual(
            self.it.send_report(self.token, self.report).status, 201)
        for line in self.it.lines():
            self.assertNotIn(self.token[4:], line.text)

    def test_two_tokens_at_once_are_refused(self):
        self.it.start()
        two = f"Authorization: Bearer {self.token}\r\n" * 2
        exchange = self.it.raw(
            f"POST /v1/reports HTTP/1.1\r\nHost: x\r\n{two}"
            "Content-Type: application/json\r\n"
            f"Content-Length: {len(self.body)}\r\n\r\n".encode() + self.body,
            answers=1)
        self.assertIn(exchange.answers[0].status, (400, 401))
        self.nothing_came()

    def test_a_role_may_do_only_its_own(self):
        operator = self.it.create_token("op", "operator")
        reader = self.it.create_token("r", "reader")
        self.it.start()
        for token in (operator, reader):
            self.expect(self.it.send_report(token, self.report), 403,
                        "forbidden")
            self.expect(self.it.curl("/v1/reports/" + support.new_uuid(),
                                     token=token), 403, "forbidden")
        self.nothing_came()

    def test_a_uuid_can_be_a_source_s_token(self):
        given = support.new_uuid()
        shown = self.it.create_source("admin2", "acme", token=given)
        self.assertEqual(shown, given)
        self.it.start()
        self.assertEqual(
            self.it.send_report(given, self.report).status, 201)

    def test_a_stranger_s_body_is_not_read(self):
        """100 MiB without a token: 401 before a byte of it was sent."""
        self.it.start()
        began = time.monotonic()
        exchange = self.it.raw(
            b"POST /v1/reports HTTP/1.1\r\nHost: x\r\n"
            b"Content-Type: application/json\r\n"
            b"Content-Length: 104857600\r\n\r\n")
        self.expect(exchange.answers[0], 401, "unauthorized")
        self.assertTrue(exchange.closed)
        self.assertLess(time.monotonic() - began, 5)
        # And with all of it on the way.
        big = b" " * (100 << 20)
        answer = self.it.curl("/v1/reports", "-H",
                              "Content-Type: application/json", data=big,
                              check=False)
        self.assertIn(answer.status, (0, 401))
        self.assertEqual(self.it.curl("/healthz").status, 200)

    def test_a_body_of_100_mib_with_a_token_is_too_large(self):
        self.it.start()
        head = (f"POST /v1/reports HTTP/1.1\r\nHost: x\r\n"
                f"Authorization: Bearer {self.token}\r\n"
                "Content-Type: application/json\r\n").encode()
        exchange = self.it.raw(head + b"Content-Length: 104857600\r\n\r\n")
        self.expect(exchange.answers[0], 413, "too_large")
        self.assertTrue(exchange.closed)
        # By the piece, too: no length says so beforehand.
        piece = b"10000\r\n" + b" " * 65536 + b"\r\n"
        exchange = self.it.raw(
            [head + b"Transfer-Encoding: chunked\r\n\r\n"] + [piece] * 200)
        self.expect(exchange.answers[0], 413, "too_large")
        self.assertTrue(exchange.closed)
        self.assertEqual(
            self.it.send_report(self.token, self.report).status, 201)

    def test_a_body_of_just_the_limit_is_taken(self):
        self.it.start()
        limit = 8 << 20
        fits = self.body + b" " * (limit - len(self.body))
        answer = self.it.curl("/v1/reports", "-H",
                              "Content-Type: application/json",
                              token=self.token, data=fits)
        self.assertEqual(answer.status, 201, answer)
        answer = self.it.curl("/v1/reports", "-H",
                              "Content-Type: application/json",
                              token=self.token, data=fits + b" ")
        self.expect(answer, 413, "too_large")

    def resident_kib(self):
        with open(f"/proc/{self.it.pid}/status", encoding="utf-8") as f:
            return int(next(line for line in f
                            if line.startswith("VmRSS")).split()[1])

    def test_memory_stays_small_whatever_strangers_send(self):
        """60 strangers who send a megabyte each; the bodies are not kept. What
        a sanitizer keeps beside each connection is not judged."""
        self.it.start()
        self.assertEqual(self.it.curl("/healthz").status, 200)
        before = self.resident_kib()
        sockets = []
        try:
            for _ in range(60):
                s = self.it.connect()
                sockets.append(s)
                s.settimeout(0.5)
                try:
                    s.sendall(b"POST /v1/reports HTTP/1.1\r\nHost: x\r\n"
                              b"Content-Length: 8000000\r\n\r\n")
                    s.sendall(b" " * 1000000)
                except OSError:
                    pass
            self.assertLess(self.resident_kib() - before, 40000)
        finally:
            for s in sockets:
                s.close()


if __name__ == "__main__":
    support.main()
