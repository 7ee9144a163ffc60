"""A server with a bit of everything in its ledger, for tests that look at
the database afterwards."""

import shutil
import tempfile

from .report import make_report, make_volume, new_uuid, rfc3339, unix
from .server import Server


class Story:
    """Accounts, sources, tokens, rates; names and new names, bins,
    revisions, a retirement, a repetition, samples set aside for each reason,
    most of them settled; a month that ends and is closed, so that mails are
    planned, and is corrected by the next one; days made small; grants. The
    server stands at a pretend instant; heads are those of the answers, in order."""

    START = "2026-09-30T20:00:00Z"

    ARGS = ("--mockTime", "--mockStart", START, "--mockRate", "0")

    def __init__(self, server):
        """The server was made with ARGS and not started."""
        self.server = server
        self.now = unix(self.START)
        self.heads = []
        self.volumes = [new_uuid() for _ in range(6)]
        self.prepare()

    @classmethod
    def of_class(cls, test_class):
        """One that was told, for all tests of a class."""
        folder = tempfile.mkdtemp(prefix="t-")
        test_class.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)
        server = Server(folder, args=cls.ARGS)
        test_class.addClassCleanup(server.close)
        return cls(server).tell()

    def prepare(self):
        it = self.server
        clock = {"mock_time": True, "mock_rate": 0, "mock_start": self.START}
        it.create_account("acme", display_name='Acme "Corp" \\ Sons',
                          report_to="a@x.test, b@x.test", **clock)
        it.create_account("other", currency="JPY", gap_policy="zero",
                          period="quarter", net_days=14, **clock)
        it.create_rate("acme", "0.03", **clock)
        it.create_rate("acme", "0.011", max_age="30d", **clock)
        it.create_rate("other", "5", from_="2026-09-01T00:00:00Z", **clock)
        it.ok("create", "identity", db=False)
        self.tokens = [
            it.create_source("admin1", "acme", "other", **clock),
            it.create_source("admin2", "acme", **clock)]
        self.operator = it.create_token("op", "operator", **clock)
        it.create_token("rd", "reader", account="other", **clock)
        self.tokens.append(it.create_token("admin2", "source", **clock))

    def send(self, source, *volumes, **members):
        report = make_report(volumes, sent_at=self.now, **members)
        answer = self.server.send_report(self.tokens[source], report)
        assert answer.status in (200, 201), answer
        self.heads.append(answer.json()["ledger_head"])
        return report, answer.json()

    def volume(self, n, size, ago=0, account="acme", **members):
        return make_volume(size, id=self.volumes[n], account=account,
                           sampled_at=self.now - ago, **members)

    def hour(self, n):
        """The volumes' samples of an hour."""
        self.send(0,
                  self.volume(0, 1000 + n, name="lab", region="eu"),
                  self.volume(1, 10**15 + n, account="other", name="lab"),
                  self.volume(2, 30 + n, inodes=12, retired_bytes=4,
                              size_bins=[
                                  {"max_age": "30d", "bytes": 10},
                                  {"max_age": None, "bytes": 20 + n}]))
        self.send(2, self.volume(3, 5 * n, name=f"name {n}"),
                  self.volume(4, 2**60, created_at=self.now - 9))

    def set_aside(self):
        """One for each reason; the rest of the report counts."""
        self.send(1,
                  self.volume(0, 7, ago=-9999),
                  self.volume(0, 7, ago=36 * 86400),
                  self.volume(5, 7, size_bins=[{"max_age": None, "bytes": 8}]),
                  self.volume(3, 123456789, ago=0),
                  self.volume(4, 9, ago=-30, retired_at=self.now))

    def go(self, when):
        self.now = unix(when)
        self.server.set_clock(self.operator, when)

    def close(self, period, account="acme"):
        answer = self.server.curl(
            f"/v1/periods/{period}/close", token=self.operator,
            json={"account": account, "accept_estimated": True,
                  "reason": "as \\ agreed"})
        assert answer.status == 200, answer

    def close_months(self):
        """September twice, as acme's month and in other's quarter; what comes
        late for it is billed with October."""
        self.close("2026-09")
        self.send(0, self.volume(0, 3 * 2**40, ago=6 * 3600, name="lab"),
                  self.volume(3, 2**42, ago=5 * 3600, name="late"))
        mark = self.server.mark()
        self.go("2026-10-03T07:00:00Z")
        self.server.wait_log("close.done", after=mark, account="other")
        self.hour(20)
        self.send(0, want_grant=True)
        self.send(1, want_grant=True)
        self.server.ok(
            "create", "grant", "--source", "admin1", "--expires", "90d",
            "--mockTime", "--mockRate", 0, "--mockStart", rfc3339(self.now))
        self.go("2026-11-01T07:00:00Z")
        self.close("2026-10")
        self.server.wait_log("history.day_compacted", day="2026-10-03")

    def tell(self):
        """All of it; the server is stopped at the end."""
        self.server.start()
        for n in range(5):
            self.hour(n)
            self.now += 3600
            self.server.set_clock(self.operator, rfc3339(self.now))
        self.hour(9)
        self.send(1, self.volume(0, 77, revision=1), want_grant=True)
        self.send(2, want_grant=True)
        report, _ = self.send(1, self.volume(5, 1), self.volume(5, 1))
        assert self.server.send_report(
            self.tokens[1], report).status == 200
        self.set_aside()
        for number, verb in ((2, "release"), (3, "release"), (5, "release"),
                             (1, "discard")):
            answer = self.server.curl(
                f"/v1/quarantine/{number}/{verb}", token=self.operator,
                json={"reason": 'as the "customer" says'})
            assert answer.status == 200, answer
        self.close_months()
        self.server.stop()
        return self
