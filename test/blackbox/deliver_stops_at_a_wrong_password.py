#!/usr/bin/python3
"""A wrong password costs one attempt, sends nothing, and is never shown, not
even when the relay repeats it; a mechanism that is not PLAIN or LOGIN is given
nothing."""
import base64
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '../smtpd'))
from delivering import Folder, deliver  # noqa: E402
from fault_smtpd import FaultSmtpd  # noqa: E402

A = 'a@rcpt.test'


def send(folder, password, user='user', **faults):
    with FaultSmtpd(cert=folder.path('good.pem'), users={'user': 'right-one'},
                    **faults) as server:
        result = deliver('localhost:%d' % server.port, A, ca=folder.ca,
                         user=user, password=password, step_ms=5000)
        return result, server


def main():
    with Folder() as folder:
        for auth in ('PLAIN LOGIN', 'LOGIN', 'PLAIN'):
            result, server = send(folder, 'right-one', auth=auth)
            assert result.words() == {A: 'delivered'}, result
            for echo in (False, True):
                result, server = send(folder, 'wrong-one', auth=auth,
                                      echo_auth=echo)
                assert result.code == 1, result
                assert result.words() == {A: 'retry'}, result
                assert "refuses user 'user' or the password: 535 5.7.8" in \
                    result.err, result
                assert server.auth_attempts == 1, server.commands
                assert not any(c.startswith('MAIL') for c in server.commands)
                for secret in (b'wrong-one', b'\0user\0wrong-one'):
                    secret = base64.b64encode(secret).decode()
                    assert secret not in repr(result), result

        result, server = send(folder, 'right-one', auth='NTLM CRAM-MD5 PLAIN')
        assert result.words() == {A: 'delivered'}, result
        assert 'AUTH NTLM' in server.commands, server.commands  # alone
        assert server.strange_words == ['*'], server.strange_words

        result, server = send(folder, 'right-one', auth='NTLM GSSAPI')
        assert result.words() == {A: 'retry'}, result
        assert 'offers neither AUTH PLAIN nor AUTH LOGIN' in result.err, result
        assert not any(c.startswith('MAIL') for c in server.commands)

        for word in ('user', 'password'):
            result, server = send(folder, **{'password': 'some-word',
                                              word: 'y' * 256})
            assert 'the SMTP %s is longer than 255 bytes' % word in \
                result.err, result
            assert not server.commands, server.commands
        result, server = send(folder, 'y' * 255, user='u' * 255)
        assert server.auth_attempts == 1 and result.words() == {A: 'retry'}


main()
