"""Bodies may come as gzip; one that grows without end is stopped."""

import gzip
import json
import time
import zlib

import support


class HttpGzip(support.TestCase):
    def setUp(self):
        self.it = self.server()
        self.it.create_account("acme")
        self.token = self.it.create_source("admin1", "acme")
        self.it.start()
        self.report = support.make_report(
            [support.make_volume(7, name="x") for _ in range(50)])
        self.body = json.dumps(self.report).encode()

    def send(self, body, coding="gzip"):
        return self.it.curl("/v1/reports", "-H", "Content-Encoding: " + coding,
                            "-H", "Content-Type: application/json",
                            token=self.token, data=body)

    def expect(self, answer, status, kind):
        self.assertEqual(answer.status, status, answer)
        self.assertEqual(answer.json()["type"],
                         "urn:flexfs-stat:problem:" + kind)

    def test_a_gzip_body_is_the_same_report(self):
        first = self.send(gzip.compress(self.body))
        self.assertEqual(first.status, 201)
        self.assertEqual(first.json()["stored"], 50)
        # However it was packed: the report is what is inside.
        for again in (self.it.send_report(self.token, self.report),
                      self.send(gzip.compress(self.body, 1), "GZIP"),
                      self.send(gzip.compress(self.body[:99]) +
                                gzip.compress(self.body[99:])),
                      self.send(self.body, "identity")):
            self.assertEqual((again.status, again.body), (200, first.body))

    def test_a_broken_gzip_body_is_refused(self):
        good = gzip.compress(self.body)
        wrong_sum = good[:-8] + bytes(4) + good[-4:]
        for bad in (self.body, good[:-1], good[:20], wrong_sum, good + b"x",
                    zlib.compress(self.body), b""):
            with self.subTest(bad=bad[:20]):
                answer = self.send(bad)
                self.assertEqual(answer.status, 400, answer)
        answer = self.it.curl("/v1/reports/" + self.report["report_id"],
                              token=self.token)
        self.assertEqual(answer.status, 404)

    def test_other_codings_are_refused(self):
        for coding in ("deflate", "br", "gzip, gzip", "x"):
            answer = self.send(gzip.compress(self.body), coding)
            self.expect(answer, 415, "unsupported_media_type")
            self.assertEqual(answer.headers["Accept-Encoding"], "gzip")

    def test_a_bomb_is_stopped_at_the_limit(self):
        bomb = gzip.compress(self.body + b" " * (8 << 20))
        self.expect(self.send(bomb), 413, "too_large")
        began = time.monotonic()
        huge = zlib.compressobj(9, zlib.DEFLATED, 31)
        block = b" " * (1 << 20)
        bomb = b"".join(huge.compress(block) for _ in range(400))
        bomb += huge.flush()
        self.expect(self.send(bomb), 413, "too_large")
        self.assertLess(time.monotonic() - began, 20)
        # Right at the limit is fine.
        fits = self.body + b" " * ((8 << 20) - len(self.body))
        self.assertEqual(self.send(gzip.compress(fits)).status, 201)


if __name__ == "__main__":
    support.main()
