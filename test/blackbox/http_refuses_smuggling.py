"""Requests whose end two readers could see in two places are refused, and
what follows them is never taken for a request."""

import json

import support


class HttpRefusesSmuggling(support.TestCase):
    def setUp(self):
        self.it = self.server()
        self.it.create_account("acme")
        self.token = self.it.create_source("admin1", "acme")
        self.it.start()
        self.hidden = support.make_report([support.make_volume(7)])
        body = json.dumps(self.hidden)
        # What must never be answered: a request inside a request.
        self.inner = (
            "POST /v1/reports HTTP/1.1\r\nHost: x\r\n"
            f"Authorization: Bearer {self.token}\r\n"
            "Content-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}").encode()

    def outer(self, *headers, line="POST /v1/reports HTTP/1.1", host="x",
              end="\r\n"):
        lines = [line, f"Authorization: Bearer {self.token}",
                 "Content-Type: application/json"]
        if host is not None:
            lines.append("Host: " + host)
        return (end.join(lines + list(headers)) + end + end).encode("latin-1")

    def refuse(self, data, statuses=(400,)):
        with self.subTest(head=data[:300]):
            exchange = self.it.raw(data + self.inner, timeout=5)
            self.assertTrue(exchange.closed, "the connection stays open")
            self.assertEqual(len(exchange.answers), 1, exchange.data)
            answer = exchange.answers[0]
            self.assertIn(answer.status, statuses, exchange.data)
            self.assertEqual(answer.headers["Content-Type"],
                             "application/problem+json")
            self.assertEqual(answer.headers["Connection"], "close")

    def tearDown(self):
        answer = self.it.curl("/v1/reports/" + self.hidden["report_id"],
                              token=self.token)
        self.assertEqual(answer.status, 404, "a hidden request was served")

    def test_lengths_that_contradict_each_other(self):
        for headers in (
                ("Content-Length: 0", "Content-Length: 5"),
                ("Content-Length: 5", "Content-Length: 5"),
                ("Content-Length: 5, 5",), ("Content-Length: -1",),
                ("Content-Length: +0",), ("Content-Length: 0x0",),
                ("Content-Length: 0 0",), ("Content-Length: ",),
                ("Content-Length: 0", "Transfer-Encoding: chunked"),
                ("Transfer-Encoding: chunked", "Content-Length: 0")):
            self.refuse(self.outer(*headers) + b"0\r\n\r\n")
        self.refuse(self.outer("Content-Length: 18446744073709551616"),
                    (400, 413))

    def test_transfer_encodings_other_than_chunked(self):
        for value in ("identity", "xchunked", "chunked, gzip",
                      "gzip, chunked", "chunked, chunked", "\"chunked\"",
                      "", "chunked;a=b", "\x0bchunked"):
            self.refuse(self.outer("Transfer-Encoding: " + value)
                        + b"0\r\n\r\n", (400, 501))
        self.refuse(self.outer("Transfer-Encoding: chunked",
                               "Transfer-Encoding: identity")
                    + b"0\r\n\r\n", (400, 501))

    def test_header_names_that_are_not_tokens(self):
        for header in ("Transfer-Encoding : chunked", "Content-Length : 0",
                       "Content Length: 0", " Content-Length: 0",
                       "\tX: y", ": x", "no colon", "X\x00Y: 1", "X: a\x00b",
                       "X: a\rContent-Length: 0", "X(: 1", "X\x80: 1"):
            self.refuse(self.outer("Content-Length: 0", header))

    def test_bare_line_feeds(self):
        self.refuse(self.outer("Content-Length: 0", end="\n"))
        self.refuse(self.outer("X: a\nContent-Length: 0"))

    def test_chunks_that_are_not_exact(self):
        chunked = self.outer("Transfer-Encoding: chunked")
        for chunks in (b"0x2\r\n{}\r\n0\r\n\r\n", b"+2\r\n{}\r\n0\r\n\r\n",
                       b"-1\r\n{}\r\n0\r\n\r\n", b"2\n{}\r\n0\r\n\r\n",
                       b"2\r\n{}X\r\n0\r\n\r\n", b" 2\r\n{}\r\n0\r\n\r\n",
                       b"\r\n{}\r\n0\r\n\r\n",
                       b"fffffffffffffffff\r\n{}\r\n0\r\n\r\n"):
            self.refuse(chunked + chunks, (400, 413))

    def test_request_lines_that_are_not_exact(self):
        for line in ("POST  /v1/reports HTTP/1.1", "POST /v1/reports",
                     "POST /v1/reports HTTP/1.1 x", "POST /v1/reports http/1.1",
                     "POST\t/v1/reports HTTP/1.1", "POST v1/reports HTTP/1.1",
                     "POST //x/v1/reports HTTP/1.1",
                     "POST http://x/v1/reports HTTP/1.1",
                     "POST * HTTP/1.1", "POST /v1/reports HTTP/2.0",
                     "POST /v1/reports HTTP/1.1\x00", "PO(ST /v1/reports "
                     "HTTP/1.1", "CONNECT x:443 HTTP/1.1"):
            self.refuse(self.outer("Content-Length: 0", line=line),
                        (400, 405, 505))

    def test_a_host_that_is_missing_or_double(self):
        self.refuse(self.outer("Content-Length: 0", host=None))
        self.refuse(self.outer("Content-Length: 0", "Host: y"))

    def test_heads_without_end(self):
        self.refuse(self.outer("X: " + "a" * 40000, "Content-Length: 0"),
                    (431,))
        self.refuse(self.outer(line="POST /" + "a" * 40000 + " HTTP/1.1"),
                    (414, 431))
        self.refuse(self.outer(*["X: y"] * 10000), (431,))

    def test_the_rest_of_a_refused_request_is_no_request(self):
        """A body that was not read is a body, even when it looks like one."""
        stranger = (b"POST /v1/reports HTTP/1.1\r\nHost: x\r\n"
                    b"Content-Length: %d\r\n\r\n" % len(self.inner))
        exchange = self.it.raw(stranger + self.inner, timeout=5)
        self.assertEqual([a.status for a in exchange.answers], [401])
        self.assertTrue(exchange.closed)


if __name__ == "__main__":
    support.main()
