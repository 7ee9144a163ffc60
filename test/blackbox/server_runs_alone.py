"""One server per folder: the second one says who is there, and ends."""

import os

import support


class ServerRunsAlone(support.TestCase):
    def test_a_second_server_on_the_folder_refuses(self):
        first = self.server()
        first.start()
        second = support.Server(self.folder())
        self.addCleanup(second.kill)
        second.db = first.db
        second.start(ready=False)
        self.assertEqual(second.wait_exit(10), 1)
        said = second.lines("server.failed")
        self.assertEqual(len(said), 1, second.log_text())
        self.assertIn("another server", said[0].text)
        self.assertIn(str(first.pid), said[0].text)
        self.assertIn("--dbFolder", said[0].text)
        self.assertEqual(second.lines("server.ready"), [])
        # The first one is not disturbed.
        self.assertEqual(first.curl("/readyz").status, 200)

    def test_a_folder_is_free_after_its_server_is_gone(self):
        it = self.server()
        it.start()
        it.kill()
        self.assertTrue(os.path.exists(os.path.join(it.db, "stat.lock")))
        it.start()
        it.stop()
        it.start()
        self.assertEqual(it.curl("/readyz").status, 200)

    def test_a_port_that_is_taken_is_named(self):
        first = self.server()
        first.start()
        second = self.server()
        second.start(ready=False, port=first.port)
        self.assertEqual(second.wait_exit(10), 1)
        self.assertIn(f"127.0.0.1:{first.port}", second.log_text())
        self.assertIn("in use", second.log_text())
        second.process = None

    def test_commands_work_beside_the_server(self):
        it = self.server()
        it.start()
        it.create_account("acme")
        token = it.create_source("admin1", "acme")
        report = support.make_report([support.make_volume(1)])
        self.assertEqual(it.send_report(token, report).status, 201)
        self.assertIn("acme", it.ok("list", "accounts"))


if __name__ == "__main__":
    support.main()
