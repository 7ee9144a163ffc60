"""--smtpPass is not to be seen in the process list."""

import fcntl
import os
import subprocess

import support

PIPE_SIZE = 4096


class CliPasswordLeavesArgv(support.TestCase):
    def look_at(self, *words):
        """The command line as others see it while the program writes its
        last words to a pipe that is full."""
        reader, writer = os.pipe()
        size = fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, PIPE_SIZE)
        os.write(writer, b"x" * size)
        process = subprocess.Popen(
            support.binary() + ["init", "creds", "--force"] + list(words),
            stdin=subprocess.DEVNULL, stderr=writer,
            env=dict(os.environ, HOME=self.home))
        os.close(writer)
        try:
            path = os.path.join(self.home, ".flexfs/stat/creds")
            self.wait_until(lambda: os.path.exists(path), "written")
            with open(f"/proc/{process.pid}/cmdline", "rb") as f:
                return f.read()
        finally:
            os.set_blocking(reader, False)
            while process.poll() is None:
                try:
                    os.read(reader, PIPE_SIZE)
                except BlockingIOError:
                    pass
            os.close(reader)

    def test_the_password_is_wiped_in_both_spellings(self):
        for words in (["--smtpPass", "hunter2", "--smtpUser", "u"],
                      ["--smtpPass=hunter2", "--smtpUser", "u"]):
            self.home = self.folder()
            seen = self.look_at(*words)
            self.assertIn(b"--smtpPass", seen)
            self.assertIn(b"--smtpUser\0u", seen)
            self.assertNotIn(b"hunter2", seen)


if __name__ == "__main__":
    support.main()
