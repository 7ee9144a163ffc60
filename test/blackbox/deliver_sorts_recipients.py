#!/usr/bin/python3
"""Each recipient gets its own outcome, with the relay's own words, whatever
extensions the relay offers."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '../smtpd'))
from delivering import MESSAGE, Folder, deliver  # noqa: E402
from fault_smtpd import FaultSmtpd  # noqa: E402

A, B, C = 'a@rcpt.test', 'b@rcpt.test', 'c@rcpt.test'


def send(folder, to=(A, B, C), message=MESSAGE, **faults):
    with FaultSmtpd(cert=folder.path('good.pem'), **faults) as server:
        result = deliver('localhost:%d' % server.port, to, ca=folder.ca,
                         message=message, step_ms=5000, total_ms=20000)
        return result, list(server.mails)


def check(folder, **kind):
    result, mails = send(folder, **kind)
    assert result.words() == dict.fromkeys((A, B, C), 'delivered'), result
    assert [(m[1], m[2]) for m in mails] == [([A, B, C], MESSAGE)], mails

    result, mails = send(folder, soft=[B], hard=[C], **kind)
    assert result.code == 0, result
    assert result.lines == [
        ('delivered', A, '250', '2.0.0 taken as 1'),
        ('retry', B, '451', '4.2.0 <b@rcpt.test> later'),
        ('failed', C, '550', '5.1.1 <c@rcpt.test> unknown')], result
    assert mails[0][1] == [A], mails

    result, mails = send(folder, hard=[A, B, C], **kind)
    assert result.words() == dict.fromkeys((A, B, C), 'failed'), result
    assert not mails, mails

    for place in ('refuse_mail', 'refuse_data', 'refuse_message'):
        if place == 'refuse_data' and kind.get('chunking'):
            continue  # there is no DATA to refuse
        for line, outcome in (('451 4.3.0 not now', 'retry'),
                              ('554 5.6.0 not this', 'failed')):
            result, mails = send(folder, **{place: line}, **kind)
            assert result.lines == [
                (outcome, to, line[:3], line[4:])
                for to in (A, B, C)], (place, result)
            assert not mails, mails

    result, mails = send(folder, size=1000, **kind)
    assert result.lines[0] == (
        'failed', A, '552', '5.3.4 message too big'), result

    # In the middle a bad address, which nobody is asked about.
    result, mails = send(folder, to=[A, 'x y@rcpt.test', C], **kind)
    assert result.lines[1] == (
        'failed', 'x?y@rcpt.test', '000', 'not a mail address'), result
    assert mails[0][1] == [A, C], mails


def main():
    with Folder() as folder:
        check(folder)
        check(folder, pipelining=True)
        check(folder, pipelining=True, chunking=True)
        check(folder, chunking=True)


main()
