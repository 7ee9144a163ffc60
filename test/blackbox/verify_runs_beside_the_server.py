"""verify sees one state of the database while the server goes on writing, and
keeps nobody waiting."""

import threading
import time

import support


class VerifyRunsBesideTheServer(support.TestCase):
    def setUp(self):
        self.it = self.server()
        self.it.create_account("acme")
        self.token = self.it.create_source("admin1", "acme")
        self.it.start()
        self.first = int(time.time()) // 3600 * 3600 - 30 * 86400
        self.volumes = [support.new_uuid() for _ in range(20)]
        self.heads, self.failed = [], []
        self.enough = threading.Event()

    def report(self, n):
        return support.make_report(
            [support.make_volume(n, id=v, sampled_at=self.first + 600 * n,
                                 name="lab")
             for v in self.volumes] +
            [support.make_volume(n, sampled_at=self.first - 90 * 86400)])

    def report_all_the_time(self):
        n = 0
        while not self.enough.is_set():
            n += 1
            answer = self.it.send_report(self.token, self.report(n))
            if answer.status != 201:
                self.failed.append(answer)
                return
            self.heads.append(answer.json()["ledger_head"])

    def test_it_finds_nothing_while_reports_come_in(self):
        reporter = threading.Thread(target=self.report_all_the_time)
        reporter.start()
        try:
            seen = []
            while len(seen) < 15:
                before = list(self.heads)
                flags = [w for head in before[-3:]
                         for w in ("--anchor", head)]
                result = self.it.cli("verify", *flags)
                self.assertEqual((result.code, result.stderr), (0, ""),
                                 result.stdout)
                seen.append(len(self.heads) - len(before))
        finally:
            self.enough.set()
            reporter.join()
        self.assertEqual(self.failed, [])
        # There was something to be confused by.
        self.assertGreater(sum(seen), 0)


if __name__ == "__main__":
    support.main()
