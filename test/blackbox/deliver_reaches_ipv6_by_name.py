#!/usr/bin/python3
"""A relay whose name has an IPv6 address only is reached, and one whose first
address does not answer is reached at its second."""
import os
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '../smtpd'))
import delivering  # noqa: E402
from delivering import Folder, deliver, skip  # noqa: E402
from fault_smtpd import FaultSmtpd  # noqa: E402
from postfix import has_ipv6  # noqa: E402

A = 'a@rcpt.test'


def with_hosts(hosts):
    """The command in a mount namespace in which hosts is /etc/hosts."""
    return ['unshare', '--mount', 'sh', '-c',
            'mount --bind "$0" /etc/hosts && exec "$@"', hosts
            ] + delivering.command()


def main():
    if not has_ipv6():
        skip('there is no ::1')
    with Folder() as folder:
        hosts = folder.path('hosts')
        with open(hosts, 'w') as out:
            out.write('127.0.0.1 localhost\n::1 relay.test\n')
        args = with_hosts(hosts)
        if subprocess.run(args[:6] + ['true'],
                          stderr=subprocess.DEVNULL).returncode != 0:
            skip('a mount namespace needs root')
        os.environ['STAT_DELIVER'] = ' '.join("'%s'" % a for a in args)
        with FaultSmtpd(cert=folder.path('good.pem'), host='::1') as server:
            address = 'relay.test:%d' % server.port
            result = deliver(address, A, ca=folder.ca, step_ms=3000)
            assert result.words() == {A: 'delivered'}, result
            result = deliver('[::1]:%d' % server.port, A, ca=folder.ca)
            assert 'give an IPv6 relay by its name' in result.err, result

        # ::1 is tried first there, and nobody listens on that port.
        with open(hosts, 'a') as out:
            out.write('127.0.0.1 relay.test\n')
        with FaultSmtpd(cert=folder.path('good.pem')) as server:
            address = 'relay.test:%d' % server.port
            result = deliver(address, A, ca=folder.ca, step_ms=3000)
            assert result.words() == {A: 'delivered'}, result

            # Now ::1 is there, but its queue is full: one step is lost.
            with socket.socket(socket.AF_INET6) as deaf, \
                    socket.socket(socket.AF_INET6) as filler:
                deaf.bind(('::1', server.port))
                deaf.listen(0)
                filler.connect(('::1', server.port))
                result = deliver(address, A, ca=folder.ca, step_ms=1000)
                assert result.words() == {A: 'delivered'}, result
                assert 0.9 < result.secs < 3, result


main()
