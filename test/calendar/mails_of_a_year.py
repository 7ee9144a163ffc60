"""A year under the pretend clock, with a week in which the server is down and
kills at the worst moments: exactly the mails that are due, each Message-ID
once - or again where a kill came between - and none missing."""
# timeout: 600

import datetime
import http.client
import json
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../smtpd"))
from mailing import Site, message_ids, support  # noqa: E402
from fault_smtpd import FaultSmtpd  # noqa: E402

YEAR = 2024
# Both are more in a longer run: STAT_KILLS=200.
KILLS = int(os.environ.get("STAT_KILLS", "20"))
SEED = 20241231
DOWN = (datetime.date(YEAR, 6, 7), datetime.date(YEAR, 6, 14))
ONE_DAY = datetime.timedelta(1)

CONFIG = """
[[report]]
name = "weekly"
every = "week"
at = "Mon 06:00"

[[report]]
name = "monthly"
every = "month"
at = "1T06:00"

[[report]]
name = "quarterly"
every = "quarter"
at = "1T06:30"
attach = ["csv", "json"]

[[report]]
name = "invoice"
after_close = true
"""


def week_of(day):
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


def quarter_of(day):
    return f"{day.year}-Q{(day.month + 2) // 3}"


def due_until(last):
    """{(name, period): the day on which it is due}, of all mails whose
    instant has come at seven o'clock of that day."""
    found = {}
    day = datetime.date(YEAR, 1, 2)
    while day <= last:
        before = day - ONE_DAY
        if day.weekday() == 0:
            found["weekly", week_of(before)] = day
        if day.day == 1:
            found["monthly", f"{before:%Y-%m}"] = day
            if day.month % 3 == 1:
                found["quarterly", quarter_of(before)] = day
        # 48 hours behind the end of the month.
        if day.day == 3 and day > datetime.date(YEAR, 2, 1):
            month = f"{day - 3 * ONE_DAY:%Y-%m}"
            found["invoice:acme", month] = day
            found["customer:acme", month] = day
        day += ONE_DAY
    return found


class MailsOfAYear(support.TestCase):
    def site(self):
        site = Site(self, (), start=f"{YEAR}-01-01T00:00:00Z", config=CONFIG)
        site.account("acme", report_to="pay@acme.test")
        self.relay = FaultSmtpd(cert=site.cert("good"))
        self.addCleanup(self.relay.close)
        site.give_creds(self.relay, to=("ops@rcpt.test",))
        self.site_ = site
        self.start()
        return site

    def start(self):
        self.site_.start()
        self.http = http.client.HTTPConnection("127.0.0.1",
                                               self.site_.server.port)

    def post(self, path, token, value, expected=200):
        self.http.request("POST", path, json.dumps(value), {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json"})
        answer = self.http.getresponse()
        answer.read()
        self.assertEqual(answer.status, expected, (path, value))

    def clock(self, day, time):
        self.site_.now = f"{day}T{time}Z"
        self.post("/v1/clock", self.site_.operator, {"now": self.site_.now})

    def report(self, day):
        """A day's hourly samples, the morning after."""
        start = support.unix(f"{day}T00:00:00Z")
        self.post("/v1/reports", self.site_.tokens["acme"],
                  support.make_report(
                      [support.make_volume(
                          5 << 30, id=self.site_.volumes["acme"],
                          sampled_at=start + 3600 * i) for i in range(24)],
                      sent_at=self.site_.now), expected=201)

    def kill(self, rng):
        """At a moment of the work that the clock has set off, or at once."""
        server = self.site_.server
        event = rng.choice([None, "schedule.planned", "delivery.rendered",
                            "close.done", "delivery.sent"])
        mark = self.mark
        if event is not None:
            try:
                server.wait_log(event, timeout=0.3, after=mark)
            except AssertionError:
                pass  # there is nothing of that kind on this day
        server.kill()
        self.http.close()
        self.start()

    def settle(self, expected):
        """Until the outbox has so many mails, and has sent what is due."""
        def done():
            mails = self.site_.mails()
            return len(mails) >= expected and all(
                m["state"] in ("sent", "aside") for m in mails)
        support.wait_until(done, f"{expected} mails are sent", 60)

    def test_a_year(self):
        rng = random.Random(SEED)
        site = self.site()
        last = datetime.date(YEAR + 1, 1, 6)
        due = due_until(last)
        busy = sorted(set(due.values()))
        kills = set(rng.sample(busy, min(KILLS, len(busy))))
        extra = max(0, KILLS - len(busy))
        day = datetime.date(YEAR, 1, 2)
        self.mark = 0
        while day <= last:
            if day == DOWN[0]:
                site.server.stop()
                self.http.close()
            if DOWN[0] <= day < DOWN[1]:
                day += ONE_DAY
                continue
            if day == DOWN[1]:
                site.now = f"{day}T05:00:00Z"
                self.start()
                # What the admin server has kept meanwhile.
                back = DOWN[0] - ONE_DAY
                while back < DOWN[1] - ONE_DAY:
                    self.report(back)
                    back += ONE_DAY
            self.clock(day, "05:00:00")
            self.report(day - ONE_DAY)
            self.mark = site.server.mark()
            self.clock(day, "07:00:00")
            if day in kills:
                self.kill(rng)
                for _ in range(extra // len(busy) + 1 if extra else 0):
                    self.kill(rng)
            if day in busy:
                self.settle(sum(1 for d in due.values() if d <= day))
            day += ONE_DAY
        self.check(due)

    def check(self, due):
        missed = {key for key, day in due.items()
                  if DOWN[0] <= day < DOWN[1] and key[0] == "weekly"}
        self.assertEqual(len(missed), 1)
        self.assertEqual(
            [sum(1 for name, _ in due if name == n) for n in
             ("weekly", "monthly", "quarterly", "invoice:acme")],
            [53, 12, 4, 12])
        mails = self.site_.mails()
        # The newest that was missed is made up for, so none is set aside.
        self.assertEqual({(m["name"], m["period"]): m["state"]
                          for m in mails},
                         {key: "sent" for key in due})
        self.assertEqual(len(mails), len(due))
        ids = message_ids(self.relay.mails)
        self.assertEqual(len(set(ids)), len(mails))
        self.assertLessEqual(len(ids) - len(set(ids)), KILLS)
        to = {message_ids([m])[0]: m[1] for m in self.relay.mails}
        for row in mails:
            number, = message_ids([self.site_.message(row["id"])])
            self.assertEqual(
                to[number], ["pay@acme.test"]
                if row["name"] == "customer:acme" else ["ops@rcpt.test"])


if __name__ == "__main__":
    support.main()
