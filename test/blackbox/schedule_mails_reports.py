"""The mails that the settings ask for come at their instants, to their
recipients, and show what they are to show."""

import json
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../smtpd"))
from mailing import Site, hours, parse, parts, support  # noqa: E402
from fault_smtpd import FaultSmtpd  # noqa: E402

DAILY = """
[[report]]
name = "daily"
every = "day"
at = "06:30"
to = ["ops@rcpt.test", "boss@rcpt.test"]
accounts = ["globex"]
attach = ["json"]
"""


class ScheduleMailsReports(support.TestCase):
    def site(self, *accounts, **options):
        site = Site(self, accounts or ("acme",), **options)
        self.relay = FaultSmtpd(cert=site.cert("good"))
        self.addCleanup(self.relay.close)
        site.give_creds(self.relay, to=("ops@rcpt.test",))
        return site.start()

    def quiet(self, site):
        """Until all that is due has been sent."""
        site.settle()
        support.wait_until(
            lambda: all(m["state"] in ("sent", "aside")
                        for m in site.mails()), "all mails are sent")

    def come(self, site, now):
        """The mails that are sent when the clock is set to now: {name:
        (period, message, recipients)}."""
        self.quiet(site)
        before = len(self.relay.mails)
        known = {m["id"] for m in site.mails()}
        site.clock(now)
        self.quiet(site)
        found = self.sent(site, lambda row: row["id"] not in known)
        self.assertEqual(len(self.relay.mails) - before, len(found))
        return found

    def sent(self, site, which):
        """The mails that were sent, of those that which(row) is true for."""
        found = {}
        for row in filter(which, site.mails()):
            if row["state"] == "sent":
                self.assertNotIn(row["name"], found)
                message = parse(site.message(row["id"]))
                to = [m[1] for m in self.relay.mails
                      if parse(m[2])["Message-ID"] == message["Message-ID"]]
                self.assertEqual(len(to), 1, row)
                found[row["name"]] = (row["period"], message, sorted(to[0]))
        return found

    def close(self, site, now, *accounts):
        """Sets the clock to now, when periods are closed; returns the
        invoices' mails once they are sent."""
        self.quiet(site)
        known = {m["id"] for m in site.mails()}
        site.clock(now)
        for account in accounts:
            site.server.wait_log("close.done", account=account)
        self.quiet(site)
        return self.sent(site, lambda row: row["id"] not in known)

    def day(self, site, date, **gib):
        """Hourly reports of one day."""
        start = support.unix(f"{date}T00:00:00Z")
        every = [start + 3600 * i for i in range(24)]
        site.clock(every[-1])
        for account, size in gib.items():
            site.report(account, size, every)

    # --- without a file ------------------------------------------------------

    def test_by_default_there_are_weeks_months_and_invoices(self):
        site = self.site(start="2024-01-01T00:00:00Z", config="")
        for date in range(1, 8):
            self.day(site, f"2024-01-{date:02}", acme=5)
        self.assertEqual(self.come(site, "2024-01-08T05:59:59Z"), {})
        found = self.come(site, "2024-01-08T06:00:00Z")
        period, message, to = found.pop("weekly")
        self.assertEqual((found, period, to),
                         ({}, "2024-W01", ["ops@rcpt.test"]))
        # A week of 31 days' 5 GiB.
        self.assertRegex(message["Subject"], r"^\[flexFS\] 2024-01 to "
                         r"2024-01-07 usage 1\.13 GiB-months, USD 0\.03 \(open")
        for date in range(8, 32):
            self.day(site, f"2024-01-{date:02}", acme=5)
        site.settle()
        found = self.come(site, "2024-02-01T06:00:00Z")
        period, message, to = found.pop("monthly")
        self.assertEqual((found, period, to),
                         ({}, "2024-01", ["ops@rcpt.test"]))
        self.assertEqual(message["Subject"], "[flexFS] 2024-01 usage 5.00 "
                         "GiB-months, USD 0.15 (draft)")
        self.assertEqual(self.come(site, "2024-02-02T23:59:59Z"), {})
        found = self.close(site, "2024-02-03T00:00:00Z", "acme")
        self.assertEqual(list(found), ["invoice:acme"])
        self.assertEqual(found["invoice:acme"][0], "2024-01")
        self.assertEqual(found["invoice:acme"][2], ["ops@rcpt.test"])

    # --- what a report says --------------------------------------------------

    def test_a_report_has_its_own_hour_recipients_accounts_and_files(self):
        site = self.site("acme", "globex", start="2024-01-09T12:00:00Z",
                         config=DAILY)
        self.day(site, "2024-01-10", acme=5, globex=7)
        self.assertEqual(self.come(site, "2024-01-11T06:29:59Z"), {})
        found = self.come(site, "2024-01-11T06:30:00Z")
        period, message, to = found["daily"]
        self.assertEqual(period, "2024-01-10")
        self.assertEqual(to, ["boss@rcpt.test", "ops@rcpt.test"])
        self.assertEqual(set(message["To"].split(", ")), set(to))
        self.assertIn(" 2024-01 to 2024-01-10 ", message["Subject"])
        found = parts(message.as_bytes())
        self.assertEqual(list(found),
                         ["text/plain", "text/html", "image/png",
                          "application/json"])
        bill = json.loads(found["application/json"])
        self.assertEqual((bill["account"], bill["state"], bill["period"]),
                         ("globex", "open", "2024-01"))
        text = found["text/plain"].decode()
        self.assertIn("globex", text)
        self.assertNotIn("acme", text)
        names = [p.get_filename() for p in message.walk()
                 if p.get_content_disposition() == "attachment"]
        self.assertEqual(names, ["flexfs-2024-01-10-globex.json"])

    def test_the_last_day_of_a_month_shows_the_whole_month(self):
        site = self.site("globex", start="2024-01-30T12:00:00Z",
                         config=DAILY)
        site.clock("2024-01-31T23:00:00Z")
        site.report("globex", 7, hours("2024-01"))
        _, message, _ = self.come(site, "2024-02-01T06:30:00Z")["daily"]
        self.assertEqual(message["Subject"], "[flexFS] 2024-01 to 2024-01-31 "
                         "usage 7.00 GiB-months, USD 0.21 (draft)")

    def test_a_quarter_is_a_summary_of_three_months(self):
        site = self.site("acme", start="2024-01-01T00:00:00Z", config="""
            [[report]]
            name = "q"
            every = "quarter"
            at = "2T12:00"
            """)
        for month in ("2024-01", "2024-02", "2024-03"):
            site.month(month, acme=5)
        self.assertEqual(self.come(site, "2024-04-02T11:59:59Z"), {})
        period, message, _ = self.come(site, "2024-04-02T12:00:00Z")["q"]
        self.assertEqual(period, "2024-Q1")
        self.assertIn(" 2024-Q1 usage 15.00 GiB-months, USD 0.45",
                      message["Subject"])

    def test_silent_sources_are_told_of(self):
        site = self.site("acme", "globex", start="2024-01-10T00:00:00Z",
                         config='expected_interval = "2h"\n' +
                         DAILY.replace('accounts = ["globex"]', ""))
        self.day(site, "2024-01-10", acme=5, globex=7)
        site.clock("2024-01-11T05:00:00Z")
        site.report("acme", 5, [support.unix("2024-01-11T04:00:00Z")])
        _, message, _ = self.come(site, "2024-01-11T06:30:00Z")["daily"]
        text = " ".join(parts(message.as_bytes())["text/plain"].decode()
                        .split())
        self.assertIn("Silent for more than 2h: src-globex (last heard of at "
                      "2024-01-10T23:00:00Z). Hours without", text)
        site.server.write_config('expected_interval = "12h"\n' + DAILY)
        mark = site.server.mark()
        site.server.signal(signal.SIGHUP)
        site.server.wait_log("server.reloaded", after=mark)
        self.day(site, "2024-01-11", acme=5, globex=7)
        _, message, _ = self.come(site, "2024-01-12T06:30:00Z")["daily"]
        self.assertNotIn("Silent", message.as_string())

    def test_without_reports_nothing_is_mailed(self):
        site = self.site(config="report = []\n")
        site.month("2024-01", acme=5)
        self.assertEqual(
            self.close(site, "2024-02-04T00:00:00Z", "acme"), {})
        self.assertEqual(self.come(site, "2024-02-05T00:00:00Z"), {})
        self.assertEqual(site.mails(), [])

    # --- invoices ------------------------------------------------------------

    def test_each_customer_gets_its_own_invoice_and_no_other(self):
        site = Site(self, ("silent",), config="""
            customer_attach = ["csv", "json"]
            [[report]]
            name = "bills"
            after_close = true
            accounts = ["acme", "silent"]
            """)
        for name, to in (("acme", "pay@acme.test, boss@acme.test"),
                         ("globex", "pay@globex.test")):
            site.account(name, report_to=to)
        self.relay = FaultSmtpd(cert=site.cert("good"))
        self.addCleanup(self.relay.close)
        site.give_creds(self.relay, to=("ops@rcpt.test",))
        site.start()
        site.month("2024-01", acme=5, globex=7, silent=9)
        found = self.close(site, "2024-02-03T00:00:00Z", "acme", "globex",
                           "silent")
        self.assertEqual(
            {name: to for name, (_, _, to) in found.items()},
            {"bills:acme": ["ops@rcpt.test"],
             "bills:silent": ["ops@rcpt.test"],
             "customer:acme": ["boss@acme.test", "pay@acme.test"],
             "customer:globex": ["pay@globex.test"]})
        for name in ("acme", "globex"):
            _, message, _ = found[f"customer:{name}"]
            whole = message.as_string() + "".join(
                p.decode(errors="replace")
                for p in parts(message.as_bytes()).values())
            for other in {"acme", "globex", "silent"} - {name}:
                self.assertNotIn(other, whole)
        # What was mailed is what was kept.
        _, message, _ = found["customer:globex"]
        kept = site.server.ok("report", "--period", "2024-01", "--account",
                              "globex", "--format", "json")
        self.assertEqual(
            parts(message.as_bytes())["application/json"].decode(), kept)
        number = json.loads(kept)["number"]
        self.assertRegex(number, r"^2024-0000[123]$")
        self.assertIn(number, parts(message.as_bytes())["text/plain"].decode())


if __name__ == "__main__":
    support.main()
