#!/usr/bin/python3
"""Without STARTTLS, or when somebody puts words in before TLS, neither mail
nor password leaves; `plain:` is for a relay on this machine, without login."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '../smtpd'))
from delivering import MESSAGE, Folder, deliver  # noqa: E402
from fault_smtpd import FaultSmtpd  # noqa: E402

A = 'a@rcpt.test'


def send(folder, prefix='', user='user', **faults):
    with FaultSmtpd(cert=folder.path('good.pem'), users={'user': 'right-one'},
                    **faults) as server:
        result = deliver('%slocalhost:%d' % (prefix, server.port), A,
                         ca=folder.ca, user=user, password='right-one',
                         step_ms=3000)
        return result, [c.split()[0] for c in server.commands], server


def main():
    with Folder() as folder:
        result, said, server = send(folder, no_starttls=True,
                                    auth_before_tls=True)
        assert result.words() == {A: 'retry'}, result
        assert 'offers no STARTTLS: nothing is sent in the clear' in \
            result.err, result
        assert 'AUTH' not in said and 'MAIL' not in said, said

        for where in ('behind', 'early', 'long'):
            result, said, server = send(folder, inject=where)
            assert result.words() == {A: 'retry'}, (where, result)
            assert 'said more than it was asked before TLS' in \
                result.err, (where, result)
            assert 'AUTH' not in said and 'MAIL' not in said, (where, said)
            assert result.secs < 2, (where, result)

        result, said, server = send(folder, prefix='plain:')
        assert 'takes no user' in result.err, result
        assert not said, said

        with FaultSmtpd() as server:
            result = deliver('plain:127.0.0.1:%d' % server.port, A)
            assert result.words() == {A: 'delivered'}, result
            assert server.mails[0][2] == MESSAGE, server.mails
        result = deliver('plain:mail.example.com:25', A)
        assert 'is not on this machine' in result.err, result


main()
