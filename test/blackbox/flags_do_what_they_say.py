"""Each flag of the server's public documentation, hidden ones too, is given to
the real program, which then does what the documentation says."""

import os
import pty
import ssl
import stat
import subprocess
import sys
import tempfile
import tomllib

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../smtpd"))
from fault_smtpd import FaultSmtpd  # noqa: E402
from mailing import PASSWORD, USER, Site, support  # noqa: E402
from support.documented import DOCUMENTED  # noqa: E402
from support.rows import query  # noqa: E402

DUE = "2024-02-01T00:10:00Z"


def name_of(command, flag):
    return f"test_{command.replace(' ', '_')}_{flag}"


def own_network():
    """Words in front of a program that give it ports of its own, or None."""
    for words in (["unshare", "--net"], ["unshare", "--user", "--map-root-user",
                                         "--net"]):
        if subprocess.run(words + ["true"], check=False,
                          stderr=subprocess.DEVNULL).returncode == 0:
            return words
    return None


class FlagsDoWhatTheySay(support.TestCase):
    def test_each_documented_flag_has_a_test(self):
        wanted = {name_of(command, flag) for command, flags in
                  DOCUMENTED.items() for flag, *_ in flags}
        self.assertEqual({name for name in wanted if not hasattr(self, name)},
                         set())
        self.assertGreater(len(wanted), 18)

    # --- start ---------------------------------------------------------------

    def plain_start(self, server, *words, wrap=()):
        """start with these flags and no others; the ready line."""
        process = subprocess.Popen(
            [*wrap, *support.binary(), "start", *words], env=server.env,
            cwd=server.folder, stderr=subprocess.PIPE, text=True)
        try:
            for line in process.stderr:
                if " server.ready " in line:
                    return support.Line.parse(line.strip()).text
        finally:
            process.terminate()
            process.stderr.close()
            process.wait(20)
        raise AssertionError("it ended without being ready")

    def test_without_any_flag_the_defaults_count(self):
        wrap = own_network()
        if wrap is None:
            self.skipTest("port 443 needs a network namespace")
        server = self.server()
        line = self.plain_start(server, wrap=wrap)
        home = os.path.join(server.home, ".flexfs")
        self.assertIn("bind=0.0.0.0:443 tls=yes ", line)
        self.assertIn(f"{home}/stat", line)
        for path in ("stat/stat.db", "ssl/cert", "ssl/key"):
            self.assertTrue(os.path.exists(os.path.join(home, path)), path)

    def test_start_bindAddr(self):
        server = self.server()
        port = support.free_port()
        line = self.plain_start(server, "--noSSL", "--bindAddr",
                                f"127.0.0.2:{port}")
        self.assertIn(f"bind=127.0.0.2:{port} ", line)

    def test_start_dbFolder(self):
        server = self.server()
        place = os.path.join(server.folder, "place", "deep")
        self.plain_start(server, "--noSSL", "--bindAddr", "127.0.0.1:0",
                         "--dbFolder", place)
        self.assertIn("stat.db", os.listdir(place))
        self.assertFalse(os.path.exists(server.home + "/.flexfs/stat/stat.db"))
        self.plain_start(server, "--noSSL", "--bindAddr", "127.0.0.1:0",
                         "--dbFolder", "~/mine")
        self.assertIn("stat.db", os.listdir(server.home + "/mine"))

    def test_start_keyFolder(self):
        """Without a key in it everything else is served, and none is made."""
        server = self.server()
        place = os.path.join(server.folder, "keys")
        server.start("--keyFolder", place)
        self.assertEqual(server.curl("/healthz").status, 200)
        self.assertFalse(os.path.exists(place))

    def test_start_noSSL(self):
        server = self.server()
        server.start()
        self.assertEqual(server.curl("/healthz").status, 200)
        self.assertEqual(os.listdir(os.path.dirname(server.cert)), [])
        secure = self.server(tls=True)
        secure.start()
        self.assertEqual(secure.curl("/healthz").status, 200)
        secure.tls = False
        self.assertEqual(secure.curl("/healthz", check=False).status, 0)

    def own_certificate(self):
        place = self.folder()
        cert, key = os.path.join(place, "c"), os.path.join(place, "k")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:P-256", "-nodes", "-days", "9", "-subj",
             "/CN=mine.test", "-addext", "subjectAltName=IP:127.0.0.1",
             "-keyout", key, "-out", cert], check=True, capture_output=True)
        os.chmod(key, 0o600)
        return cert, key

    def served(self, server):
        return ssl.get_server_certificate(("127.0.0.1", server.port),
                                          timeout=20)

    def test_start_sslCert(self):
        server = self.server(tls=True)
        server.cert, server.key = self.own_certificate()
        server.start()
        with open(server.cert, encoding="ascii") as f:
            self.assertEqual(self.served(server).split(), f.read().split())
        self.assertEqual(server.curl("/healthz").status, 200)

    def test_start_sslKey(self):
        """The key of that certificate, and no other."""
        server = self.server(tls=True)
        server.cert, _ = self.own_certificate()
        _, server.key = self.own_certificate()
        server.start(ready=False)
        self.assertEqual(server.wait_exit(30), 1)
        server.process = None
        self.assertIn(f"the key {server.key} does not belong",
                      server.log_text())

    def test_start_verbose(self):
        for words, shown in (((), False), (("--verbose",), True),
                             (("-v",), True), (("--verbose=false",), False)):
            with self.subTest(words=words):
                server = self.server()
                server.start(*words)
                server.curl("/healthz")
                server.stop()
                self.assertEqual(
                    any(line.level == "debug" and "/healthz" in line.text
                        for line in server.lines()), shown)

    def test_start_pprof(self):
        server = self.server()
        port = support.free_port()
        server.start("--pprof", "--pprofPort", str(port))
        got = subprocess.run(
            ["curl", "-sS", "--noproxy", "*", "--max-time", "20",
             f"http://127.0.0.1:{port}/debug/pprof/cmdline"],
            capture_output=True, check=True)
        self.assertIn(b"start", got.stdout)

    def test_start_sqliteOpts(self):
        server = self.server()
        server.start("--sqliteOpts", "page_size=8192&cache_size=50")
        self.assertEqual(query(server, "PRAGMA page_size"), [(8192,)])
        result = server.cli("start", "--sqliteOpts", "nonsense=1")
        self.assertEqual(result.code, 2)
        self.assertIn("nonsense", result.stderr)

    def test_start_mockTime(self):
        server = self.server()
        operator = server.create_token("op", "operator")
        server.start("--mockTime", "--mockStart", "2030-01-01T00:00:00Z",
                     "--mockRate", "0")
        said = server.curl("/v1/clock", token=operator,
                           json={"now": "2031-05-05T05:05:05Z"}).json()
        self.assertEqual(said["now"], "2031-05-05T05:05:05Z")
        self.assertEqual(server.curl(
            "/v1/clock", token=operator,
            json={"now": "2030-01-01T00:00:00Z"}).status, 409)
        server.stop()
        server.start()
        self.assertEqual(server.curl("/v1/clock", token=operator,
                                     json={"now": ""}).status, 404)

    # --- start: the relay ----------------------------------------------------

    def mail_sent(self, site, relay, *words):
        """(envelope sender, recipients, message) of January's mail."""
        site.start(*words)
        site.month("2024-01", acme=5)
        site.clock(DUE)
        site.until_state(1, "sent", 60)
        return relay.mails[0]

    def relay(self, site, users=None):
        relay = FaultSmtpd(cert=site.cert("good"), users=users or {})
        self.addCleanup(relay.__exit__, None, None, None)
        return relay.__enter__()

    def test_start_smtpAddr(self):
        site = Site(self)
        relay = self.relay(site)
        site.give_creds(support.free_port())  # where nobody listens
        self.mail_sent(site, relay, "--smtpAddr", f"localhost:{relay.port}")

    def test_start_smtpFrom(self):
        site = Site(self)
        relay = self.relay(site)
        site.give_creds(relay)
        sender, _, message = self.mail_sent(
            site, relay, "--smtpFrom", "Other <other@x.test>")
        self.assertIn("<other@x.test>", sender)
        self.assertIn(b"From: Other <other@x.test>", message)

    def test_start_smtpTo(self):
        site = Site(self)
        relay = self.relay(site)
        site.give_creds(relay, to=["creds@x.test"])
        _, to, _ = self.mail_sent(site, relay, "--smtpTo", "b@x.test,c@x.test")
        self.assertEqual(to, ["b@x.test", "c@x.test"])

    def test_start_smtpUser(self):
        site = Site(self)
        relay = self.relay(site, {USER: PASSWORD})
        site.give_creds(relay, user="nobody", password=PASSWORD)
        self.mail_sent(site, relay, "--smtpUser", USER)

    def test_start_smtpPass(self):
        site = Site(self)
        relay = self.relay(site, {USER: PASSWORD})
        site.give_creds(relay, user=USER, password="wrong")
        self.mail_sent(site, relay, "--smtpPass", PASSWORD)
        with open(f"/proc/{site.server.pid}/cmdline", "rb") as f:
            self.assertNotIn(PASSWORD.encode(), f.read())

    # --- init creds ----------------------------------------------------------

    def creds(self, *words, stdin="", code=0):
        """What stands in the credentials afterwards."""
        home = tempfile.mkdtemp(dir=self.folder())
        return self.creds_of(home, *words, stdin=stdin, code=code)

    def creds_of(self, home, *words, stdin="", code=0):
        done = subprocess.run(
            support.binary() + ["init", "creds", *words], input=stdin,
            env=dict(os.environ, HOME=home), capture_output=True, text=True,
            check=False, timeout=30)
        self.assertEqual(done.returncode, code, done.stderr)
        path = os.path.join(home, ".flexfs/stat/creds")
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        with open(path, "rb") as f:
            return tomllib.load(f)

    def default(self, flag):
        return next(row[2] for row in DOCUMENTED["init creds"]
                    if row[0] == flag)

    def test_init_creds_smtpAddr(self):
        self.assertEqual(self.creds()["smtpAddr"], self.default("smtpAddr"))
        self.assertEqual(self.creds("--smtpAddr", "m.test:2525")["smtpAddr"],
                         "m.test:2525")

    def test_init_creds_smtpFrom(self):
        self.assertEqual(self.creds()["smtpFrom"], self.default("smtpFrom"))
        self.assertEqual(self.creds("--smtpFrom", "a@x.test")["smtpFrom"],
                         "a@x.test")

    def test_init_creds_smtpTo(self):
        """By default mails go to the sender's address."""
        self.assertEqual(self.creds("--smtpTo=a@x.test,b@x.test")["smtpTo"],
                         ["a@x.test", "b@x.test"])
        site = Site(self)
        relay = self.relay(site)
        site.server.ok("init", "creds", "--smtpAddr",
                       f"localhost:{relay.port}", "--smtpFrom",
                       "self@x.test", "--smtpCA", site.cert("ca"), db=False)
        self.assertEqual(self.mail_sent(site, relay)[1], ["self@x.test"])

    def test_init_creds_smtpUser(self):
        self.assertEqual(self.creds().get("smtpUser", ""), "")
        self.assertEqual(self.creds("--smtpUser", "me",
                                    stdin="p\n")["smtpUser"], "me")

    def test_init_creds_smtpPass(self):
        self.assertEqual(self.creds("--smtpPass", "s e c")["smtpPass"],
                         "s e c")
        self.assertEqual(self.creds("--smtpUser", "me",
                                    stdin="typed\n")["smtpPass"], "typed")
        # At a terminal it is asked for, and not shown.
        home = tempfile.mkdtemp(dir=self.folder())
        outer, inner = pty.openpty()
        process = subprocess.Popen(
            support.binary() + ["init", "creds"], stdin=inner, stdout=inner,
            stderr=inner, env=dict(os.environ, HOME=home),
            start_new_session=True)
        os.close(inner)
        shown = b""
        while b":" not in shown:
            shown += os.read(outer, 1000)
        os.write(outer, b"hidden\n")
        try:
            while more := os.read(outer, 1000):
                shown += more
        except OSError:
            pass  # the other end is closed
        os.close(outer)
        self.assertEqual(process.wait(30), 0)
        self.assertNotIn(b"hidden", shown)
        with open(home + "/.flexfs/stat/creds", encoding="utf-8") as f:
            self.assertRegex(f.read(), r'smtpPass = .hidden.')

    def test_init_creds_force(self):
        home = tempfile.mkdtemp(dir=self.folder())
        self.creds_of(home, "--smtpTo", "a@x.test")
        self.assertEqual(self.creds_of(home, "--smtpTo", "b@x.test",
                                       code=1)["smtpTo"], ["a@x.test"])
        self.assertEqual(self.creds_of(home, "--smtpTo", "b@x.test",
                                       "--force")["smtpTo"], ["b@x.test"])


if __name__ == "__main__":
    support.main()
