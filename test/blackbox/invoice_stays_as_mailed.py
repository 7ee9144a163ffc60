#!/usr/bin/python3
"""A closed invoice that is fetched a year later, after corrections, other
rates, another issuer and `verify --deep`, is byte for byte the one that was
mailed: text, HTML, CSV, JSON and PDF."""

import email
import email.policy
import os
import sqlite3
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../smtpd"))
from mailing import Site, hours, support  # noqa: E402
from fault_smtpd import FaultSmtpd  # noqa: E402

CONFIG = """
issuer = "Example Storage Ltd\\n1 Example Street"
payment = "IBAN XX00 0000 0000"
[[report]]
name = "invoice"
after_close = true
attach = ["csv", "json", "pdf"]
"""
FORMATS = {"text/plain": "text", "text/html": "html", "text/csv": "csv",
           "application/json": "json", "application/pdf": "pdf"}


def documents(message):
    """{format: bytes} of a mail; the lines of its text end as they were
    written, and not as they travel (RFC 2045, section 6.7)."""
    found = {}
    for part in email.message_from_bytes(
            message, policy=email.policy.SMTP).walk():
        kind = FORMATS.get(part.get_content_type())
        if kind is None:
            continue
        data = part.get_payload(decode=True)
        if kind in ("text", "html"):
            data = data.replace(b"\r\n", b"\n")
        found[kind] = data
    return found


class InvoiceStaysAsMailed(support.TestCase):
    def site(self, **options):
        site = Site(self, config=CONFIG, **options)
        self.relay = FaultSmtpd(cert=site.cert("good"))
        self.addCleanup(self.relay.close)
        site.give_creds(self.relay)
        return site.start()

    def closed(self, site):
        site.month("2024-01", acme=5)
        site.clock("2024-02-03T00:10:00Z")
        site.until_state(1, "sent")
        return site

    def fetch(self, site, kind, period="2024-01", text=False):
        """What `report` prints, and what it says besides."""
        done = subprocess.run(
            [*support.server.binary(), "report", "--period", period,
             "--account", "acme", "--format", kind,
             "--mockTime", "--mockStart", site.now,
             "--dbFolder", site.server.db],
            capture_output=True, check=True,
            env=dict(os.environ, HOME=site.server.home))
        return (done.stdout, done.stderr.decode()) if text else done.stdout

    def assert_same(self, site, mailed):
        self.assertEqual(sorted(mailed), sorted(FORMATS.values()))
        for kind, data in mailed.items():
            self.assertEqual(self.fetch(site, kind), data, kind)

    def test_a_year_later(self):
        site = self.closed(self.site())
        mailed = documents(self.relay.mails[0][2])
        self.assert_same(site, mailed)
        self.assertTrue(mailed["pdf"].startswith(b"%PDF-"))
        self.assertIn(b"2024-00001", mailed["text"])
        # What the month should have been: a correction of the next.
        at = hours("2024-01")[100]
        self.assertEqual(site.server.send_report(
            site.tokens["acme"], support.make_report(
                [support.make_volume(7000 << 30, id=site.volumes["acme"],
                                     name="renamed", sampled_at=at,
                                     revision=1)])).status, 201)
        site.server.create_rate("acme", "0.99", from_="2024-02-05T00:00:00Z")
        site.month("2024-02", acme=6)
        site.server.write_config(CONFIG.replace("Example Storage", "Another"))
        site.clock("2024-03-03T00:10:00Z")
        site.until_state(2, "sent")
        self.assertIn(b"Corrections of closed periods",
                      documents(self.relay.mails[1][2])["text"])
        site.now = "2025-02-03T00:10:00Z"
        site.restart()
        site.settle()
        self.assertIn("all is as it was stated",
                      site.server.ok("verify", "--deep"))
        self.assert_same(site, mailed)

    def test_its_pictures_stand_behind_it(self):
        """And are described for those who cannot see them."""
        site = self.closed(self.site())
        message = email.message_from_bytes(
            self.relay.mails[0][2], policy=email.policy.default)
        self.assertEqual(
            [p.get_content_type() for p in message.iter_parts()],
            ["multipart/alternative", "image/png", "image/png", "text/csv",
             "application/json", "application/pdf"])
        for part in list(message.iter_parts())[1:3]:
            self.assertEqual(part.get_content_disposition(), "inline")
        usage, cost = list(message.iter_parts())[1:3]
        self.assertIn("Stored per day, 2024-01-01 to 2024-01-31: from 5.00 "
                      "GiB", usage["Content-Description"])
        self.assertIn("Cost by month in USD: 2024-01 0.15",
                      cost["Content-Description"])
        self.assertNotIn("cid:", message.get_body(("html",)).get_content())
        self.assertEqual(site.server.lines("close.without_pdf"), [])

    def test_it_names_who_billed_then(self):
        site = self.closed(self.site())
        path = os.path.join(self.folder(), "invoice.pdf")
        for issuer in ("1 Example Street", "IBAN XX00 0000 0000"):
            with open(path, "wb") as f:
                f.write(self.fetch(site, "pdf"))
            words = subprocess.run(["pdftotext", "-layout", path, "-"],
                                   capture_output=True, check=True).stdout
            self.assertIn(issuer.encode(), words)

    def test_closed_by_hand_it_is_the_same_paper(self):
        site = Site(self, config=CONFIG).start()
        site.month("2024-01", acme=5)
        site.clock("2024-02-01T01:00:00Z")
        site.server.ok("close", "period", "2024-01", "--account", "acme",
                       "--mockTime", "--mockStart", site.now)
        data, said = self.fetch(site, "pdf", text=True)
        self.assertEqual(said, "")
        path = os.path.join(self.folder(), "invoice.pdf")
        with open(path, "wb") as f:
            f.write(data)
        words = subprocess.run(["pdftotext", "-layout", path, "-"],
                               capture_output=True, check=True).stdout
        self.assertIn(b"Example Storage Ltd", words)
        self.assertIn(b"IBAN XX00", words)

    def test_closed_without_a_pdf_it_is_drawn_anew_and_that_is_said(self):
        """As what was closed before they were kept."""
        site = self.closed(self.site())
        kept = self.fetch(site, "pdf")
        site.server.stop()
        db = sqlite3.connect(os.path.join(site.server.db, "stat.db"))
        db.execute("DELETE FROM invoice_document WHERE format = 'pdf'")
        db.commit()
        db.close()
        data, said = self.fetch(site, "pdf", text=True)
        self.assertIn("invoice 2024-00001 was closed without a PDF", said)
        self.assertTrue(data.startswith(b"%PDF-"))
        self.assertNotEqual(data, kept)  # another issuer: none was given
        # One that was kept is stated, so that its loss is found.
        done = site.server.cli("verify")
        self.assertNotEqual(done.code, 0)
        self.assertIn("invoice 2024-00001", done.stdout)


if __name__ == "__main__":
    support.main()
