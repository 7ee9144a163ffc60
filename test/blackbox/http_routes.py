"""Paths, methods and content types: what is there, and what is not."""

import json

import support

TYPE = "urn:flexfs-stat:problem:"


class HttpRoutes(support.TestCase):
    def setUp(self):
        self.it = self.server()
        self.it.create_account("acme")
        self.token = self.it.create_source("admin1", "acme")
        self.it.start()

    def expect(self, answer, status, kind):
        self.assertEqual(answer.status, status, answer)
        self.assertEqual(answer.headers["Content-Type"],
                         "application/problem+json")
        self.assertEqual(answer.json()["type"], TYPE + kind)

    def test_health_is_for_anyone(self):
        for path in ("/healthz", "/readyz"):
            answer = self.it.curl(path)
            self.assertEqual(answer.status, 200)
            self.assertEqual(answer.headers["Content-Type"],
                             "application/json")
            self.assertTrue(list(answer.json().values())[0])

    def test_an_unknown_path_is_not_found(self):
        for path in ("/index.html", "/v1", "/v1/", "/v1/report", "/v1/reports/",
                     "/v1/reports/a/b", "/healthz/", "/healthz/x",
                     "/V1/reports", "/v1/reports%2f", "/favicon.ico",
                     "/v1/clock"):
            for words in ([path], ["-X", "POST", path]):
                with self.subTest(words=words):
                    self.expect(self.it.curl(*words, token=self.token), 404,
                                "not_found")

    def test_a_wrong_method_is_told_the_right_ones(self):
        one = "/v1/reports/" + support.new_uuid()
        for path, allow in (("/v1/reports", {"POST"}),
                            (one, {"GET", "HEAD", "PUT"}),
                            ("/healthz", {"GET", "HEAD"})):
            for method in ("GET", "PUT", "DELETE", "PATCH", "OPTIONS",
                           "TRACE", "BREW", "POST", "get"):
                if method in allow:
                    continue
                with self.subTest(path=path, method=method):
                    answer = self.it.curl(path, "-X", method,
                                          token=self.token)
                    self.expect(answer, 405, "method_not_allowed")
                    self.assertEqual(
                        set(answer.headers["Allow"].split(", ")), allow)

    def test_head_is_get_without_a_body(self):
        get = self.it.curl("/healthz")
        exchange = self.it.raw(
            b"HEAD /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        head, _, body = exchange.data.partition(b"\r\n\r\n")
        self.assertTrue(head.startswith(b"HTTP/1.1 200 "))
        self.assertEqual(body, b"")
        self.assertIn(f"Content-Length: {len(get.body)}".encode(), head)
        # One that is refused has no body, either.
        exchange = self.it.raw(
            b"HEAD /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        self.assertTrue(exchange.data.startswith(b"HTTP/1.1 404 "))
        self.assertTrue(exchange.data.endswith(b"\r\n\r\n"))

    def test_parameters_that_mean_nothing_are_refused(self):
        report = support.make_report([support.make_volume(7)])
        for path in ("/healthz?x=1", "/v1/reports?dry_run=1"):
            answer = self.it.curl(path, token=self.token, json=report) \
                if "reports" in path else self.it.curl(path)
            self.expect(answer, 400, "bad_request")
        answer = self.it.curl("/v1/reports/" + report["report_id"],
                              token=self.token)
        self.assertEqual(answer.status, 404)

    def test_a_report_is_json_and_says_so(self):
        report = support.make_report([support.make_volume(7)])
        body = json.dumps(report).encode()
        for kind in ("text/plain", "application/x-www-form-urlencoded",
                     "application/jsonx", "text/json", ""):
            with self.subTest(kind=kind):
                answer = self.it.curl(
                    "/v1/reports", "-H", "Content-Type: " + kind,
                    token=self.token, data=body)
                self.expect(answer, 415, "unsupported_media_type")
        for kind in ("application/json; charset=utf-8", "Application/JSON"):
            answer = self.it.curl(
                "/v1/reports", "-H", "Content-Type: " + kind,
                token=self.token, data=body)
            self.assertIn(answer.status, (200, 201))

    def test_many_requests_share_a_connection(self):
        one = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
        exchange = self.it.raw(one * 20, answers=20)
        self.assertEqual([a.status for a in exchange.answers], [200] * 20)
        self.assertFalse(exchange.closed)

    def test_expect_continue_is_answered(self):
        body = json.dumps(support.make_report(
            [support.make_volume(7)])).encode()
        head = (f"POST /v1/reports HTTP/1.1\r\nHost: x\r\n"
                f"Authorization: Bearer {self.token}\r\n"
                "Content-Type: application/json\r\n"
                "Expect: 100-continue\r\n"
                f"Content-Length: {len(body)}\r\n\r\n").encode()
        with self.it.connect() as s:
            s.sendall(head)
            self.assertTrue(s.recv(100).startswith(b"HTTP/1.1 100 "))
            s.sendall(body)
            self.assertTrue(s.recv(100).startswith(b"HTTP/1.1 201 "))


if __name__ == "__main__":
    support.main()
