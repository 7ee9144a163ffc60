"""TLS 1.2 and 1.3 with a certificate that is made once; never plain text."""

import os
import re
import shutil
import socket
import ssl
import stat
import subprocess
import warnings

import support


def read(path):
    with open(path, "rb") as f:
        return f.read()


class ServerTls(support.TestCase):
    def setUp(self):
        self.it = self.server(tls=True)

    def handshake(self, version, **options):
        """The negotiated version, or the error."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(self.it.cert)
        # So that it is the server who refuses old versions.
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            context.minimum_version = version
            context.maximum_version = version
        for name, value in options.items():
            setattr(context, name, value)
        with socket.create_connection(("127.0.0.1", self.it.port), 10) as s:
            try:
                with context.wrap_socket(s, server_hostname="localhost") as t:
                    t.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
                              b"Connection: close\r\n\r\n")
                    data = b""
                    while more := t.recv(4096):
                        data += more
                    self.assertIn(b"HTTP/1.1 200 ", data)
                    return t.version()
            except ssl.SSLError as e:
                return e

    def test_1_2_and_1_3_work_and_older_ones_do_not(self):
        self.it.start()
        V = ssl.TLSVersion
        # Reading to the end without an error means that the server said
        # close_notify.
        self.assertEqual(self.handshake(V.TLSv1_2), "TLSv1.2")
        self.assertEqual(self.handshake(V.TLSv1_3), "TLSv1.3")
        for old in (V.TLSv1, V.TLSv1_1):
            error = self.handshake(old)
            self.assertIsInstance(error, ssl.SSLError)
            self.assertRegex(str(error),
                             "(?i)protocol.version|no protocols available")

    def test_openssl_finds_no_old_version(self):
        if shutil.which("openssl") is None:
            self.skipTest("there is no openssl to ask with")
        self.it.start()
        for flag, good in (("-tls1_1", False), ("-tls1_2", True),
                           ("-tls1_3", True)):
            done = subprocess.run(
                ["openssl", "s_client", "-connect",
                 f"127.0.0.1:{self.it.port}", flag, "-cipher",
                 "ALL:@SECLEVEL=0", "-CAfile", self.it.cert,
                 "-verify_return_error"],
                stdin=subprocess.DEVNULL, capture_output=True, timeout=20,
                check=False)
            self.assertEqual(done.returncode == 0, good,
                             (flag, done.stderr[-300:]))

    def test_the_certificate_is_made_once(self):
        self.assertFalse(os.path.exists(self.it.cert))
        self.it.start()
        self.assertEqual(len(self.it.lines("server.certificate_made")), 1)
        self.assertEqual(stat.S_IMODE(os.stat(self.it.key).st_mode), 0o600)
        cert, key = read(self.it.cert), read(self.it.key)
        self.assertNotIn(b"PRIVATE", cert)
        self.it.stop()
        mark = self.it.mark()
        self.it.start()
        self.assertEqual(self.it.lines("server.certificate_made", mark), [])
        self.assertEqual((read(self.it.cert), read(self.it.key)), (cert, key))
        # curl believes it with nothing but the file.
        self.assertEqual(self.it.curl("/healthz").status, 200)

    def test_the_certificate_is_ecdsa_for_this_host_and_a_year(self):
        self.it.start()
        text = subprocess.run(
            ["openssl", "x509", "-in", self.it.cert, "-noout", "-text"],
            capture_output=True, check=True).stdout.decode()
        self.assertIn("prime256v1", text)
        self.assertIn("DNS:localhost", text)
        self.assertIn("IP Address:127.0.0.1", text)
        for days, code in ((364, 0), (366, 1)):
            done = subprocess.run(
                ["openssl", "x509", "-in", self.it.cert, "-noout",
                 "-checkend", str(days * 86400)], capture_output=True,
                check=False)
            self.assertEqual(done.returncode, code, f"{days} days")

    def test_plain_http_gets_nothing(self):
        self.it.start()
        exchange = self.it.raw(
            b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", tls=False)
        self.assertTrue(exchange.closed)
        self.assertNotIn(b"HTTP/", exchange.data)
        self.assertEqual(self.it.curl("/healthz").status, 200)

    def test_a_key_of_another_certificate_is_refused(self):
        other = self.server(tls=True)
        for server in (self.it, other):
            server.start()
            server.stop()
        shutil.copy(other.key, self.it.key)
        self.it.start(ready=False)
        self.assertEqual(self.it.wait_exit(10), 1)
        self.it.process = None
        self.assertIn(self.it.key, self.it.log_text())

    def test_a_key_that_is_there_is_kept_for_a_new_certificate(self):
        """So that a client can pin the key."""
        self.it.start()
        self.it.stop()
        key, cert = read(self.it.key), read(self.it.cert)
        os.remove(self.it.cert)
        self.it.start()
        self.assertEqual(read(self.it.key), key)
        self.assertNotEqual(read(self.it.cert), cert)
        self.assertEqual(self.it.curl("/healthz").status, 200)

    def test_reports_go_over_tls(self):
        self.it.create_account("acme")
        token = self.it.create_source("admin1", "acme")
        self.it.start()
        report = support.make_report(
            [support.make_volume(i) for i in range(500)])
        first = self.it.send_report(token, report)
        self.assertEqual(first.status, 201)
        again = self.it.send_report(token, report)
        self.assertEqual((again.status, again.body), (200, first.body))
        self.assertRegex(self.it.lines("server.ready")[0].text, "tls=yes")
        self.assertIsNone(re.search("PRIVATE", self.it.log_text()))


class ServerRenewsItsCertificate(support.TestCase):
    """Thirty days before its end, with the same key; nobody else's."""

    def certificate(self, it):
        pem = ssl.get_server_certificate(("127.0.0.1", it.port))
        def ask(*words):
            return subprocess.run(
                ["openssl", "x509", "-noout", *words], input=pem, text=True,
                capture_output=True, check=True).stdout
        return ask("-pubkey"), ask("-enddate")

    def begin(self):
        it = self.server(tls=True, args=(
            "--mockTime", "--mockRate", "0",
            "--mockStart", "2026-01-01T00:00:00Z"))
        token = it.ok("create", "token", "--name", "op", "--role",
                      "operator").strip()
        return it, token

    def move(self, it, token, now):
        answer = it.curl("/v1/clock", "-H", f"Authorization: Bearer {token}",
                         "-H", "Content-Type: application/json", "-k",
                         "--data", '{"now":"%s"}' % now)
        self.assertEqual(answer.status, 200, answer.body)

    def test_the_key_stays_and_the_end_moves(self):
        it, token = self.begin()
        it.start()
        key, end = self.certificate(it)
        self.assertIn("Jan  1 00:00:00 2027", end)
        self.move(it, token, "2026-12-01T23:59:59Z")
        self.assertEqual(self.certificate(it), (key, end))
        self.move(it, token, "2026-12-02T00:00:00Z")
        self.assertEqual(self.certificate(it),
                         (key, "notAfter=Dec  2 00:00:00 2027 GMT\n"))
        it.wait_log("server.certificate_renewed", 5)

    def test_a_certificate_of_somebody_else_is_left_alone(self):
        it, token = self.begin()
        os.makedirs(os.path.dirname(it.cert), mode=0o700, exist_ok=True)
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
             "-keyout", it.key, "-out", it.cert, "-days", "20", "-subj",
             "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
            check=True, capture_output=True)
        os.chmod(it.key, 0o600)
        it.start()
        before = self.certificate(it)
        self.move(it, token, "2030-01-01T00:00:00Z")
        self.assertEqual(self.certificate(it), before)


if __name__ == "__main__":
    support.main()
