"""A server with something to see on every page.

    gallery = Gallery(test, tls=True)     # a few seconds; it is the 10th of
                                          # November 2026 then

acme has twelve volumes with names of all kinds, two invoices, the later one
with a correction, and a sample in quarantine; beta has one volume with age
bins; gamma's periods are held; many has 205 volumes. admin2 is silent.
"""

import json

from .report import hourly, make_report, make_volume, new_uuid, unix
from .server import wait_until

HOSTILE = "<img src=x onerror=alert(1)>\"'&"
LONG = "a-volume-with-a-name-of-forty-characters"
NAMES = [LONG, LONG.upper(), HOSTILE, "javascript:alert(1)", "\u202eevil",
         "\u05d0\u05e8\u05db\u05d9\u05d5\u05df", "scratch", "home", "lab",
         "archive-2019", "backup", "w"]
DISPLAY = "Acme <script>alert(1)</script> & S\u00f6hne"
GIB = 1 << 30
BATCH = 4000  # samples of a report
NOW = "2026-11-10T12:30:00Z"


def batches(samples):
    for at in range(0, len(samples), BATCH):
        yield samples[at:at + BATCH]


class Gallery:
    def __init__(self, test, **options):
        self.server = test.server(
            args=["--mockTime", "--mockRate", "0",
                  "--mockStart", "2026-09-01T00:00:00Z"], **options)
        self.acme = [new_uuid() for _ in NAMES]
        self.beta, self.gamma = new_uuid(), new_uuid()
        self.many = [new_uuid() for _ in range(205)]
        self.make_accounts()
        self.server.start()
        self.tell_story()

    def make_accounts(self):
        server = self.server
        clock = ["--mockTime", "--mockRate", "0",
                 "--mockStart", "2026-09-01T00:00:00Z"]
        for name, words in (
                ("acme", ["--displayName", DISPLAY]),
                ("beta", ["--currency", "EUR"]),
                ("gamma", ["--gapPolicy", "hold"]),
                ("many", ["--currency", "JPY"])):
            server.ok("create", "account", "--name", name, *words, *clock)
            if name != "gamma":
                server.ok("create", "rate", "--account", name, "--rate",
                          "0.03" if name != "many" else "4", "--from",
                          "2026-09-01T00:00:00Z", *clock)
        server.ok("create", "rate", "--account", "beta", "--rate", "0.05",
                  "--maxAge", "30d", "--from", "2026-09-01T00:00:00Z", *clock)
        server.ok("create", "rate", "--account", "gamma", "--rate", "0.02",
                  "--from", "2026-09-01T00:00:00Z", *clock)
        self.admin1 = server.ok(
            "create", "source", "--name", "admin1", "--account", "acme",
            "--account", "beta", "--account", "many", *clock).strip()
        self.admin2 = server.ok("create", "source", "--name", "admin2",
                                "--account", "gamma", *clock).strip()
        self.operator = server.create_token("op", "operator")
        self.reader = server.create_token("everybody", "reader")
        self.limited = server.create_token("acme", "reader", account="acme")
        self.other = server.create_token("beta", "reader", account="beta")

    # --- reports -------------------------------------------------------------

    def send(self, token, samples, sent_at):
        for some in batches(samples):
            answer = self.server.send_report(
                token, make_report(some, sent_at=sent_at))
            assert answer.status == 201, answer

    def acme_month(self, start, hours):
        samples = []
        for i, (uuid, name) in enumerate(zip(self.acme, NAMES)):
            size = (i * i + 1) * 37 * GIB
            month = hourly(lambda h, size=size: size + h * GIB // 2, start,
                           hours, id=uuid, name=name, account="acme")
            if i == 8:  # it was away for some hours, and longer
                month = [s for j, s in enumerate(month)
                         if not 100 <= j < 104 and not 120 <= j < 150]
            samples += month
        return samples

    def beta_month(self, start, hours):
        bins = [{"max_age": "30d", "bytes": 100 * GIB},
                {"bytes": 400 * GIB}]
        return hourly(500 * GIB, start, hours, id=self.beta, name="cold",
                      account="beta", bins=bins)

    def month(self, start, hours, sent_at):
        self.send(self.admin1, self.acme_month(start, hours)
                  + self.beta_month(start, hours), sent_at)

    def set_clock(self, now):
        self.server.set_clock(self.operator, now)

    def invoices(self):
        return json.loads(self.server.ok("list", "invoices",
                                         "--output", "json"))

    def wait_invoices(self, count):
        wait_until(lambda: len(self.invoices()) >= count,
                   f"{count} invoices", 120)

    def tell_story(self):
        gamma = hourly(20 * GIB, "2026-09-03T00:00:00Z", 200, id=self.gamma,
                       name="held", account="gamma")
        self.set_clock("2026-10-01T00:10:00Z")
        self.month("2026-09-01T00:00:00Z", 720, "2026-10-01T00:10:00Z")
        self.send(self.admin2, gamma, "2026-10-01T00:09:30Z")
        self.set_clock("2026-10-03T06:00:00Z")
        self.wait_invoices(2)
        self.set_clock("2026-10-20T00:00:00Z")
        self.send(self.admin1, [make_volume(
            9000 * GIB, id=self.acme[7], name=NAMES[7], account="acme",
            sampled_at="2026-09-20T00:00:00Z", revision=1)],
            "2026-10-20T00:00:00Z")
        self.set_clock("2026-11-01T00:10:00Z")
        self.month("2026-10-01T00:00:00Z", 744, "2026-11-01T00:10:00Z")
        self.set_clock("2026-11-03T06:00:00Z")
        self.wait_invoices(4)
        self.set_clock(NOW)
        hours = (unix(NOW) - unix("2026-11-01T00:00:00Z")) // 3600 + 1
        self.month("2026-11-01T00:00:00Z", hours, NOW)
        self.send(self.admin1, [
            s for uuid in self.many for s in hourly(
                8 * GIB, "2026-11-10T06:00:00Z", 7, id=uuid,
                name=f"job-{uuid[:4]}", account="many")], NOW)
        self.send(self.admin1, [make_volume(
            GIB, name="from the future", account="acme",
            sampled_at="2026-11-20T00:00:00Z")], NOW)

    def number_of(self, account, period):
        return next(i["number"] for i in self.invoices()
                    if (i["account"], i["period"]) == (account, period))
