"""SIGHUP: settings, credentials and certificate are read again, all or
nothing, and no connection is lost over it."""

import hashlib
import os
import shutil
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../smtpd"))
import certs  # noqa: E402
from mailing import Site, support  # noqa: E402
from fault_smtpd import FaultSmtpd  # noqa: E402

NOW = "2024-02-01T00:10:00Z"


class ServerReloads(support.TestCase):
    def hang_up(self, server, event="server.reloaded"):
        """SIGHUP, and the line that it leads to."""
        mark = server.mark()
        server.signal(signal.SIGHUP)
        return server.wait_log(event, after=mark)

    def refused(self, server):
        return self.hang_up(server, "server.reload_refused").fields["error"]

    def report(self, server, age):
        """Sends a sample of that age; returns why it was set aside."""
        answer = server.send_report(self.token, support.make_report(
            [support.make_volume(1, sampled_at=int(time.time()) - age)]))
        self.assertEqual(answer.status, 201)
        return [q["reason"] for q in answer.json()["quarantined"]]

    def open(self, **options):
        server = self.server(**options)
        server.create_account("acme")
        self.token = server.create_source("admin1", "acme")
        return server.start()

    def ask(self, s, data=b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"):
        """Sends what is left of a request; the answer must be whole."""
        s.sendall(data)
        got = b""
        while not got.endswith(b"}\n"):
            more = s.recv(4096)
            self.assertTrue(more, got)
            got += more
        self.assertTrue(got.startswith(b"HTTP/1.1 200 "), got)

    # --- settings ------------------------------------------------------------

    def test_settings_count_from_then_on(self):
        server = self.open(config='[limits]\nmax_age = "2d"\n')
        self.assertEqual(self.report(server, 3 * 86400),
                         ["too_old"])
        server.write_config('report = []\n[limits]\nmax_age = "4d"\n')
        line = self.hang_up(server)
        self.assertEqual(line.level, "info")
        self.assertEqual(line.fields["reports"], "0")
        self.assertEqual(self.report(server, 3 * 86400), [])
        os.remove(os.path.join(server.home, ".flexfs/stat/config"))
        self.assertEqual(self.hang_up(server).fields["reports"], "3")
        self.assertEqual(self.report(server, 34 * 86400), [])

    def test_bad_settings_are_refused_and_the_old_stay(self):
        server = self.open(config='[limits]\nmax_age = "2d"\n')
        server.write_config('[limits]\nmax_age = "4d"\n\nmax_agee = 1\n')
        self.assertRegex(
            self.refused(server),
            r"/config:4: there is no setting max_agee; did you mean max_age")
        self.assertEqual(self.report(server, 3 * 86400),
                         ["too_old"])
        self.assertEqual(server.lines("server.reloaded"), [])

    def test_what_needs_a_restart_is_named_and_stays(self):
        server = self.open()
        server.write_config("[limits]\nbody_bytes = 65536\nconnections = 20\n"
                            'max_age = "4d"\n')
        mark = server.mark()
        self.hang_up(server)
        line, = server.lines("server.reload_needs_restart", after=mark)
        self.assertEqual(line.level, "warn")
        self.assertEqual(set(line.fields["settings"].split()),
                         {"connections", "body_bytes"})
        self.assertEqual(server.send_report(self.token, support.make_report(
            [], padding="x" * 70000)).status, 201)
        server.stop()
        server.start()
        self.assertEqual(server.send_report(self.token, support.make_report(
            [], padding="x" * 70000)).status, 413)
        mark = server.mark()
        self.hang_up(server)
        self.assertEqual(
            server.lines("server.reload_needs_restart", after=mark), [])

    def test_a_report_that_is_new_is_planned(self):
        site = Site(self, config="report = []\n")
        site.start()
        site.month("2024-01", acme=5)
        site.clock(NOW)
        site.settle()
        self.assertEqual(site.mails(), [])
        site.server.write_config(
            '[[report]]\nname = "m"\nevery = "month"\naccounts = ["acme", '
            '"nobody"]\nto = ["own@rcpt.test"]\nat = "1T00:00"\n')
        self.hang_up(site.server)
        row = site.until(1, "is written", lambda row: row["subject"])
        self.assertEqual((row["name"], row["period"], row["recipients"]),
                         ("m", "2024-01", "own@rcpt.test due"))
        line = site.server.wait_log("schedule.no_account")
        self.assertEqual(line.fields["accounts"], "nobody")

    # --- credentials ---------------------------------------------------------

    def test_credentials_that_come_send_what_waits(self):
        site = Site(self)
        site.start()
        site.month("2024-01", acme=5)
        site.clock(NOW)
        site.until(1, "is written", lambda row: row["subject"])
        relay = FaultSmtpd(cert=site.cert("good"))
        self.addCleanup(relay.close)
        site.give_creds(relay, to=("new@rcpt.test",))
        self.assertEqual(self.hang_up(site.server).fields["relay"], "yes")
        row = site.until_state(1, "sent")
        self.assertIn("new@rcpt.test sent 250", row["recipients"])
        # And go again.
        os.remove(os.path.join(site.server.home, ".flexfs/stat/creds"))
        self.assertEqual(self.hang_up(site.server).fields["relay"], "no")

    def test_bad_credentials_are_refused_and_the_old_stay(self):
        site = Site(self)
        relay = FaultSmtpd(cert=site.cert("good"))
        self.addCleanup(relay.close)
        site.give_creds(relay)
        site.start()
        path = os.path.join(site.server.home, ".flexfs/stat/creds")
        with open(path, "a", encoding="utf-8") as f:
            f.write("smtpUser = \"me\"\n")
        self.assertIn("smtpPass", self.refused(site.server))
        site.month("2024-01", acme=5)
        site.clock(NOW)
        site.until_state(1, "sent")

    def test_a_pipe_is_not_read_again(self):
        server = self.server()
        path = os.path.join(server.folder, "creds")
        os.mkfifo(path, 0o600)
        server.start("--credsFile", path, ready=False)
        with open(path, "w", encoding="utf-8") as f:
            f.write('smtpAddr = "plain:localhost:9"\n')
        line = server.wait_log("server.ready")
        server.port = int(line.fields["bind"].rpartition(":")[2])
        line = self.hang_up(server)
        self.assertEqual(
            (line.fields["creds"], line.fields["relay"]), ("kept", "yes"))
        self.assertEqual(server.curl("/healthz").status, 200)

    # --- the certificate -----------------------------------------------------

    def peer(self, server):
        """SHA-256 of the certificate that a new connection is shown."""
        with server.connect() as s:
            return hashlib.sha256(s.getpeercert(True)).hexdigest()

    def test_a_new_certificate_is_shown_and_no_connection_is_lost(self):
        server = self.open(tls=True)
        before = self.peer(server)
        with server.connect() as old:
            old.sendall(b"GET /healthz HTTP/1.1\r\n")
            os.remove(server.cert)
            os.remove(server.key)
            other = self.server(tls=True)
            other.start()
            other.stop()
            shutil.copy(other.cert, server.cert)
            shutil.copy(other.key, server.key)
            self.hang_up(server)
            self.assertNotEqual(self.peer(server), before)
            self.ask(old, b"Host: x\r\n\r\n")
            self.ask(old)
            self.assertEqual(
                hashlib.sha256(old.getpeercert(True)).hexdigest(), before)
        self.assertEqual(self.report(server, 60), [])

    def test_a_key_that_does_not_fit_is_refused_and_all_stays(self):
        server = self.open(tls=True, config='[limits]\nmax_age="2d"\n')
        before = self.peer(server)
        other = self.server(tls=True)
        other.start()
        other.stop()
        shutil.copy(other.key, server.key)
        # Good settings do not count when the certificate is not good.
        server.write_config('[limits]\nmax_age = "4d"\n')
        self.assertIn(server.key, self.refused(server))
        self.assertEqual(self.peer(server), before)
        self.assertEqual(self.report(server, 3 * 86400),
                         ["too_old"])
        os.chmod(server.key, 0o644)
        self.assertIn("others have access", self.refused(server))
        os.remove(server.cert)
        self.refused(server)
        self.assertFalse(os.path.exists(server.cert))
        self.assertEqual(self.peer(server), before)

    def test_a_certificate_that_has_run_out_is_refused(self):
        server = self.server(tls=True)
        server.start()
        before = self.peer(server)
        folder = self.folder()
        certs.make(folder)
        shutil.copy(os.path.join(folder, "expired.crt"), server.cert)
        shutil.copyfile(os.path.join(folder, "expired.key"), server.key)
        self.assertEqual(self.refused(server), "the certificate "
                         f"{server.cert} has run out")
        self.assertEqual(self.peer(server), before)
        shutil.copy(os.path.join(folder, "good.crt"), server.cert)
        shutil.copyfile(os.path.join(folder, "good.key"), server.key)
        self.hang_up(server)
        self.assertNotEqual(self.peer(server), before)

    # --- many times ----------------------------------------------------------

    def test_a_hundred_times_while_reports_come(self):
        server = self.open(tls=True)
        with server.connect() as s:
            for _ in range(100):
                server.signal(signal.SIGHUP)
                self.ask(s)
        self.assertEqual(self.report(server, 60), [])
        self.assertEqual(server.lines("server.reload_refused"), [])
        server.stop()


if __name__ == "__main__":
    support.main()
