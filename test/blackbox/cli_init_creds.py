"""init creds writes what it was told, for its owner's eyes, whole or not."""

import os
import resource
import signal
import stat
import subprocess
import tomllib

import support

FLAGS = ["--smtpAddr", "mail.example.com:2525", "--smtpFrom",
         "Jörg Co <j@x.test>", "--smtpTo", "a@x.test, b@x.test",
         "--smtpUser=u'ser", "--smtpPass", "p# ä=\\]"]


class CliInitCreds(support.TestCase):
    def setUp(self):
        self.home = self.folder()
        self.path = os.path.join(self.home, ".flexfs/stat/creds")

    def run_it(self, *words, stdin="", **options):
        return subprocess.run(
            support.binary() + list(words), input=stdin, text=True,
            capture_output=True, timeout=20, check=False,
            env=dict(os.environ, HOME=self.home), **options)

    def init(self, *words, **options):
        return self.run_it("init", "creds", *words, **options)

    def read(self):
        with open(self.path, "rb") as f:
            return tomllib.load(f)

    def entries(self):
        return os.listdir(os.path.dirname(self.path))

    def test_another_toml_reader_reads_what_was_given(self):
        done = self.init(*FLAGS)
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)
        self.assertEqual(self.read(), {
            "smtpAddr": "mail.example.com:2525",
            "smtpFrom": "Jörg Co <j@x.test>",
            "smtpTo": ["a@x.test", "b@x.test"],
            "smtpUser": "u'ser",
            "smtpPass": "p# ä=\\]"})

    def test_the_file_and_its_folders_are_the_owners_alone(self):
        old = os.umask(0)
        try:
            self.assertEqual(self.init("--smtpPass", "p").returncode, 0)
        finally:
            os.umask(old)
        path = self.path
        for mode in (0o600, 0o700, 0o700):
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), mode, path)
            path = os.path.dirname(path)

    def test_defaults_are_the_documented_ones(self):
        self.assertEqual(self.init().returncode, 0)
        self.assertEqual(self.read(), {
            "smtpAddr": "email-smtp.us-east-1.amazonaws.com:587",
            "smtpFrom": "flexFS Service <no-reply@ses.flexfs.io>",
            "smtpTo": ["no-reply@ses.flexfs.io"]})

    def test_a_file_that_is_there_stays(self):
        self.assertEqual(self.init("--smtpPass", "one").returncode, 0)
        done = self.init("--smtpPass", "two")
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"{self.path} exists already; --force", done.stderr)
        self.assertEqual(self.read()["smtpPass"], "one")
        done = self.init("--smtpPass", "two", "--force=false")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(self.init("--smtpPass", "two", "--force").returncode,
                         0)
        self.assertEqual(self.read()["smtpPass"], "two")
        self.assertEqual(self.entries(), ["creds"])

    def test_the_persistent_flag_chooses_the_file(self):
        self.path = os.path.join(self.home, "deep/er/creds")
        done = self.run_it("--credsFile", self.path, "init", "creds")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.read()["smtpTo"], ["no-reply@ses.flexfs.io"])
        self.path = os.path.join(self.home, "second")
        self.assertEqual(self.init("--credsFile=~/second").returncode, 0)
        self.assertEqual(len(self.read()), 3)

    def test_a_disk_that_is_full_leaves_the_old_file(self):
        self.assertEqual(self.init("--smtpPass", "one").returncode, 0)

        def no_room():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (20, 20))

        done = self.init("--smtpPass", "two", "--force", preexec_fn=no_room)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(self.read()["smtpPass"], "one")
        self.assertEqual(self.entries(), ["creds"])

    def test_a_password_file_holds_one_line(self):
        path = os.path.join(self.home, "pass")
        for text, want in (("hunter2\n", "hunter2"), ("a b\r\n", "a b"),
                           ("x", "x")):
            with open(path, "w", encoding="ascii", newline="") as f:
                f.write(text)
            os.chmod(path, 0o600)
            done = self.init("--smtpUser", "u", "--smtpPassFile", path,
                             "--force")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(self.read()["smtpPass"], want)
        for text, sentence in (("a\nb\n", "holds more than one line"),
                               ("", "smtpUser needs smtpPass")):
            with open(path, "w", encoding="ascii") as f:
                f.write(text)
            done = self.init("--smtpUser", "u", "--smtpPassFile", path,
                             "--force")
            self.assertEqual(done.returncode, 1)
            self.assertIn(sentence, done.stderr)
        os.chmod(path, 0o644)
        done = self.init("--smtpPassFile", path, "--force")
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"run: chmod 600 {path}", done.stderr)

    def test_values_that_would_break_mail_are_wrong(self):
        for words, sentence in (
                (["--smtpFrom", "a@b\r\nBcc: c@d"], "control characters"),
                (["--smtpTo", "a@b,,c@d"], "is empty"),
                (["--smtpTo", "nobody"], "has no @"),
                (["--smtpAddr", "[::1]:25"], "IPv6"),
                (["--smtpAddr", "plain:example.com:25"], "only for a relay"),
                (["--smtpAddr", "mail:0"], "1 to 65535"),
                (["--smtpUser", "u" * 256], "more than 255 bytes"),
                (["--smtpPass", "p" * 256], "more than 255 bytes"),
                (["--smtpCA", "/nonexistent/ca.pem"], "No such file"),
                (["--smtpPass", "p", "--smtpPassFile", "/x"], "exclude")):
            with self.subTest(words=words):
                done = self.init(*words)
                self.assertEqual(done.returncode, 2)
                self.assertIn(sentence, done.stderr)
                self.assertFalse(os.path.exists(self.path))

    def test_certificates_are_kept_by_their_whole_path(self):
        with open(os.path.join(self.home, "ca.pem"), "wb"):
            pass
        done = self.init("--smtpCA", "ca.pem", cwd=self.home)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.read()["smtpCA"], os.path.realpath(
            os.path.join(self.home, "ca.pem")))

    def test_a_password_nobody_will_ask_for_is_noted(self):
        done = self.init("--smtpPass", "p")
        self.assertIn("without --smtpUser the password is not used",
                      done.stderr)
        self.assertEqual(self.read()["smtpPass"], "p")

    def test_no_message_repeats_the_password(self):
        for words, code in ((["--smtpPass", "hunter2\n"], 2),
                            (["--smtpPas=hunter2"], 2),
                            (["--smtpPass=hunter2"], 0),
                            (["--smtpPass=hunter2"], 1)):
            done = self.init(*words)
            self.assertEqual(done.returncode, code)
            self.assertNotIn("hunter2", done.stdout + done.stderr)


if __name__ == "__main__":
    support.main()
