#!/usr/bin/python3
"""A message that SMTP could misread, or that is too large, fails for good
before the relay hears of it; one of 32 MiB arrives whole, and a Bcc never."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '../smtpd'))
from delivering import MESSAGE, Folder, deliver  # noqa: E402
from fault_smtpd import FaultSmtpd  # noqa: E402

A = 'a@rcpt.test'
LIMIT = 32 << 20
LINE = b'x' * 76 + b'\r\n'
WRONG = {
    b'': 'no header',
    MESSAGE + b'smuggled\n.\r\nMAIL FROM:<x@y.test>\r\n': 'line 11 does not '
    'end in CRLF',
    MESSAGE + b'bare\rreturn\r\n': 'line 11 holds a byte 0d',
    MESSAGE + b'no end': 'line 11 does not end in CRLF',
    MESSAGE + 'caf\u00e9\r\n'.encode(): 'line 11 holds a byte c3',
    MESSAGE + b'y' * 999 + b'\r\n': 'line 11 is longer than 998 bytes',
    MESSAGE + LINE * (LIMIT // len(LINE) + 1): 'larger than 32 MiB',
}


def main():
    with Folder() as folder, \
            FaultSmtpd(cert=folder.path('good.pem')) as server:
        def send(message):
            return deliver('localhost:%d' % server.port, A, ca=folder.ca,
                           message=message, step_ms=20000)

        for message, sentence in WRONG.items():
            result = send(message)
            assert result.code == 1, result
            assert result.words() == {A: 'failed'}, result
            assert sentence in result.err, result
        assert not server.commands, server.commands

        largest = MESSAGE + LINE * ((LIMIT - len(MESSAGE)) // len(LINE))
        result = send(largest)
        assert result.words() == {A: 'delivered'}, result
        assert server.mails[0][2] == largest

        for name in (b'Bcc', b'BCC', b'bcc'):
            hidden = MESSAGE.replace(
                b'\r\n\r\n', b'\r\n' + name + b': c@rcpt.test,\r\n'
                b' d@rcpt.test\r\n\r\n', 1)
            assert send(hidden).words() == {A: 'delivered'}
            assert server.mails[-1][2] == MESSAGE, server.mails[-1]


main()
