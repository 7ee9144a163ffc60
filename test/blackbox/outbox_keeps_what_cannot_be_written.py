"""A message that cannot be written is tried again, later and later: after as
long again as it has waited, at least a minute. It is never given up."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../smtpd"))
from mailing import Site, support  # noqa: E402
from fault_smtpd import FaultSmtpd  # noqa: E402

DUE = "2024-02-01T00:10:00Z"


class OutboxKeepsWhatCannotBeWritten(support.TestCase):
    def away(self, site):
        """Where no new process finds the database; the server has it open."""
        return site.server.db + ".away"

    def look(self, site):
        """The mail's row, while the database is away."""
        found = site.server.db
        site.server.db = self.away(site)
        try:
            return site.mail(1)
        finally:
            site.server.db = found

    def fails(self, site, now):
        """At now, writing fails; returns when it will be tried again."""
        mark = site.server.mark()
        site.clock(now)
        line = site.server.wait_log("delivery.render_failed", after=mark)
        self.assertEqual(line.level, "warn")
        row = support.wait_until(
            lambda: [r for r in [self.look(site)]
                     if support.unix(r["next_at"]) > support.unix(now)],
            "it is put off")[0]
        self.assertEqual((row["state"], row["attempts"]), ("due", 0))
        self.assertIn("writing the message: it ended with code 1",
                      row["last_words"])
        return row["next_at"]

    def test_it_waits_longer_each_time_and_is_sent_in_the_end(self):
        site = Site(self)
        with FaultSmtpd(cert=site.cert("good")) as relay:
            site.give_creds(relay)
            site.start()
            site.month("2024-01", acme=5)
            os.rename(site.server.db, self.away(site))
            waits, now, due = [], DUE, support.unix(DUE)
            for _ in range(16):
                after = self.fails(site, now)
                waits.append(support.unix(after) - support.unix(now))
                now = after
            self.assertEqual(waits[:5], [60, 60, 120, 240, 480])
            self.assertEqual(waits[-1], 86400)
            self.assertGreater(support.unix(now), due + 5 * 86400)
            os.rename(self.away(site), site.server.db)
            site.clock(now)
            row = site.until_state(1, "sent")
            self.assertEqual((row["attempts"], row["last_words"]), (1, ""))
            self.assertEqual(len(relay.mails), 1)


if __name__ == "__main__":
    support.main()
