"""The password is asked for on the terminal, unseen, or read from a pipe."""

import os
import pty
import select
import signal
import subprocess
import termios
import time
import tomllib

import support

QUESTION = b"SMTP password: "


class Terminal:
    """The program on a terminal of its own."""

    def __init__(self, home, *words):
        self.text = b""
        command = support.binary() + list(words)
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ["HOME"] = home
            os.execvp(command[0], command)

    def wait_for(self, text, timeout=20):
        """Reads until text was printed (None: until the program ends)."""
        deadline = time.monotonic() + timeout
        while text is None or text not in self.text:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.fd], [], [], left)[0]:
                raise AssertionError(f"no {text!r} in {self.text!r}")
            try:
                some = os.read(self.fd, 4096)
            except OSError:  # the other end is closed
                some = b""
            if not some:
                if text is None:
                    return
                raise AssertionError(f"ended without {text!r}: {self.text!r}")
            self.text += some

    def echoes(self):
        return bool(termios.tcgetattr(self.fd)[3] & termios.ECHO)

    def type(self, text):
        os.write(self.fd, text)

    def end(self):
        """Exit code; minus the number of a signal."""
        self.wait_for(None)
        code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self.fd)
        return code


class CliPasswordPrompt(support.TestCase):
    def setUp(self):
        self.home = self.folder()

    def password(self):
        with open(os.path.join(self.home, ".flexfs/stat/creds"), "rb") as f:
            return tomllib.load(f).get("smtpPass")

    def piped(self, stdin, *words):
        return subprocess.run(
            support.binary() + ["init", "creds"] + list(words),
            input=stdin, capture_output=True, timeout=20, check=False,
            start_new_session=True, env=dict(os.environ, HOME=self.home))

    def test_what_is_typed_is_not_shown(self):
        t = Terminal(self.home, "init", "creds", "--smtpUser", "u")
        t.wait_for(QUESTION)
        self.assertFalse(t.echoes())
        t.type(b"hunter2\n")
        self.assertEqual(t.end(), 0, t.text)
        self.assertNotIn(b"hunter2", t.text)
        self.assertEqual(self.password(), "hunter2")

    def test_an_interrupt_gives_the_echo_back(self):
        t = Terminal(self.home, "init", "creds", "--smtpUser", "u")
        t.wait_for(QUESTION)
        # Held open, so that the terminal can be looked at afterwards.
        slave = os.open(os.readlink(f"/proc/{t.pid}/fd/0"),
                        os.O_RDWR | os.O_NOCTTY)
        self.addCleanup(os.close, slave)
        t.type(b"hun\x03")
        _, status = os.waitpid(t.pid, 0)
        self.assertEqual(os.waitstatus_to_exitcode(status), -signal.SIGINT)
        self.assertTrue(t.echoes())
        os.close(t.fd)
        self.assertFalse(os.path.exists(os.path.join(self.home, ".flexfs")))

    def test_a_terminal_that_ends_the_input_gives_no_password(self):
        t = Terminal(self.home, "init", "creds", "--smtpUser", "u")
        t.wait_for(QUESTION)
        t.type(b"\x04")
        self.assertEqual(t.end(), 1)
        self.assertIn(b"no password was given", t.text)

    def test_an_existing_file_is_refused_before_the_question(self):
        self.assertEqual(self.piped(b"").returncode, 0)
        t = Terminal(self.home, "init", "creds")
        self.assertEqual(t.end(), 1)
        self.assertIn(b"exists already", t.text)
        self.assertNotIn(QUESTION, t.text)

    def test_a_pipe_gives_its_first_line(self):
        done = self.piped(b"hunter2\nmore\n", "--smtpUser", "u")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn(QUESTION, done.stderr)
        self.assertEqual(self.password(), "hunter2")
        done = self.piped(b"no end", "--smtpUser", "u", "--force")
        self.assertEqual(done.returncode, 0)
        self.assertEqual(self.password(), "no end")

    def test_no_answer_is_right_only_without_a_user(self):
        done = self.piped(b"", "--smtpUser", "u")
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"no password was given", done.stderr)
        done = self.piped(b"\n", "--smtpUser", "u")
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"smtpUser needs smtpPass", done.stderr)
        self.assertEqual(self.piped(b"").returncode, 0)
        self.assertIsNone(self.password())

    def test_an_endless_line_is_refused(self):
        done = self.piped(b"x" * 100000, "--smtpUser", "u")
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"more than", done.stderr)


if __name__ == "__main__":
    support.main()
