"""What the tests of `deliver` share: a message, the command, its lines."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import certs  # noqa: E402
import support  # noqa: E402
from fault_smtpd import FaultSmtpd  # noqa: E402

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


def credentials(**values):
    """A credentials file's text; values as in smtpAddr='localhost:25', those
    that are None left out."""
    # JSON's strings, and arrays of them, are TOML's as well.
    return ''.join('%s = %s\n' % (name, json.dumps(value))
                   for name, value in values.items() if value is not None)


def pipe_of(text):
    """The reading end of a pipe that holds this text, and no more."""
    read_end, write_end = os.pipe()
    os.write(write_end, text.encode())
    os.close(write_end)
    return read_end


def arguments(creds_fd, *words):
    return support.binary() + ['deliver', '--credsFile',
                               '/dev/fd/%d' % creds_fd, *words]


def deliver(address, to=(), message=MESSAGE, sender='stat@sender.test',
            user=None, password=None, ca=None, smtp_to=None, step_secs=None,
            total_secs=None, timeout=60, env=None):
    """Runs deliver to its end. to is an address or several; without any it
    is left to smtp_to, the credentials' own."""
    words = []
    for one in [to] if isinstance(to, str) else to:
        words += ['--to', one]
    for flag, secs in (('--stepTimeout', step_secs), ('--timeout',
                                                      total_secs)):
        if secs is not None:
            words += [flag, '%ds' % secs]
    creds = pipe_of(credentials(
        smtpAddr=address, smtpFrom=sender, smtpTo=smtp_to, smtpUser=user,
        smtpPass=password, smtpCA=ca))
    start = time.monotonic()
    try:
        done = subprocess.run(
            arguments(creds, *words), input=message, capture_output=True,
            timeout=timeout, pass_fds=(creds,), check=False,
            env=dict(os.environ, **env or {}))
    finally:
        os.close(creds)
    result = Result(done.returncode, done.stdout.decode('ascii'),
                    done.stderr.decode(), time.monotonic() - start)
    if password:
        assert password not in repr(result), 'the password was shown'
    return result


class TestCase(support.TestCase):
    """Tests with relays that do something wrong."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.place = tempfile.mkdtemp(prefix='t-deliver-')
        cls.addClassCleanup(shutil.rmtree, cls.place, ignore_errors=True)
        certs.make(cls.place)
        cls.ca = cls.path('ca.pem')

    @classmethod
    def path(cls, name):
        """Of a file among the certificates: see certs.py."""
        return os.path.join(cls.place, name)

    @classmethod
    def relay(cls, cert='good', **faults):
        """A FaultSmtpd that ends with the `with` around it."""
        return FaultSmtpd(cert=cls.path(cert + '.pem'), **faults)

    def assert_refused(self, result, sentence):
        """Nothing was tried: no line for a recipient, one sentence."""
        self.assertEqual(result.code, 1, result)
        self.assertEqual(result.lines, [], result)
        self.assertIn(sentence, result.err)
        self.assertEqual(result.err.count('\n'), 1, result)
