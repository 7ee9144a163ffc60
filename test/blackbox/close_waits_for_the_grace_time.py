"""The setting grace says how long a period waits to be closed; a change holds
for periods that end from then on."""

import json
import signal

import support
from support import GIB


class CloseWaitsForTheGraceTime(support.TestCase):
    def setUp(self):
        self.it = self.server(config='grace = "5d"\nreport = []\n', args=[
            "--mockTime", "--mockStart", "2024-01-01T00:00:00Z",
            "--mockRate", "0"])
        self.it.create_account("acme")
        self.it.create_rate("acme", "0.03", from_="2023-01-01T00:00:00Z")
        self.token = self.it.create_source("admin1", "acme")
        self.operator = self.it.create_token("op", "operator")
        self.volume = support.new_uuid()
        self.it.start()

    def clock(self, now):
        self.it.set_clock(self.operator, now)
        self.now = now

    def month(self, month):
        """Every hour of a month, sent in its last one."""
        start = support.month_start(month)
        every = [start + 3600 * i
                 for i in range(support.hours_in_month(month))]
        self.clock(support.rfc3339(every[-1]))
        self.send(*every)

    def send(self, *instants, bytes=GIB, **members):
        answer = self.it.send_report(self.token, support.make_report(
            [support.make_volume(bytes, id=self.volume, sampled_at=at,
                                 **members) for at in instants],
            sent_at=self.now))
        self.assertEqual(answer.status, 201)

    def state(self, month):
        return json.loads(self.it.ok(
            "report", "--period", month, "--account", "acme", "--format",
            "json", "--mockTime", "--mockStart", self.now, "--mockRate",
            "0"))["state"]

    def closes_at(self, month, before, then):
        """Not before, but then."""
        self.clock(before)
        self.clock(before)  # it has looked
        self.assertEqual(self.state(month), "draft")
        self.clock(then)
        self.it.wait_log("close.done", period=month)
        self.assertEqual(self.state(month), "closed")

    def set(self, grace):
        self.it.write_config(f'grace = "{grace}"\nreport = []\n')
        mark = self.it.mark()
        self.it.signal(signal.SIGHUP)
        self.it.wait_log("server.reloaded", after=mark)

    def test_each_period_waits_as_long_as_when_it_ended(self):
        line = self.it.wait_log("server.grace_set")
        self.assertEqual(line.fields["secs"], str(5 * 86400))
        self.month("2024-01")
        self.clock("2024-02-02T00:00:00Z")
        self.set("0s")  # February's, not January's
        self.closes_at("2024-01", "2024-02-05T23:59:59Z",
                       "2024-02-06T00:00:00Z")
        self.month("2024-02")
        self.closes_at_once("2024-02", "2024-03-01T00:00:00Z")

    def closes_at_once(self, month, then):
        self.clock(then)
        self.it.wait_log("close.done", period=month)

    def bill(self, month):
        return json.loads(self.it.ok(
            "report", "--period", month, "--account", "acme", "--format",
            "json", "--mockTime", "--mockStart", self.now, "--mockRate",
            "0"))

    def test_it_rests_on_what_came_in_its_grace_time(self):
        self.month("2024-01")
        hour = support.unix("2024-01-20T00:00:00Z")
        self.clock("2024-02-05T23:59:59Z")
        # A mean of 2 GiB in all.
        self.send(hour, bytes=745 * GIB, revision=1)
        self.it.stop()
        # It is down at that hour, and is told another time meanwhile.
        self.it.write_config('grace = "1d"\nreport = []\n')
        self.it.args[self.it.args.index("--mockStart") + 1] = self.now = \
            "2024-02-07T00:00:00Z"
        self.it.start()
        self.it.wait_log("close.done", period="2024-01")
        self.assertEqual(self.bill("2024-01")["total"], "0.06")
        # What comes now is on the next bill.
        self.send(hour, bytes=GIB, revision=2)
        self.month("2024-02")
        self.closes_at("2024-02", "2024-03-01T23:59:59Z",
                       "2024-03-02T00:00:00Z")
        bill = self.bill("2024-02")
        self.assertEqual([c["amount"] for c in bill["corrections"]],
                         ["-0.03"])
        self.assertEqual(bill["total"], "0.00")


if __name__ == "__main__":
    support.main()
