"""What the tests of `deliver` share: a message, the command, its lines.

The command is $STAT_DELIVER (a program with the options of deliver_main.c),
or build/deliver_main beside the sources.
"""
import os
import shlex
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, HERE)

import certs  # noqa: E402

MESSAGE = (b'From: Stat <stat@sender.test>\r\n'
           b'To: a@rcpt.test\r\n'
           b'Subject: a summary\r\n'
           b'Date: Thu, 01 Oct 2026 00:00:00 +0000\r\n'
           b'Message-ID: <1.stat@sender.test>\r\n'
           b'\r\n'
           b'Stored: 12 GiB\r\n'
           b'.a line that starts with a dot\r\n'
           b'.\r\n'
           b'the end\r\n')


class Result:
    def __init__(self, code, out, err, secs):
        self.code, self.err, self.secs = code, err, secs
        self.lines = [tuple(line.split(' ', 3)) for line in out.splitlines()]

    def words(self):
        """{address: outcome}"""
        return {line[1]: line[0] for line in self.lines}

    def __repr__(self):
        return 'exit %d in %.1f s\n%s\n%s' % (
            self.code, self.secs, self.lines, self.err)


def command():
    given = os.environ.get('STAT_DELIVER')
    return shlex.split(given) if given else [
        os.path.join(ROOT, 'build', 'deliver_main')]


def deliver(address, to, message=MESSAGE, sender='stat@sender.test', user=None,
            password='', ca=None, step_ms=None, total_ms=None, timeout=60):
    args = command() + ['--smtpAddr', address, '--smtpFrom', sender]
    for flag, value in (('--smtpUser', user), ('--smtpCA', ca),
                        ('--stepMs', step_ms), ('--totalMs', total_ms)):
        if value is not None:
            args += [flag, str(value)]
    for one in [to] if isinstance(to, str) else to:
        args += ['--to', one]
    read_end, write_end = os.pipe()
    os.write(write_end, password.encode())
    os.close(write_end)

    def give_password():
        # What is opened here ends with exec.
        os.dup2(read_end, 3)

    start = time.monotonic()
    try:
        done = subprocess.run(args, input=message, capture_output=True,
                              timeout=timeout, preexec_fn=give_password,
                              pass_fds=(3,) if read_end != 3 else (read_end,))
    finally:
        os.close(read_end)
    result = Result(done.returncode, done.stdout.decode('ascii'),
                    done.stderr.decode(), time.monotonic() - start)
    if password:
        assert password not in repr(result), 'the password was shown'
    return result


class Folder(tempfile.TemporaryDirectory):
    """A temporary folder with certificates in it."""

    def __init__(self):
        super().__init__(prefix='stat-deliver-')
        certs.make(self.name)

    def __enter__(self):
        super().__enter__()
        return self

    def path(self, name):
        return os.path.join(self.name, name)

    @property
    def ca(self):
        return self.path('ca.pem')


def skip(why):
    print('SKIP ' + why)
    sys.exit(77)
