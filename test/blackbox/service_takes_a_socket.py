"""Socket activation: a listening socket that was handed over counts over
--bindAddr, and outlives the server."""

import socket

import support
from support.manager import hand_over


class ServiceTakesASocket(support.TestCase):
    def listener(self, family=socket.AF_INET, kind=socket.SOCK_STREAM,
                 listen=True):
        s = socket.socket(family, kind)
        self.addCleanup(s.close)
        s.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
        if listen:
            s.listen(10)
        return s

    def heir(self, *sockets, **options):
        return self.server(**hand_over(*sockets), **options)

    def test_it_is_served_instead_of_bindAddr(self):
        s = self.listener()
        server = self.heir(s)
        server.create_account("acme")
        token = server.create_source("admin1", "acme")
        # This port cannot be bound a second time.
        server.start(port=s.getsockname()[1])
        self.assertEqual(server.port, s.getsockname()[1])
        self.assertEqual(len(server.lines("server.socket_inherited")), 1)
        report = support.make_report([support.make_volume(7)])
        self.assertEqual(server.send_report(token, report).status, 201)

    def test_it_serves_tls(self):
        s = self.listener()
        server = self.heir(s, tls=True)
        server.start()
        self.assertEqual(server.port, s.getsockname()[1])
        self.assertEqual(server.curl("/healthz").status, 200)

    def test_an_ipv6_socket_is_served(self):
        s = self.listener(socket.AF_INET6)
        server = self.heir(s)
        server.start()
        line = server.lines("server.ready")[0]
        self.assertEqual(line.fields["bind"], f"[::1]:{s.getsockname()[1]}")

    def test_who_connects_while_no_server_runs_is_served_by_the_next(self):
        s = self.listener()
        server = self.heir(s)
        server.start()
        server.stop()
        with socket.create_connection(s.getsockname(), 20) as client:
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
                           b"Connection: close\r\n\r\n")
            server.start()
            self.assertTrue(client.recv(100).startswith(b"HTTP/1.1 200"))

    def refused(self, server, why):
        server.start(ready=False)
        self.assertEqual(server.wait_exit(), 1)
        server.process = None
        self.assertIn(why, server.lines("server.failed")[0].text)

    def test_two_sockets_are_refused(self):
        self.refused(self.heir(self.listener(), self.listener()),
                     "2 sockets were passed")

    def test_what_does_not_listen_is_refused(self):
        self.refused(self.heir(self.listener(listen=False)),
                     "no listening TCP socket")
        self.refused(self.heir(self.listener(
            kind=socket.SOCK_DGRAM, listen=False)), "no listening TCP socket")

    def test_systemds_own_stand_in(self):
        port = support.free_port()
        server = self.server(wrap=["systemd-socket-activate", "-l",
                                   f"127.0.0.1:{port}"])
        server.start(ready=False)
        # The first connection starts the server, and is served.
        self.wait_until(lambda: any("Listening on" in line.text
                                    for line in server.lines()),
                        "it listens")
        with socket.create_connection(("127.0.0.1", port), 20) as client:
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
                           b"Connection: close\r\n\r\n")
            self.assertTrue(client.recv(100).startswith(b"HTTP/1.1 200"))
        line = server.wait_log("server.ready")
        self.assertEqual(line.fields["bind"], f"127.0.0.1:{port}")


if __name__ == "__main__":
    support.main()
