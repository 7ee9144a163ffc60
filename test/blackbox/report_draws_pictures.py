#!/usr/bin/python3
"""`report` draws what is stored and what it costs; the figures behind each
picture are what exact fractions make of the samples."""

import csv
import io
import json
import os
import re
import subprocess
import xml.etree.ElementTree as ElementTree
from fractions import Fraction

import support
from support import GIB, hourly, make_report, unix
from support.png import Png

NOW = "2026-10-04T12:20:00Z"
SVG = "{http://www.w3.org/2000/svg}"
NO_FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>/nonexistent</dir></fontconfig>
"""


def size_of(volume, hour):
    """Bytes at the beginning of an hour, counted from the first one."""
    return volume * 7 * GIB + hour * 123456789


class ReportDrawsPictures(support.TestCase):
    def setUp(self):
        """Since September: acme has three volumes, beta one; the second of
        acme's is silent for ten hours, of which six are carried."""
        self.now = unix(NOW)
        self.site = self.server(args=(
            "--mockTime", "--mockStart", NOW, "--mockRate", "0"))
        for name, currency, rate in (("acme", "USD", "0.04"),
                                     ("beta", "EUR", "0.5")):
            self.site.create_account(name, currency=currency)
            self.site.create_rate(name, rate)
        token = self.site.create_source("admin1", "acme", "beta")
        self.site.start()
        self.first = unix("2026-09-28T00:00:00Z")
        self.hours = (self.now - self.first) // 3600
        self.silent = range(3 * 24 + 5, 3 * 24 + 15)
        volumes = []
        for volume in range(1, 5):
            volumes += [
                sample for hour, sample in enumerate(hourly(
                    lambda i, v=volume: size_of(v, i), self.first,
                    self.hours, name=f"v{volume}",
                    account="beta" if volume == 4 else "acme"))
                if volume != 2 or hour not in self.silent]
        answer = self.site.send_report(token, make_report(
            volumes, sent_at=self.now))
        self.assertEqual(answer.status, 201, answer.body)

    def report(self, *words, period="2026-10", **options):
        return self.site.cli(
            "report", "--period", period, "--mockTime", "--mockStart", NOW,
            "--mockRate", "0", *words, **options)

    def ok(self, *words, **options):
        done = self.report(*words, **options)
        self.assertEqual((done.code, done.stderr), (0, ""))
        return done.stdout

    def table(self, *words):
        return list(csv.reader(io.StringIO(
            self.ok("--format", "csv", *words), newline=""), strict=True))

    def raw(self, *words):
        """The same for what is no text."""
        return subprocess.run(
            [*support.binary(), "report", "--period", "2026-10",
             "--mockTime", "--mockStart", NOW, "--mockRate", "0",
             "--dbFolder", self.site.db, *words],
            stdout=subprocess.PIPE, check=True, env=self.site.env).stdout

    def day(self, volume, day):
        """(measured, estimated, missing) sums of a day's hours that are
        over, as fractions of GiB."""
        measured = estimated = Fraction(0)
        missing = 0
        for hour in range(day * 24, min(day * 24 + 24, self.hours)):
            if volume != 2 or hour not in self.silent:
                measured += Fraction(size_of(volume, hour), GIB)
            elif hour - self.silent[0] < 6:
                estimated += Fraction(
                    size_of(volume, self.silent[0] - 1), GIB)
            else:
                missing += 1
        return measured, estimated, missing

    def check_days(self, rows, volumes_of):
        """Rows of the table, whose columns are sets of volumes."""
        self.assertEqual([r[0] for r in rows[1:]],
                         ["2026-10-01", "2026-10-02", "2026-10-03",
                          "2026-10-04"])
        for number, row in enumerate(rows[1:]):
            day = number + 3
            over = min(24, self.hours - 24 * day)
            total = estimated = Fraction(0)
            missing = 0
            for name, shown in zip(rows[0][4:], row[4:]):
                due = Fraction(0)
                for volume in volumes_of[name]:
                    parts = self.day(volume, day)
                    due += (parts[0] + parts[1]) / over
                    estimated += parts[1] / over
                    missing += parts[2]
                self.assertAlmostEqual(Fraction(shown), due, delta=2e-8)
                total += due
            self.assertAlmostEqual(Fraction(row[1]), total, delta=2e-8)
            self.assertAlmostEqual(Fraction(row[2]), estimated, delta=2e-8)
            self.assertEqual(int(row[3]), missing)

    def test_days_of_all_accounts_are_as_the_samples_are(self):
        rows = self.table("--chart", "usage")
        self.assertEqual(rows[0][:4], ["day", "total_gib", "estimated_gib",
                                       "missing_hours"])
        self.check_days(rows, {"acme": (1, 2, 3), "beta": (4,)})

    def test_days_of_one_account_are_told_by_volume(self):
        rows = self.table("--chart", "usage", "--account", "acme")
        self.check_days(rows, {f"v{i}": (i,) for i in (1, 2, 3)})
        self.assertEqual(rows[0][4:], ["v3", "v2", "v1"])

    def test_months_cost_what_their_bills_say(self):
        rows = self.table("--chart", "cost")
        self.assertEqual(rows[0], ["month", "currency", "cost", "forecast"])
        due = []
        for account, currency in (("acme", "USD"), ("beta", "EUR")):
            for period in ("2026-09", "2026-10"):
                bill = json.loads(self.ok("--account", account, "--format",
                                          "json", period=period))
                due.append([period, currency, bill["total"],
                            bill["forecast"]["total"]
                            if bill["state"] == "open" else ""])
        self.assertEqual(rows[1:], due)

    def test_a_png_holds_both_pictures(self):
        png = Png(self.raw("--format", "png"))
        usage = Png(self.raw("--format", "png", "--chart", "usage"))
        self.assertEqual(png.width, 1200)
        self.assertEqual(usage.width, 1200)
        self.assertGreater(png.height, usage.height + 1000)
        colors = png.colors()
        for color in (0x0072b2, 0xe69f00, 0x56b4e9):
            self.assertGreater(colors.get(color, 0), 1000, hex(color))
        self.assertEqual(self.raw("--format", "png"),
                         self.raw("--format", "png"))

    def test_a_figure_is_a_picture_and_its_table(self):
        figure = ElementTree.fromstring(self.ok(
            "--format", "html", "--chart", "usage"))
        self.assertEqual([e.tag for e in figure], [SVG + "svg", "table"])
        cells = [[cell.text or "" for cell in row] for row in figure[1]]
        self.assertEqual(cells, self.table("--chart", "usage"))
        words = self.ok("--format", "text", "--chart", "usage")
        self.assertEqual(words.split(),
                         figure[0].get("aria-label").split())
        self.assertIn("Hours are missing on 1 day.", " ".join(words.split()))

    def pages(self, *words):
        """The text of each page of a PDF."""
        raw = self.raw("--format", "pdf", *words)
        self.assertEqual(raw, self.raw("--format", "pdf", *words))
        done = subprocess.run(["pdftotext", "-layout", "-", "-"], input=raw,
                              capture_output=True, check=True)
        return done.stdout.decode().split("\f")[:-1]

    def test_bills_on_paper_begin_on_a_page_of_their_own(self):
        page, = self.pages("--account", "beta")
        self.assertIn("flexFS Service", page)
        self.assertRegex(page, r"Draft invoice[\s\S]*Account beta")
        self.assertIn("Total so far: EUR", page)
        self.assertIn("page 1 of 1", page)
        both = self.pages("--issuer", "Storage GmbH\nExample Street 1",
                          "--payment", "never told of a draft")
        self.assertEqual(len(both), 2)
        for page, account in zip(both, ("acme", "beta")):
            self.assertRegex(page, rf"Account {account}\b")
            self.assertIn("page 1 of 1", page)
            self.assertRegex(page, r"Storage GmbH[\s\S]*\nExample Street 1")
            self.assertNotIn("flexFS Service", page)
            self.assertNotIn("never told", page)

    def test_what_cannot_be_drawn_is_refused(self):
        for form in ("json", "eml", "pdf"):
            done = self.report("--chart", "cost", "--format", form)
            self.assertEqual((done.code, done.stdout), (1, ""))
            self.assertIn("--chart goes with", done.stderr)
        self.assertEqual(self.report("--chart", "pie").code, 2)

    def test_without_a_font_a_mail_has_no_pictures_and_says_why(self):
        path = os.path.join(self.folder(), "fonts.conf")
        with open(path, "w", encoding="utf-8") as f:
            f.write(NO_FONTS)
        env = {"FONTCONFIG_FILE": path}
        done = self.report("--format", "png", env=env)
        self.assertEqual((done.code, done.stdout), (1, ""))
        self.assertIn("install the package fonts-dejavu-core", done.stderr)
        done = self.report("--format", "eml", env=env)
        self.assertEqual(done.code, 0)
        self.assertRegex(done.stderr, "the mail has no pictures: .*fonts")
        self.assertNotIn("image/png", done.stdout)
        self.assertNotRegex(done.stdout, "cid:|Content-ID")
        done = self.report("--format", "eml", "--attach", "csv,pdf", env=env)
        self.assertRegex(done.stderr, "the mail has no PDF: .*fonts")
        self.assertNotIn("application/pdf", done.stdout)
        with_them = self.ok("--format", "eml", "--attach", "pdf")
        self.assertIn('filename="flexfs-2026-10.pdf"', with_them)
        self.assertEqual(len(re.findall("Content-Type: image/png",
                                        with_them)), 3)


if __name__ == "__main__":
    support.main()
