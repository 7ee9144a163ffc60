#!/usr/bin/python3
"""The mails, tables and documents that the unit tests write are read back
with Python's own parsers, which know nothing of our writers."""

import csv
import email
import email.policy
import html.parser
import io
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from fractions import Fraction

import support

PROGRAM = os.environ.get("STAT_BINARY", "build/stat.flexfs")
UNITS = os.path.join(os.path.dirname(PROGRAM), "test", "unit")
CASES = ["one", "twelve", "many", "nothing", "unrated", "missing",
         "estimated", "accounts", "quarter", "large", "hostile"]
COLUMNS = ("account,number,period,corrects,month,volume_id,name,"
           "former_names,max_age,rate,rate_from,byte_hours,gib_months,exact,amount,currency,"
           "hours_measured,hours_estimated,hours_unbilled,state").split(",")
FORMULA = re.compile(r"^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
# What could turn text around or hide it.
HARMFUL = re.compile("[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200b"
                     "\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


class Elements(html.parser.HTMLParser):
    """Which elements there are, whether they close, and their text."""

    VOID = {"meta", "wbr"}

    def __init__(self, text):
        super().__init__()
        self.open = []
        self.seen = set()
        self.attributes = set()
        self.text = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        self.attributes.update(name for name, _ in attrs)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            raise AssertionError(f"</{tag}> closes nothing")

    def handle_data(self, data):
        if "style" not in self.open:
            self.text.append(data)


class MailParsesBack(support.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.out = tempfile.mkdtemp(prefix="cases-")
        cls.addClassCleanup(shutil.rmtree, cls.out)
        for name in ("summary_test", "mail_test"):
            path = os.path.join(UNITS, name)
            if not os.path.exists(path):
                raise unittest.SkipTest(f"{name} is not built")
            done = subprocess.run([path], env=dict(os.environ,
                                                   CASES_OUT=cls.out),
                                  capture_output=True, check=False)
            if done.returncode != 0:
                raise AssertionError((done.stdout + done.stderr).decode())

    def raw(self, name):
        with open(os.path.join(self.out, name), "rb") as f:
            return f.read()

    def text(self, name):
        return self.raw(name).decode()

    def parts(self, case):
        mail = email.message_from_bytes(
            self.raw(case + ".eml"), policy=email.policy.default)
        for part in mail.walk():
            self.assertEqual(part.defects, [], case)
            for header in part.values():
                self.assertEqual(list(header.defects), [], header)
        return mail

    def test_a_mail_has_the_headers_and_parts_it_should(self):
        for case in CASES:
            mail = self.parts(case)
            self.assertEqual(
                [part.get_content_type() for part in mail.walk()],
                ["multipart/mixed", "multipart/alternative", "text/plain",
                 "text/html", "text/csv"])
            self.assertEqual(
                mail.keys(),
                ["From", "To", "Subject", "Date", "Message-ID",
                 "Auto-Submitted", "MIME-Version", "Content-Type"])
            self.assertEqual(str(mail["Date"]),
                             "Sun, 01 Nov 2026 06:00:00 +0000")
            self.assertEqual(mail["From"].addresses[0].addr_spec,
                             "stat@billing.example.test")
            self.assertEqual(mail["From"].addresses[0].display_name,
                             "flexFS statistics")
            self.assertTrue(mail["Subject"].startswith("[flexFS] 2026-"))

    def test_every_part_comes_back_byte_for_byte(self):
        for case in CASES:
            part = list(self.parts(case).walk())[2:]
            for got, suffix in zip(part, ("txt", "html", "csv")):
                body = got.get_payload(decode=True)
                want = self.raw(f"{case}.{suffix}")
                if suffix != "csv":
                    body = body.replace(b"\r\n", b"\n")
                self.assertEqual(body, want, f"{case}.{suffix}")

    def test_pictures_belong_to_the_html_that_shows_them(self):
        parts = list(self.parts("pictures").walk())
        self.assertEqual(
            [part.get_content_type() for part in parts],
            ["multipart/mixed", "multipart/alternative", "text/plain",
             "multipart/related", "text/html", "image/png", "image/png",
             "text/csv", "application/pdf"])
        self.assertEqual(parts[3].get_param("type"), "text/html")
        shown = re.findall(r'<img src="cid:([^"]+)"',
                           parts[4].get_content())
        self.assertEqual([f"<{cid}>" for cid in shown],
                         [part["Content-ID"] for part in parts[5:7]])
        self.assertEqual(len(set(shown)), 2)
        for i, part in enumerate(parts[5:7], 1):
            self.assertEqual(part.get_content_disposition(), "inline")
            self.assertEqual(part.get_payload(decode=True),
                             self.raw(f"picture{i}.png"))
        # The document is as without them, but for what is put in.
        html = parts[4].get_payload(decode=True).replace(b"\r\n", b"\n")
        self.assertEqual(re.sub(rb"<p><img[^>]*></p>\n", b"", html),
                         self.raw("one.html"))
        self.assertEqual(parts[8].get_payload(decode=True), b"%PDF-1.5")

    def test_the_attachment_has_its_name(self):
        account = ("an-account-whose-name-is-as-long-as-a-name-may-be."
                   "0123456789.ab")
        for case, name in (("one", "flexfs-2026-10-acme.csv"),
                           ("quarter", "flexfs-2026-Q4-acme.csv"),
                           ("accounts", "flexfs-2026-10.csv"),
                           ("large", f"flexfs-2026-10-{account}.csv")):
            attachment = list(self.parts(case).iter_attachments())
            self.assertEqual([a.get_filename() for a in attachment], [name])

    def rows(self, case):
        reader = csv.DictReader(
            io.StringIO(self.text(case + ".csv"), newline=""), strict=True)
        rows = list(reader)
        self.assertEqual(reader.fieldnames, COLUMNS)
        return rows

    def test_the_table_has_every_line_and_no_formula(self):
        for case in CASES:
            bill = json.loads(self.text(case + ".json"))
            rows = self.rows(case)
            own = [r for r in rows if r["account"] == bill["account"]]
            self.assertEqual(len(own), len(bill["lines"]))
            for row in rows:
                self.assertNotIn(None, row.values())
                self.assertNotRegex(row["name"], FORMULA)
                self.assertNotRegex(row["former_names"], FORMULA)
            for row, line in zip(own, bill["lines"]):
                self.assertEqual(row["volume_id"], line["volume_id"])
                for name in ("rate", "rate_from", "byte_hours", "gib_months",
                             "exact", "amount", "max_age"):
                    self.assertEqual(row[name], line[name] or "", name)
                for name in ("measured", "estimated", "unbilled"):
                    self.assertEqual(int(row["hours_" + name]),
                                     line["hours"][name])

    def test_hostile_names_come_back_from_the_table(self):
        names = [r["name"] for r in self.rows("hostile")]
        bill = json.loads(self.raw("hostile.json").decode())
        for got, line in zip(names, bill["lines"]):
            if "\ufffd" in line["name"]:
                continue  # was not UTF-8
            self.assertEqual(re.sub(r"^'|(?<=\n)'", "", got), line["name"])

    def test_a_bill_adds_up(self):
        for case in CASES:
            bill = json.loads(self.text(case + ".json"))
            if bill["total"] is None:
                self.assertIsNone(bill["exact"])
                continue
            self.assertEqual(
                sum(Fraction(line["amount"]) for line in bill["lines"]),
                Fraction(bill["total"]))
            for line in bill["lines"]:
                hours = 744 if line.get("month", "10")[-2:] != "11" else 720
                exact = Fraction(line["byte_hours"]) / 2**30 / hours
                self.assertLess(
                    abs(exact - Fraction(line["gib_months"])),
                    Fraction(1, 10**29))

    def test_a_document_is_well_formed_and_harmless(self):
        for case in CASES:
            page = Elements(self.text(case + ".html"))
            self.assertEqual(page.open, [])
            self.assertLessEqual(
                page.seen,
                {"html", "head", "meta", "title", "style", "body", "div",
                 "h1", "h2", "h3", "p", "table", "tr", "th", "td", "span",
                 "code", "wbr"})
            self.assertFalse(
                [a for a in page.attributes
                 if a.startswith("on") or a in ("src", "href")])
            self.assertNotRegex("".join(page.text), HARMFUL)

    def test_plain_text_holds_no_controls(self):
        for case in CASES:
            self.assertNotRegex(self.text(case + ".txt"), HARMFUL)


if __name__ == "__main__":
    support.main()
