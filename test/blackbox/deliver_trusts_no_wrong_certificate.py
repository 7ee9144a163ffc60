#!/usr/bin/python3
"""A certificate that has expired, names another host, or comes from a CA that
is not trusted, ends the session before anything is said."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '../smtpd'))
from delivering import Folder, deliver  # noqa: E402
from fault_smtpd import FaultSmtpd  # noqa: E402

A = 'a@rcpt.test'
CASES = {
    'expired': ('expired', 'whoever runs it has to renew it'),
    'wronghost': ('mismatch', 'use the name that its certificate was made for'),
    'selfsigned': ('self', 'give its CA with --smtpCA'),
}


def send(folder, kind, ca, tls, host='localhost'):
    with FaultSmtpd(cert=folder.path(kind + '.pem'), tls=tls,
                    users={'user': 'right-one'}) as server:
        result = deliver('%s:%d' % (host, server.port), A, ca=ca, user='user',
                         password='right-one', step_ms=5000)
        return result, server


def main():
    with Folder() as folder:
        for tls in ('1.2', '1.3'):
            for host in ('localhost', '127.0.0.1'):
                result, server = send(folder, 'good', folder.ca, tls, host)
                assert result.words() == {A: 'delivered'}, (host, result)
            for kind, (reason, advice) in CASES.items():
                result, server = send(folder, kind, folder.ca, tls)
                assert result.code == 1, result
                assert result.words() == {A: 'retry'}, result
                assert 'certificate of SMTP relay localhost:%d is not ' \
                    'trusted: ' % server.port in result.err, result
                assert reason in result.err, result
                assert advice in result.err, result
                assert result.secs < 3, result
                assert [c.split()[0] for c in server.commands] == [
                    'EHLO', 'STARTTLS'], server.commands
            result, server = send(folder, 'good', None, tls)
            assert 'give its CA with --smtpCA' in result.err, result
            assert server.auth_attempts == 0
        result, server = send(folder, 'good', folder.path('none.pem'), '1.3')
        assert 'none.pem' in result.err, result
        assert not server.commands, server.commands


main()
