# timeout: 300
"""--verbose logs each request, and no secret, wherever a client puts it."""

import json
import os
import re
import uuid

import support

PASSWORD = "korrekt-horse-Zx9"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z "


class HttpLogsNoSecret(support.TestCase):
    def open(self, **options):
        server = self.server(args=["--verbose"], **options)
        server.create_account("acme")
        self.source = server.create_source("admin1", "acme")
        self.given = str(uuid.uuid4())
        self.operator = server.create_token("ops", "operator")
        self.reader = server.create_token("prom", "reader")
        server.create_source("admin2", "acme", token=self.given)
        return server.start()

    def requests(self, server, count):
        self.wait_until(
            lambda: len(server.lines("http.request")) >= count,
            f"{count} requests are logged", timeout=60)
        return server.lines("http.request")

    def test_each_request_is_told_of(self):
        server = self.open()
        report = support.make_report([support.make_volume(5)])
        server.send_report(self.source, report)
        server.curl("/v1/quarantine?state=all", token=self.operator)
        server.curl("/v1/quarantine", token=self.source)
        server.curl("/v1/reports/" + report["report_id"], token=self.source)
        server.curl("/healthz")
        got = self.requests(server, 5)
        self.assertEqual([
            (line.fields["who"], line.fields["method"], line.fields["path"],
             line.fields["status"]) for line in got], [
                ("source:admin1", "POST", "/v1/reports", "201"),
                ("operator:ops", "GET", "/v1/quarantine", "200"),
                ("source:admin1", "GET", "/v1/quarantine", "403"),
                ("source:admin1", "GET", "/v1/reports/{}", "200"),
                ("-", "GET", "/healthz", "200")])
        self.assertEqual([line.fields["id"] for line in got],
                         ["1", "2", "3", "4", "5"])
        for line in got:
            self.assertEqual(line.level, "debug")
            self.assertEqual(line.fields["peer"], "127.0.0.1")
            self.assertGreater(int(line.fields["bytes"]), 10)
            self.assertRegex(line.fields["ms"], r"^\d+\.\d{3}$")
            self.assertRegex(line.text, "^" + TIME)

    def test_without_verbose_nothing_is_said(self):
        server = self.server()
        server.start()
        server.curl("/healthz")
        server.stop()
        self.assertEqual(server.lines("http.request"), [])

    def odd_places(self, token):
        """Raw requests with a token where none belongs."""
        host = b"Host: h\r\n"
        t = token.encode()
        body = json.dumps({"reason": token, token: token}).encode()
        for path in (b"/" + t, b"/v1/reports/" + t, b"/v1/reports?t=" + t,
                     b"/v1/quarantine?" + t, b"/healthz?token=" + t,
                     b"/metrics?" + t + b"=1", b"/v1/quarantine/" + t
                     + b"/release", b"/%66" + t, b"/x\x01" + t, b"//" + t,
                     b"http://h/" + t, t):
            yield b"GET " + path + b" HTTP/1.1\r\n" + host + b"\r\n"
        for line in (b"X-Token: " + t, b"Cookie: session=" + t,
                     b"Authorization: " + t, b"Authorization: Basic " + t,
                     b"Authorization: bearer " + t + b"x",
                     b"Authorization: Bearer " + t + b" " + t,
                     b"Authorization: Bearer  " + t + b"\x01",
                     t + b": 1", b"Referer: http://h/?" + t,
                     b"Content-Length: " + t, b"Transfer-Encoding: " + t,
                     b"Expect: " + t, b"User-Agent: " + t,
                     b"Content-Encoding: " + t, b"no colon " + t):
            yield (b"GET /v1/rates HTTP/1.1\r\n" + host + line + b"\r\n\r\n")
        yield t + b" / HTTP/1.1\r\n" + host + b"\r\n"
        yield b"GET / " + t + b"\r\n" + host + b"\r\n"
        yield t + b"\r\n\r\n"
        yield (b"GET / HTTP/1.1\r\nHost: " + t + b"\r\n\r\n")
        for path, who in (("/v1/reports", self.source),
                          ("/v1/rates", self.operator),
                          ("/v1/quarantine/1/release", self.operator),
                          (f"/v1/periods/{token}/close", self.operator),
                          ("/v1/periods/2026-01/close", self.operator)):
            yield (f"POST {path} HTTP/1.1\r\nAuthorization: Bearer {who}\r\n"
                   f"Content-Type: application/json\r\n"
                   f"Content-Length: {len(body)}\r\n").encode() \
                + host + b"\r\n" + body

    def test_no_token_is_logged_wherever_it_stands(self):
        server = self.open()
        secrets = [self.source, self.operator, self.reader, str(uuid.uuid4()),
                   self.given]
        sent = 0
        for token in secrets:
            for request in self.odd_places(token):
                server.raw(request, answers=1, half_close=True)
                sent += 1
        server.curl("/healthz")
        self.wait_until(lambda: "/healthz" in server.lines(
            "http.request")[-1].text, "the last one is logged", timeout=60)
        # A line whose fields have control characters is still one line.
        self.assertGreater(len(server.lines("http.request")), sent // 2)
        server.stop()
        text = server.log_text()
        for token in secrets:
            for part in (token, token.upper(), token[4:40]):
                self.assertNotIn(part, text)
        for line in server.lines():
            self.assertRegex(line.text,
                             TIME + r"(error|warn|info|debug) [a-z_.]+")
            self.assertIsNone(re.search(r"[\x00-\x1f\x7f]", line.text))

    def test_no_session_is_logged(self):
        server = self.open()
        answer = server.curl("/login", "--data-urlencode",
                             f"token={self.reader}")
        self.assertEqual(answer.status, 303, answer)
        cookie = answer.headers["Set-Cookie"].split(";")[0]
        session = cookie.partition("=")[2]
        self.assertGreater(len(session), 20)
        for words in (("/v1/accounts", "-H", f"Cookie: {cookie}"),
                      ("/v1/quarantine", "-H", f"Cookie: {cookie}"),
                      (f"/{session}",), (f"/login?to={session}",),
                      (f"/v1/volumes/{session}",)):
            server.curl(*words)
        got = self.requests(server, 6)
        self.assertEqual([line.fields["who"] for line in got[:3]],
                         ["-", "reader:prom", "reader:prom"])
        server.stop()
        for secret in (session, session[:20], self.reader):
            self.assertNotIn(secret, server.log_text())

    def test_no_password_is_logged(self):
        server = self.open()
        server.stop()
        words = ("--smtpAddr", "127.0.0.1:1", "--smtpFrom", "a@x.test",
                 "--smtpTo", "b@x.test", "--smtpUser", "u")
        server.start(*words, "--smtpPass", PASSWORD)
        server.signal(1)
        server.wait_log("server.reloaded")
        with open(f"/proc/{server.pid}/cmdline", "rb") as f:
            self.assertNotIn(PASSWORD.encode(), f.read())
        server.stop()
        path = os.path.join(server.folder, "pass")
        with open(path, "w", encoding="utf-8") as f:
            os.fchmod(f.fileno(), 0o600)
            f.write(PASSWORD + "\n")
        server.start(*words, "--smtpPassFile", path)
        server.stop()
        self.assertNotIn(PASSWORD, server.log_text())


if __name__ == "__main__":
    support.main()
