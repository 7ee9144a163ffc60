#!/usr/bin/python3
"""An invoice on paper has every figure of the bill, on pages that can be read:
no word leaves the page or stands on another.

The unit tests write their cases as PDF and as JSON; poppler reads the PDF.
"""

import html
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from fractions import Fraction

import support
from support import decimal, round_to

PROGRAM = os.environ.get("STAT_BINARY", "build/stat.flexfs")
UNITS = os.path.join(os.path.dirname(PROGRAM), "test", "unit")
CASES = ["one", "twelve", "many", "nothing", "unrated", "missing",
         "estimated", "accounts", "quarter", "large", "hostile", "invoice"]
WORD = re.compile(r'<word xMin="(.*?)" yMin="(.*?)" xMax="(.*?)" '
                  r'yMax="(.*?)">(.*?)</word>')
WIDTH, HEIGHT, MARGIN = 595, 842, 40


def fixed(text, digits):
    return decimal(round_to(Fraction(text), digits, "half_up"), digits)


class InvoicePdfHoldsEveryFigure(support.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.out = tempfile.mkdtemp(prefix="paper-")
        cls.addClassCleanup(shutil.rmtree, cls.out)
        for name in ("summary_test", "invoice_pdf_test"):
            path = os.path.join(UNITS, name)
            if not os.path.exists(path):
                raise unittest.SkipTest(f"{name} is not built")
            done = subprocess.run([path], env=dict(os.environ,
                                                   CASES_OUT=cls.out),
                                  capture_output=True, check=False)
            if done.returncode != 0:
                raise AssertionError((done.stdout + done.stderr).decode())

    def read(self, case, *flags):
        done = subprocess.run(
            ["pdftotext", *flags, os.path.join(self.out, case + ".pdf"), "-"],
            check=True, capture_output=True)
        self.assertEqual(done.stderr, b"", case)
        return done.stdout.decode()

    def pages(self, case):
        return self.read(case, "-layout").split("\f")[:-1]

    def bill(self, case):
        with open(os.path.join(self.out, case + ".json"),
                  encoding="utf-8", errors="replace") as f:
            return json.load(f)

    def words(self, case):
        """Words of the whole document, each with its box, page by page."""
        for page in self.read(case, "-bbox").split("<page ")[1:]:
            boxes = []
            for match in WORD.finditer(page):
                box = [float(x) for x in match.groups()[:4]]
                boxes.append((*box, html.unescape(match.group(5))))
            yield boxes

    def assert_row(self, rows, *figures):
        """Some row has the figures, in this order, at its end."""
        wanted = re.compile(r"(^|\s)" + r"\s+".join(map(re.escape, figures))
                            + r"$")
        self.assertTrue(any(wanted.search(row) for row in rows), figures)

    def test_every_line_is_there_with_all_its_figures(self):
        for case in CASES:
            with self.subTest(case=case):
                rows = "".join(self.pages(case)).splitlines()
                rows = [row.rstrip() for row in rows]
                for line in self.bill(case)["lines"]:
                    hours = line["hours"]
                    self.assert_row(
                        rows,
                        f"{hours['measured']}/{hours['estimated']}"
                        f"/{hours['unbilled']}",
                        fixed(line["gib_months"], 2),
                        line["rate"] or "none", line["amount"] or "-")

    def test_names_stand_in_front_of_their_figures(self):
        for case in ("one", "twelve", "many", "quarter", "large"):
            text = "".join(self.pages(case))
            for line in self.bill(case)["lines"]:
                self.assertRegex(
                    text, rf"(?m)^\s*{re.escape(line['name'])} .*"
                          rf"{re.escape(line['amount'])}$")
                for former in line["former_names"]:
                    self.assertIn(f"formerly {former}", text)

    def test_totals_corrections_and_months_are_there(self):
        bill = self.bill("invoice")
        text = "".join(self.pages("invoice"))
        rows = [row.rstrip() for row in text.splitlines()]
        self.assert_row(rows, "Total", "USD", bill["total"])
        self.assert_row(rows, "Usage", "USD", bill["usage_total"])
        for one in bill["corrections"]:
            self.assert_row(rows, *one["charge_period"][:1], "to",
                            one["charge_period"][1], one["amount"])
            self.assertIn(one["corrects"] + ", ", text)
        self.assertIn(f"To pay: USD {bill['total']} by {bill['due']}", text)
        self.assertIn(f"quote {bill['number']}", text)
        self.assertIn("IBAN DE00 1234, BIC EXAMPLE", text)
        text = "".join(self.pages("quarter"))
        for month in ("2026-10", "2026-11", "2026-12"):
            self.assertIn(f"Total of {month}", text)

    def test_parties_dates_and_how_to_check_are_there(self):
        for case in CASES:
            bill = self.bill(case)
            text = "".join(self.pages(case))
            flat = re.sub(r"\s+", " ", text)
            for said in ("Storage GmbH", "Example Street 1", "Bill to",
                         bill["account"], bill["currency"],
                         "What it rests on", "How to check it",
                         bill["ledger_head"]):
                self.assertIn(said.replace(" ", ""), flat.replace(" ", ""),
                              case)
            hours = bill["hours"]
            self.assertIn(
                f"Of {sum(hours.values())} volume-hours {hours['measured']} "
                f"are measured, {hours['estimated']} estimated and "
                f"{hours['unbilled']} missing", flat)
            if bill["number"]:
                self.assertIn(f"Number {bill['number']}", flat)
                self.assertIn(f"Due {bill['due']}", flat)
                self.assertIn(f"Issued {bill['closed_at'][:10]}", flat)
            lines = [x for x in bill["lines"] if x["amount"]]
            if not lines:
                continue
            best = max(lines, key=lambda x: (Fraction(x["exact"]),
                                             Fraction(x["gib_months"])))
            self.assertIn(
                fixed(best["byte_hours"], 0) + " byte-hours",
                flat)

    def test_what_is_no_invoice_says_so(self):
        for case in CASES:
            text = "".join(self.pages(case))
            draft = case != "invoice"
            self.assertEqual("Draft invoice" in text, draft, case)
            self.assertEqual("Not to be paid" in text, draft, case)
            self.assertEqual("Please pay" in text, not draft, case)
        self.assertIn("is HELD: missing hours",
                      "".join(self.pages("missing")))
        self.assertIn("No total: there is usage without a rate",
                      "".join(self.pages("unrated")))

    def test_each_page_has_the_heading_and_its_number(self):
        for page in self.pages("accounts"):
            # Two bills of one page each.
            self.assertIn("page 1 of 1", page)
        for case in set(CASES) - {"accounts"}:
            pages = self.pages(case)
            for number, page in enumerate(pages, 1):
                self.assertIn(f"page {number} of {len(pages)}", page, case)
        pages = self.pages("many")
        self.assertEqual(len(pages), 6)
        for page in pages[:-1]:
            self.assertRegex(page, r"Volume\s+Hours\s+GiB-months\s+Rate"
                                   r"\s+Amount")

    def test_no_word_leaves_the_page_or_stands_on_another(self):
        for case in CASES:
            with self.subTest(case=case):
                for boxes in self.words(case):
                    self.check_boxes(boxes)

    def check_boxes(self, boxes):
        for x1, y1, x2, y2, word in boxes:
            self.assertGreaterEqual(x1, MARGIN, word)
            self.assertLessEqual(x2, WIDTH - MARGIN, word)
            self.assertGreaterEqual(y1, MARGIN - 10, word)
            self.assertLessEqual(y2, HEIGHT - 20, word)
        for i, (x1, y1, x2, y2, word) in enumerate(boxes):
            for a1, b1, a2, b2, other in boxes[i + 1:]:
                # Boxes have the line's height, letters have less.
                across = min(x2, a2) - max(x1, a1)
                down = min(y2, b2) - max(y1, b1)
                self.assertFalse(
                    across > 1 and down > 0.35 * min(y2 - y1, b2 - b1),
                    f"{word} and {other}")


if __name__ == "__main__":
    support.main()
