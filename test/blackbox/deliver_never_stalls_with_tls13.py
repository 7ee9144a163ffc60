#!/usr/bin/python3
"""What a TLS 1.3 server sends unasked does not stop a delivery: 200 in a row,
each in less than a step."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '../smtpd'))
from delivering import deliver, skip  # noqa: E402
import postfix  # noqa: E402

COUNT = int(os.environ.get('STAT_DELIVERIES', '200'))


def main():
    why = postfix.missing()
    if why:
        skip(why)
    with postfix.start() as server:
        for i in range(COUNT):
            result = deliver('localhost:%d' % server.port, 'a@rcpt.test',
                             user=server.user, password=server.password,
                             ca=server.ca_file, step_ms=10000)
            assert result.words() == {'a@rcpt.test': 'delivered'}, (i, result)
            assert result.secs < 9, (i, result)
        assert len(server.wait_mails(COUNT, 120)) == COUNT


main()
