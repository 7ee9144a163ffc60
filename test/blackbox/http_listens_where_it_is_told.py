"""--bindAddr takes every form of address that the manual names."""

import re
import subprocess

import support


class HttpListensWhereItIsTold(support.TestCase):
    def listen(self, address):
        """Starts a server there; returns the address that it logs."""
        server = self.server()
        server.start("--bindAddr", address)  # the last one counts
        bind = server.lines("server.ready")[0].fields["bind"]
        host, _, port = bind.rpartition(":")
        done = subprocess.run(
            ["curl", "-q", "-sS", "-g", "--noproxy", "*", "--max-time", "10",
             f"http://{host.replace('0.0.0.0', '127.0.0.1')}:{port}/healthz"],
            check=False, capture_output=True, text=True)
        self.assertEqual((done.stdout, done.stderr), ('{"alive":true}\n', ""))
        server.stop()
        return host

    def test_an_address_of_ipv4(self):
        self.assertEqual(self.listen("127.0.0.1:0"), "127.0.0.1")

    def test_an_address_of_ipv6_in_brackets(self):
        try:
            with open("/proc/net/if_inet6", encoding="ascii") as f:
                there = re.search(r"^0{31}1 ", f.read(), re.MULTILINE)
        except FileNotFoundError:
            there = None
        if not there:
            self.skipTest("this machine has no ::1")
        self.assertEqual(self.listen("[::1]:0"), "[::1]")

    def test_localhost(self):
        self.assertEqual(self.listen("localhost:0"), "127.0.0.1")

    def test_no_address_is_all_of_ipv4(self):
        self.assertEqual(self.listen(":0"), "0.0.0.0")


if __name__ == "__main__":
    support.main()
