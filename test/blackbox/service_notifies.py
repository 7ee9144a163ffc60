"""The server tells its service manager when it is ready, that its loop turns,
what it has done, and when it stops."""

import os
import signal
import sqlite3

import support
from support.manager import Manager


class ServiceNotifies(support.TestCase):
    def manager(self, **options):
        manager = Manager(self.folder(), **options)
        self.addCleanup(manager.close)
        return manager

    def start(self, manager, *args, **options):
        server = self.server(env=manager.env, args=args)
        server.create_account("acme")
        server.start(**options)
        return server

    def test_ready_is_said_when_it_serves_and_not_before(self):
        manager = self.manager()
        server = self.server(env=manager.env)
        server.start()
        ready = manager.wait("READY", READY="1")
        self.assertEqual(ready["STATUS"],
                         f"Serving 127.0.0.1:{server.port}; reports taken: 0, "
                         "mails waiting: 0")
        first = manager.messages[0][2]
        self.assertNotIn("READY", first)
        self.assertIn("Opening the database", first["STATUS"])
        self.assertEqual(server.curl("/readyz").status, 200)
        # NotifyAccess=main: nobody else may speak.
        self.assertEqual({pid for _, pid, _ in manager.messages},
                         {server.pid})

    def test_a_server_that_cannot_start_says_why_and_is_never_ready(self):
        manager = self.manager()
        holder = self.server()
        holder.start()
        server = self.server(env=manager.env)
        server.start(ready=False, port=holder.port)
        self.assertEqual(server.wait_exit(), 1)
        server.process = None
        manager.wait("STATUS", STATUS=lambda s: "cannot listen on" in s)
        self.assertNotIn("READY", [n for _, _, m in manager.messages
                                   for n in m])

    def test_a_database_of_a_newer_program_is_never_ready(self):
        manager = self.manager()
        server = self.server(env=manager.env)
        server.create_account("acme")
        with sqlite3.connect(os.path.join(server.db, "stat.db")) as db:
            db.execute("PRAGMA user_version = 999")
        db.close()
        server.start(ready=False)
        self.assertEqual(server.wait_exit(), 1)
        server.process = None
        manager.wait("STATUS", STATUS=lambda s: "schema 999" in s)
        self.assertNotIn("READY", [n for _, _, m in manager.messages
                                   for n in m])

    def test_the_sentence_counts_reports_and_mails(self):
        manager = self.manager()
        server = self.start(manager, "--mockTime", "--mockRate", "0",
                            "--mockStart", "2026-10-31T23:30:00Z")
        token = server.create_source("admin1", "acme")
        report = support.make_report([support.make_volume(
            7, sampled_at="2026-10-31T23:10:00Z")])
        for status in (201, 200):  # a repeated one counts once
            self.assertEqual(server.send_report(token, report).status, status)
        manager.wait("STATUS", STATUS=lambda s: s.endswith(
            "; reports taken: 1, mails waiting: 0"))
        server.set_clock(server.create_token("op", "operator"),
                         "2026-11-01T06:00:00Z")
        manager.wait("STATUS", STATUS=lambda s: s.endswith(
            "; reports taken: 1, mails waiting: 1"))

    def test_the_watchdog_is_fed_at_half_the_interval(self):
        manager = self.manager(watchdog_secs=0.4)
        self.start(manager)
        self.wait_until(lambda: len(self.fed(manager)) >= 8,
                        "it was fed 8 times")
        times = self.fed(manager)
        gaps = sorted(b - a for a, b in zip(times, times[1:]))
        self.assertGreater(gaps[0], 0.1)
        # The median: a busy machine is late now and then.
        self.assertAlmostEqual(gaps[len(gaps) // 2], 0.2, delta=0.1)

    def fed(self, manager):
        return [at for at, _, message in list(manager.messages)
                if message == {"WATCHDOG": "1"}]

    def test_without_an_interval_there_is_no_watchdog(self):
        manager = self.manager()
        self.start(manager)
        manager.wait("READY")
        self.assertEqual(self.fed(manager), [])

    def test_a_reload_begins_and_ends_whatever_comes_of_it(self):
        manager = self.manager()
        server = self.start(manager)
        manager.wait("READY")
        for config, ending in (("", ""), ("nonsense = 1\n",
                               "; new settings were refused, see the log"),
                               ("", "")):
            server.write_config(config)
            mark = manager.mark()
            server.signal(signal.SIGHUP)
            told = manager.wait("RELOADING", RELOADING="1", after=mark)
            self.assertGreater(int(told["MONOTONIC_USEC"]), 0)
            told = manager.wait("READY", READY="1", after=mark)
            self.assertTrue(told["STATUS"].endswith(
                f"mails waiting: 0{ending}"), told)
            # In this order.
            self.assertIn("RELOADING", manager.messages[mark][2])

    def test_stopping_is_said_before_the_end(self):
        manager = self.manager()
        server = self.start(manager)
        with server.connect() as held:
            held.sendall(b"GET /healthz HTTP/1.1\r\nHo")
            self.assertEqual(server.curl("/healthz").status, 200)
            server.signal(signal.SIGTERM)
            manager.wait("STOPPING", STOPPING="1")
            self.assertTrue(server.running())
        self.assertEqual(server.wait_exit(), 0)

    def test_a_manager_that_is_gone_hurts_nobody(self):
        manager = Manager(self.folder(), watchdog_secs=0.1)
        server = self.start(manager)
        manager.close()
        os.unlink(manager.path)
        token = server.create_source("admin1", "acme")
        report = support.make_report([support.make_volume(7)])
        self.assertEqual(server.send_report(token, report).status, 201)
        server.stop()

    def test_an_address_that_is_none_is_a_warning(self):
        server = self.server(env={"NOTIFY_SOCKET": "nowhere"})
        server.start()
        self.assertIn("NOTIFY_SOCKET=nowhere",
                      server.wait_log("server.notify").text)
        self.assertEqual(server.curl("/healthz").status, 200)


if __name__ == "__main__":
    support.main()
