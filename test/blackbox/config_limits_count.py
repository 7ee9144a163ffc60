"""Limits of the settings file are the server's."""

import time

import support

NOW = "2026-10-05T12:00:00Z"


class ConfigLimitsCount(support.TestCase):
    def site(self, config):
        server = self.server(config=config, args=[
            "--mockTime", "--mockStart", NOW, "--mockRate", "0"])
        server.create_account("acme")
        self.token = server.create_source("admin1", "acme")
        return server.start()

    def send(self, server, *ages, padding=""):
        return server.send_report(self.token, support.make_report(
            [support.make_volume(1, sampled_at=support.unix(NOW) - age)
             for age in ages], sent_at=NOW, padding=padding))

    def reasons(self, answer):
        self.assertEqual(answer.status, 201)
        return [q["reason"] for q in answer.json()["quarantined"]]

    def test_of_age_and_future(self):
        server = self.site('[limits]\nmax_age = "2d"\nmax_future = "10s"\n')
        self.assertEqual(self.reasons(self.send(server, 2 * 86400, -10)), [])
        self.assertEqual(
            self.reasons(self.send(server, 2 * 86400 + 1, -11)),
            ["too_old", "future"])

    def test_of_open_quarantine(self):
        server = self.site("[limits]\nopen_quarantine = 2\n")
        self.assertEqual(len(self.reasons(self.send(server, -600, -601))), 2)
        answer = self.send(server, -602)
        self.assertEqual(answer.status, 503)
        self.assertIn("the quarantine is full (2 open samples)",
                      answer.json()["detail"])

    def test_of_a_body(self):
        server = self.site("[limits]\nbody_bytes = 65536\n")
        self.assertEqual(self.send(server, 0, padding="x" * 60000).status,
                         201)
        self.assertEqual(self.send(server, 0, padding="x" * 66000).status,
                         413)

    def test_of_the_time_for_a_head(self):
        server = self.site('[limits]\nhead_time = "1s"\n')
        began = time.monotonic()
        with server.connect(timeout=9) as s:
            s.sendall(b"GET /healthz HTTP/1.1\r\n")
            self.assertIn(b" 408 ", s.recv(4096))
        self.assertLess(time.monotonic() - began, 8)  # of 10 s by default

    def test_of_strangers(self):
        server = self.site("[limits]\nstranger_connections = 2\n")
        with server.connect(), server.connect():
            self.assertEqual(server.curl("/healthz").status, 429)


if __name__ == "__main__":
    support.main()
