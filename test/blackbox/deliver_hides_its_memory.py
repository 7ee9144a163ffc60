"""While deliver holds the password, no other process of the same user can
look into it, and no core dump is made of it."""

import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../smtpd"))

import support  # noqa: E402
from delivering import MESSAGE, TestCase, credentials  # noqa: E402

# Root may look into everything, so both sides run as somebody else.
NOBODY = {"user": 65534, "group": 65534, "extra_groups": []} \
    if os.geteuid() == 0 else {}
LOOK = """
import sys
try:
    open(f"/proc/{sys.argv[1]}/environ", "rb").read()
    print("seen")
except PermissionError:
    print("refused")
"""


class DeliverHidesItsMemory(TestCase):
    def start(self, args, **options):
        process = subprocess.Popen(
            args, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            cwd="/", **options, **NOBODY)
        self.addCleanup(process.stdin.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def start_deliver(self, server):
        """It may lie where only root gets to, so it is started by number;
        the pipe with the credentials must be its own."""
        program = os.open(support.binary()[-1], os.O_RDONLY)
        read_end, write_end = os.pipe()
        os.fchown(read_end, NOBODY.get("user", -1), NOBODY.get("group", -1))
        os.write(write_end, credentials(
            smtpAddr=f"plain:127.0.0.1:{server.port}",
            smtpPass="right-one").encode())
        os.close(write_end)
        process = self.start(
            [f"/proc/self/fd/{program}", "deliver", "--to", "a@rcpt.test",
             "--credsFile", f"/dev/fd/{read_end}"],
            pass_fds=(program, read_end))
        os.close(read_end)
        os.close(program)
        process.stdin.write(MESSAGE)
        process.stdin.close()
        return process

    def look_at(self, process):
        return subprocess.run(
            ["/usr/bin/python3", "-c", LOOK, str(process.pid)], cwd="/",
            capture_output=True, text=True, check=True, **NOBODY
        ).stdout.strip()

    def test_another_process_of_the_user_is_refused(self):
        with self.relay(hang="mail") as server:
            process = self.start_deliver(server)
            self.wait_until(lambda: process.poll() is not None or
                            any(c.startswith("MAIL")
                                for c in server.commands), "MAIL")
            self.assertIsNone(process.poll(), "it ended")
            self.assertEqual(self.look_at(process), "refused")
            # That this user may look at all:
            other = self.start(["/bin/cat"])
            self.assertEqual(self.look_at(other), "seen")


if __name__ == "__main__":
    support.main()
