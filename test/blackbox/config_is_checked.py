"""start --checkConfig reads every file that the server would, says what is
wrong and where, and touches nothing; the server refuses what it refuses."""

import os
import stat
import subprocess

import support


class ConfigIsChecked(support.TestCase):
    def check(self, server, *words):
        """Exit status and the text on the one stream that has any."""
        done = server.cli("start", "--checkConfig", "--dbFolder", server.db,
                          *words, db=False)
        self.assertEqual([done.stdout, done.stderr].count(""), 1, done)
        return done.code, done.stdout + done.stderr

    def path(self, server, *names):
        return os.path.join(server.home, ".flexfs", *names)

    def refused(self, server, sentence, *words):
        code, text = self.check(server, *words)
        self.assertEqual(code, 1)
        self.assertEqual(text, f"stat.flexfs start: {sentence}\n")

    def test_without_any_file_all_is_well(self):
        server = self.server()
        os.rmdir(server.db)
        self.assertEqual(self.check(server), (0, "ok\n"))
        self.assertFalse(os.path.exists(server.db))
        self.assertEqual(os.listdir(server.home), [])

    def test_each_mistake_is_told_with_its_line(self):
        server = self.server(config="")
        path = self.path(server, "stat", "config")
        for text, line, sentence in (
                ('grace = "48h"\ngrace = "24h"\n', 2,
                 "grace was set already, in line 1"),
                ("# one\n\n[limits]\nconnection = 20\n", 4,
                 "there is no setting connection; did you mean "
                 "connections?"),
                ('[[report]]\nname = "a"\nevery = "day"\nat = "6"\n', 1,
                 'with every = "day" at is a time such as "06:00", not "6"'),
                ('[[report]]\nname = "a"\nevery = "day"\n'
                 'to = [\n  "ops@x.test",\n  "ops"]\n', 4,
                 'to: "ops" is no mail address: it has no @'),
                ("report = {}\n", 1,
                 "inline tables are not supported here")):
            server.write_config(text)
            self.refused(server, f"{path}:{line}: {sentence}")
        server.write_config('grace = "24h"\n')
        self.assertEqual(self.check(server), (0, "ok\n"))

    def test_the_server_refuses_the_same(self):
        server = self.server(config="\nx = 1\n")
        server.start(ready=False)
        line = server.wait_log("server.failed")
        self.assertIn("/config:2: there is no setting x; ",
                      line.fields["error"])
        self.assertEqual(server.wait_exit(), 1)
        self.assertEqual(os.listdir(server.db), [])
        server.process = None

    def test_another_file_can_be_named(self):
        server = self.server(config="not read")
        path = os.path.join(server.folder, "other.toml")
        with open(path, "w", encoding="utf-8") as f:
            f.write("report = []\n")
        self.assertEqual(self.check(server, "--configFile", path),
                         (0, "ok\n"))
        server.start("--configFile", path)

    def test_credentials_and_certificate_are_looked_at(self):
        server = self.server(tls=True)
        creds = os.path.join(server.folder, "creds")
        with open(creds, "w", encoding="utf-8") as f:
            os.fchmod(f.fileno(), 0o600)
            f.write('smtpAddr = "mail.test"\nsmtpUsr = "me"\n')
        self.refused(server, f"{creds}:2: unknown name smtpUsr; did you mean "
                     "smtpUser?", "--credsFile", creds)
        server.start()
        server.stop()
        files = ["--sslCert", server.cert, "--sslKey", server.key]
        self.assertEqual(self.check(server, *files), (0, "ok\n"))
        os.chmod(server.key, 0o644)
        code, text = self.check(server, *files)
        self.assertEqual(code, 1)
        self.assertIn(f"{server.key} holds a secret and others have access",
                      text)
        os.chmod(server.key, 0o600)
        with open(server.cert, "a", encoding="utf-8"):
            os.truncate(server.cert, 40)
        code, text = self.check(server, *files)
        self.assertEqual(code, 1)
        self.assertIn(server.cert, text)

    def test_others_must_not_write_to_it(self):
        server = self.server(config="")
        path = self.path(server, "stat", "config")
        os.chmod(path, 0o664)
        self.refused(server, f"others may write to {path} (mode 0664); run: "
                     f"chmod go-w {path}")
        os.chmod(path, 0o644)
        self.assertEqual(self.check(server), (0, "ok\n"))

    def test_nothing_is_opened_while_a_server_runs(self):
        server = self.server(tls=True, config="")
        server.start()
        before = sorted(os.listdir(server.db))
        self.assertEqual(self.check(
            server, "--bindAddr", f"127.0.0.1:{server.port}", "--sslCert",
            server.cert, "--sslKey", server.key), (0, "ok\n"))
        self.assertEqual(sorted(os.listdir(server.db)), before)
        self.assertEqual(server.curl("/healthz").status, 200)

    def test_the_sample_can_be_used_as_it_is(self):
        server = self.server()
        server.write_config(server.ok("start", "--sampleConfig", db=False))
        self.assertEqual(self.check(server), (0, "ok\n"))
        mode = os.stat(self.path(server, "stat", "config")).st_mode
        self.assertEqual(stat.S_IMODE(mode), 0o600)

    def test_wrong_flags_are_a_wrong_command_line(self):
        done = subprocess.run(
            support.binary() + ["start", "--checkConfig", "--bindAddr", "x"],
            capture_output=True, text=True, timeout=20, check=False,
            stdin=subprocess.DEVNULL)
        self.assertEqual((done.returncode, done.stdout), (2, ""))


if __name__ == "__main__":
    support.main()
