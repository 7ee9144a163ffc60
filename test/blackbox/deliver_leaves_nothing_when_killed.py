"""When deliver is killed in the middle of a session, the connection ends with
it: no process goes on, and no second copy is on its way unseen."""

import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../smtpd"))

import support  # noqa: E402
from delivering import (MESSAGE, TestCase, arguments, credentials,  # noqa: E402
                        pipe_of)


class DeliverLeavesNothingWhenKilled(TestCase):
    def start(self, server):
        creds = pipe_of(credentials(
            smtpAddr=f"localhost:{server.port}", smtpFrom="stat@sender.test",
            smtpCA=self.ca))
        process = subprocess.Popen(
            arguments(creds, "--to", "a@rcpt.test"), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, pass_fds=(creds,))
        os.close(creds)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.kill)
        process.stdin.write(MESSAGE)
        process.stdin.close()
        return process

    def test_all_it_has_started_ends_with_it(self):
        with self.relay(hang="mail") as server:
            process = self.start(server)
            self.wait_until(lambda: any(c.startswith("MAIL")
                                        for c in server.commands), "MAIL")
            process.kill()
            process.wait()
            began = time.monotonic()
            # Its end of the pipe is shared with all that it has started.
            self.assertEqual(process.stdout.read(), b"")
            self.assertLess(time.monotonic() - began, 5)


if __name__ == "__main__":
    support.main()
