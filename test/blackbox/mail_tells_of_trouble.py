"""A summary tells its operators of what they have to do something about; who is
sent the bill of one account reads of that account's trouble alone."""

import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../smtpd"))
from mailing import Site, parts, support  # noqa: E402
from fault_smtpd import FaultSmtpd  # noqa: E402

CONFIG = """
[[report]]
name = "all"
every = "day"
at = "06:00"
[[report]]
name = "one"
every = "day"
at = "06:00"
accounts = ["acme"]
to = ["acme@acme.test"]
[[report]]
name = "bills"
after_close = true
"""


class MailTellsOfTrouble(support.TestCase):
    def site(self, **options):
        site = Site(self, ("acme", "globex"), config=CONFIG, **options)
        self.relay = FaultSmtpd(cert=site.cert("good"))
        self.addCleanup(self.relay.close)
        site.give_creds(self.relay, to=("ops@rcpt.test",))
        return site

    def day(self, site, day, **ahead):
        """A day's hourly reports; those of some sources are ahead of it, by
        minutes."""
        start = support.unix(day + "T00:00:00Z")
        for at in range(start, start + 86400, 3600):
            if at > support.unix(site.now):
                site.clock(at)
            for account in ("acme", "globex"):
                site.report(account, 5, [at + 60 * ahead.get(account, 0)])

    def mails(self, site, now, count, before=None):
        """{name: (text, HTML)} of the mails that come, or of those behind the
        first so many, with their words in one line."""
        if before is None:
            before = len(site.mails())
        site.clock(now)

        def found():
            rows = [row for row in site.mails()[before:]
                    if row["state"] in ("sent", "failed")]
            return rows if len(rows) == count else None
        return {row["name"]: self.words(site.message(row["id"]))
                for row in support.wait_until(found, "mails are sent", 60)}

    def words(self, message):
        shown = parts(message)
        return tuple(" ".join(shown[kind].decode().split())
                     for kind in ("text/plain", "text/html"))

    def assert_told(self, shown, *phrases):
        for form in shown:
            for phrase in phrases:
                self.assertIn(phrase, form)

    def assert_untold(self, shown, *phrases):
        for form in shown:
            for phrase in phrases:
                self.assertNotIn(phrase, form)

    def test_each_reads_what_concerns_him(self):
        site = self.site().start()
        self.relay.hard = ["acme@acme.test"]
        self.day(site, "2024-01-01", globex=12)
        found = self.mails(site, "2024-01-02T06:00:00Z", 2)
        self.assert_told(
            found["all"], "24 samples wait in quarantine and do not count, "
            "the oldest since 2024-01-01T00:00:00Z.",
            "src-globex is 12m ahead.")
        self.assert_untold(found["one"], "quarantine", "src-globex", "globex")
        # That one was refused, which the next says, but to operators only.
        self.relay.hard = ()
        self.day(site, "2024-01-02")
        found = self.mails(site, "2024-01-03T06:00:00Z", 2)
        self.assert_told(
            found["all"], "1 mail has not reached everybody (1 given up or "
            "refused), the oldest one 2024-01-01 of 2024-01-02T06:00:00Z:",
            "550 5.1.1", "stat.flexfs retry mail 2")
        self.assert_untold(found["all"], "ahead")
        self.assert_untold(found["one"], "mail 2", "reached everybody")
        site.server.ok("retry", "mail", "2", "--mockTime", "--mockStart",
                       site.now)
        site.until_state(2, "sent")
        self.day(site, "2024-01-03")
        found = self.mails(site, "2024-01-04T06:00:00Z", 2)
        self.assert_untold(found["all"], "reached everybody")

    def test_a_period_that_is_held_is_told_of_until_it_is_closed(self):
        site = self.site(start="2024-01-25T00:00:00Z").start()
        self.day(site, "2024-01-30")
        self.day(site, "2024-02-01")
        site.clock("2024-02-03T00:10:00Z")
        site.server.wait_log("close.held", account="acme")
        found = self.mails(site, "2024-02-03T06:00:00Z", 2)
        held = "acme 2024-01 (too many estimated hours)"
        self.assert_told(found["all"], "Earlier periods that are held, and not"
                         " invoiced: " + held, "globex 2024-01")
        self.assert_told(found["one"], "invoiced: 2024-01 (too many")
        self.assert_untold(found["one"], "globex")
        before = len(site.mails())
        site.server.ok("close", "period", "2024-01", "--account", "acme",
                       "--reason", "as agreed", "--mockTime", "--mockStart",
                       site.now)
        found = self.mails(site, "2024-02-04T06:00:00Z", 3, before)
        self.assert_untold(found["all"], held)
        self.assert_told(found["all"], "globex 2024-01")
        self.assert_untold(found["one"], "invoiced")

    def test_a_certificate_that_ends_is_told_of_in_time(self):
        today = int(time.time()) // 86400 * 86400
        site = self.site(start=support.rfc3339(today))
        site.server.tls = True
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj",
             "/CN=localhost", "-addext",
             "subjectAltName=IP:127.0.0.1,DNS:localhost",
             "-keyout", site.server.key, "-out", site.server.cert],
            check=True, capture_output=True)
        os.chmod(site.server.key, 0o600)
        site.start()
        site.clock(today + 3600)
        for days, told in ((8, False), (11, True)):
            morning = today + days * 86400
            site.clock(morning - 3600)
            site.report("acme", 5, [morning - 3600])
            found = self.mails(site, morning + 6 * 3600, 2)
            self.assertEqual("TLS certificate ends at" in found["all"][0],
                             told)
            self.assert_untold(found["one"], "certificate")

    def test_a_grant_that_is_not_renewed_is_told_to_operators(self):
        site = self.site()
        site.server.ok("create", "identity", db=False)
        for source, life in (("src-acme", "9d"), ("src-globex", "30d")):
            site.server.ok("create", "grant", "--source", source, "--expires",
                           life, "--mockTime", "--mockStart", site.now)
        reader = site.server.create_token("ann", "reader", account="acme")
        site.start()
        for day, word in (("05", None), ("06", "ends"), ("11", "ended")):
            site.clock(f"2024-01-{day}T05:00:00Z")
            for account in ("acme", "globex"):
                site.report(account, 5, [support.unix(site.now)])
            found = self.mails(site, f"2024-01-{day}T06:00:00Z", 2)
            if word:
                self.assert_told(
                    found["all"], "Grants that their sources do not renew: "
                    f"that of src-acme {word} at 2024-01-10T00:00:00Z. ")
            else:
                self.assert_untold(found["all"], "Grants")
            self.assert_untold(found["one"], "Grants")
            page = site.server.curl("/", token=site.operator).text()
            self.assertEqual(re.findall(
                "The grant of (.*?) (ends|has ended)", page),
                [("src-acme", word.replace("ended", "has ended"))]
                if word else [])
            page = site.server.curl("/", token=reader).text()
            self.assertNotIn("he grant of", page)


if __name__ == "__main__":
    support.main()
