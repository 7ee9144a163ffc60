#!/usr/bin/python3
"""When deliver is killed in the middle of a session, the connection ends with
it: no process goes on, and no second copy is on its way unseen."""
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '../smtpd'))
from delivering import MESSAGE, Folder, command  # noqa: E402
from fault_smtpd import FaultSmtpd  # noqa: E402
from postfix import until  # noqa: E402


def main():
    with Folder() as folder, FaultSmtpd(cert=folder.path('good.pem'),
                                        hang='mail') as server:
        process = subprocess.Popen(
            command() + ['--smtpAddr', 'localhost:%d' % server.port,
                         '--smtpFrom', 'stat@sender.test', '--smtpCA',
                         folder.ca, '--to', 'a@rcpt.test'],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        process.stdin.write(MESSAGE)
        process.stdin.close()
        until(lambda: any(c.startswith('MAIL') for c in server.commands), 10,
              'MAIL')
        process.kill()
        process.wait()
        start = time.monotonic()
        # Its end of the pipe is shared with all that it has started.
        assert process.stdout.read() == b''
        process.stdout.close()
        assert time.monotonic() - start < 5


main()
