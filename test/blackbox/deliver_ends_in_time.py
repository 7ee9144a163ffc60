#!/usr/bin/python3
"""A relay that hangs up, falls silent or drips costs a bounded time, and no
recipient is taken for delivered, or for failed, without the relay's word."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '../smtpd'))
from delivering import MESSAGE, Folder, deliver  # noqa: E402
from fault_smtpd import PLACES, FaultSmtpd  # noqa: E402

TWO = ['a@rcpt.test', 'b@rcpt.test']
STEP_MS, TOTAL_MS = 1000, 3000
WHERE = {'connect': 'before its greeting', 'ehlo': 'at EHLO',
         'starttls': 'at STARTTLS', 'auth': 'at AUTH', 'mail': 'at MAIL FROM',
         'rcpt': 'at RCPT TO', 'data': 'in the middle of the message',
         'dot': 'after the whole message was sent; it may have taken it'}
WHERE['half'] = WHERE['dot']
# More than the buffers of both sides hold.
LARGE = MESSAGE + b'\r\n'.join([b'x' * 76] * 250000) + b'\r\n'


def send(folder, message=MESSAGE, step_ms=STEP_MS, **faults):
    with FaultSmtpd(cert=folder.path('good.pem'), users={'user': 'right-one'},
                    **faults) as server:
        result = deliver('localhost:%d' % server.port, TWO, ca=folder.ca,
                         user='user', password='right-one', step_ms=step_ms,
                         total_ms=TOTAL_MS, message=message)
        result.relay = 'localhost:%d' % server.port
        return result


def check(folder, **kind):
    for place in PLACES:
        message = LARGE if place == 'data' else MESSAGE
        for fault in ('hang', 'drop'):
            result = send(folder, message, **{fault: place}, **kind)
            if place == 'quit':
                assert result.words() == dict.fromkeys(TWO, 'delivered')
                assert result.secs < 3, result
                continue
            assert result.code == 1, (place, fault, result)
            assert result.words() == dict.fromkeys(TWO, 'retry'), (
                place, fault, result)
            assert result.relay in result.err, (place, fault, result)
            # With BDAT all is sent in one go, from RCPT to the end; and what
            # is written to a closed connection counts as sent.
            at_once = 'chunking' in kind and place in ('rcpt', 'data')
            where = [WHERE[place]]
            if at_once or place == 'data':
                where.append(WHERE['dot'])
            assert any(w in result.err for w in where), (place, fault, result)
            if fault == 'drop':
                assert 'ended the connection' in result.err or (
                    at_once and 'broke down' in result.err), result
                assert result.secs < 1, (place, result)
            elif place in ('dot', 'half') or at_once:
                assert 'was not done within 3 s' in result.err, result
                assert 2.9 < result.secs < 4, (place, result)
            else:
                assert 'did not answer within 1 s' in result.err, result
                assert 0.9 < result.secs < 2.9, (place, result)


def main():
    with Folder() as folder:
        check(folder)
        check(folder, chunking=True, pipelining=True)
        result = send(folder, step_ms=2000, drip=True)
        assert result.words() == dict.fromkeys(TWO, 'retry'), result
        assert 'was not done within 3 s' in result.err, result
        assert 2.9 < result.secs < 4, result


main()
