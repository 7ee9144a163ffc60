#!/usr/bin/python3
"""A real Postfix takes a message for two recipients, after STARTTLS and a
login with Dovecot, byte for byte."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '../smtpd'))
from delivering import MESSAGE, deliver, skip  # noqa: E402
import postfix  # noqa: E402

TWO = ['a@rcpt.test', 'b@rcpt.test']


def main():
    why = postfix.missing()
    if why:
        skip(why)
    with postfix.start() as server:
        def send(to=TWO, **other):
            given = {'user': server.user, 'password': server.password,
                     'ca': server.ca_file}
            given.update(other)
            return deliver('localhost:%d' % server.port, to, **given)

        result = send()
        assert result.code == 0, result
        assert result.words() == dict.fromkeys(TWO, 'delivered'), result
        assert all(line[2] == '250' for line in result.lines), result
        mails = server.wait_mails(2)
        for mail, to in zip(sorted(mails), TWO):
            mail = mail.replace(b'\n', b'\r\n')
            assert mail.endswith(MESSAGE), mail
            assert b'with ESMTPSA' in mail, mail  # TLS and a login
        assert {b'a', b'b'} == {m.split(b'Delivered-To: ')[1][:1]
                                for m in mails}, mails

        result = send(['a@rcpt.test', 'nobody@rcpt.test', 'later@rcpt.test'])
        assert result.words() == {
            'a@rcpt.test': 'delivered', 'nobody@rcpt.test': 'failed',
            'later@rcpt.test': 'retry'}, result
        assert len(server.wait_mails(3)) == 3

        result = send(password='wrong')
        assert result.code == 1, result
        assert result.words() == dict.fromkeys(TWO, 'retry'), result
        assert "refuses user 'stat@sender.test' or the password: 535" in \
            result.err, result

        result = send(ca=None)
        assert result.words() == dict.fromkeys(TWO, 'retry'), result
        assert 'is not trusted' in result.err, result
        assert len(server.mails()) == 3


main()
