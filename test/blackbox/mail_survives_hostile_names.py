"""Whatever somebody calls things - volumes now and before, an account, the
sender, who bills - a mail stays one message with the headers and parts that it
should have, and its HTML, CSV and PDF stay harmless. Where a name has to be
plain, another one is refused."""

import csv
import html.parser
import io
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../smtpd"))
from mailing import Site, parse, support  # noqa: E402
from fault_smtpd import FaultSmtpd  # noqa: E402

HOSTILE = [
    "crlf\r\nBcc: evil@evil.test\r\n\r\nbody",
    "lf\n.\nMAIL FROM:<x@y>",
    "\u202egpj.exe\u2066 rtl",
    "\u05d0\u05d1\u05d2 \u0627\u0644",
    "\U0001f4a9\U0001f468\u200d\U0001f469\u200d\U0001f467 emoji",
    "<script>alert(1)</script><img src=x onerror=y>\"'&amp;",
    "=cmd|' /C calc'!A0",
    "+1+1", "-2+3", "@SUM(1)", "\t=1", "\uff1d1",
    "--=_boundary--\r\n--=_0\r\n",
    "=?utf-8?q?encoded?=",
    "\u2028line\u2029paragraph\u0085next",
    "\x1b[2J\x07\x7f",
    "\u00e9" * 127 + "e",  # 255 bytes
    "W" * 255,
]
# Free text has no control characters: others are refused at the door.
PLAIN = [name for name in HOSTILE
         if not re.search("[\x00-\x1f\x7f]", name)]
REFUSED = [name for name in HOSTILE if name not in PLAIN] + ["nul\x00"]
BAD_WORDS = ["", "a b", "a\r\nb", "<b>", "=1", "\u202ea", "a" * 64, "../x",
             "\U0001f4a9", "-a"]
# Control characters but the end of a line, and what turns text around; letters
# that run to the left stand between U+200E.
LOOSE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e"
                   "\u2066-\u2069]")
FORMULA = re.compile("^[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
NUMBER = re.compile(r"^-?[0-9.]+$")


class Tags(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.names, self.sources = set(), []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.names.add(tag)
        for name, value in attrs:
            assert not name.startswith("on"), (tag, attrs)
            if name in ("src", "href"):
                self.sources.append(value)


class MailSurvivesHostileNames(support.TestCase):
    def mails(self, name, sender="Stat <stat@sender.test>", issuer="x"):
        """The mails of a month and of its invoice, of an account with this
        name to show and a volume of each name; [bytes]."""
        lines = issuer.replace("\\", "\\\\").replace('"', '\\"')
        site = Site(self, (), config=f'issuer = "{lines}"\n' + """
            [[report]]
            name = "monthly"
            every = "month"
            at = "1T06:00"
            attach = ["csv", "json", "pdf"]
            [[report]]
            name = "bills"
            after_close = true
            attach = ["csv", "json", "pdf"]
            """)
        site.account("acme", display_name=name)
        relay = FaultSmtpd(cert=site.cert("good"))
        self.addCleanup(relay.close)
        site.give_creds(relay, to=("ops@rcpt.test",), sender=sender)
        site.start()
        ids = [support.new_uuid() for _ in PLAIN]
        start = support.unix("2024-01-01T00:00:00Z")
        for hour in range(744):
            if hour % 24 != 23:
                continue
            site.clock(start + 3600 * hour)
            # Each has had the name of the next before.
            names = PLAIN if hour > 100 else PLAIN[1:] + PLAIN[:1]
            answer = site.server.send_report(
                site.tokens["acme"], support.make_report(
                    [support.make_volume(1 << 40, id=number, name=called,
                                         sampled_at=start + 3600 * at)
                     for at in range(hour - 23, hour + 1)
                     for number, called in zip(ids, names)],
                    sent_at=site.now))
            self.assertEqual(answer.status, 201, answer)
        site.clock("2024-02-01T06:00:00Z")
        site.until_state(1, "sent", 60)
        site.clock("2024-02-03T00:10:00Z")
        site.until_state(2, "sent", 60)
        self.check_lists(site)
        return [m[2] for m in relay.mails]

    def check_lists(self, site):
        """One line a row."""
        for words, rows in ((("list", "mails"), 2),
                            (("list", "volumes"), len(PLAIN)),
                            (("list", "accounts"), 1)):
            text = site.server.ok(*words)
            self.assertEqual(text.count("\n"), rows, words)
            self.assertIsNone(LOOSE.search(text), words)

    def check(self, message, sender="stat@sender.test"):
        self.assertTrue(all(c < 0x80 for c in message))
        self.assertTrue(all(len(line) <= 998
                            for line in message.split(b"\r\n")))
        self.assertNotIn(b"\n", message.replace(b"\r\n", b""))
        mail = parse(message)
        self.assertEqual(sorted(mail.keys()), [
            "Auto-Submitted", "Content-Type", "Date", "From", "MIME-Version",
            "Message-ID", "Subject", "To"])
        self.assertEqual(mail["To"], "ops@rcpt.test")
        self.assertEqual([a.addr_spec for a in mail["From"].addresses],
                         [sender])
        self.assertEqual(mail.defects, [])
        kinds = [p.get_content_type() for p in mail.walk()
                 if not p.is_multipart()]
        self.assertEqual(sorted(kinds), [
            "application/json", "application/pdf", "image/png", "image/png",
            "text/csv", "text/html", "text/plain"])
        for part in mail.walk():
            if part.get_filename() is not None:
                self.assertRegex(part.get_filename(), r"^[\w.-]+$")
            if part["Content-Description"]:
                self.assertIsNone(LOOSE.search(part["Content-Description"]))
        self.check_shown(mail)
        self.check_csv(mail)
        self.check_pdf(mail)

    def check_shown(self, mail):
        text = mail.get_body(("plain",)).get_content().replace("\r\n", "\n")
        self.assertIsNone(LOOSE.search(text))
        page = mail.get_body(("html",)).get_content().replace("\r\n", "\n")
        self.assertIsNone(LOOSE.search(page))
        tags = Tags(page)
        self.assertEqual(tags.names - {
            "html", "head", "meta", "title", "style", "body", "div", "h1",
            "h2", "h3", "p", "table", "tr", "th", "td", "code", "span", "img",
            "wbr"}, set())
        self.assertTrue(all(s.startswith("cid:") for s in tags.sources))

    def check_csv(self, mail):
        part = next(p for p in mail.walk()
                    if p.get_content_type() == "text/csv")
        rows = list(csv.reader(io.StringIO(
            part.get_payload(decode=True).decode(), newline="")))
        self.assertEqual(len(rows), 1 + len(PLAIN))
        for row in rows:
            self.assertEqual(len(row), len(rows[0]))
            for cell in row:
                if not NUMBER.match(cell):
                    self.assertIsNone(FORMULA.match(cell), row)

    def check_pdf(self, mail):
        part = next(p for p in mail.walk()
                    if p.get_content_type() == "application/pdf")
        path = os.path.join(self.folder(), "bill.pdf")
        with open(path, "wb") as f:
            f.write(part.get_payload(decode=True))
        done = subprocess.run(["pdftotext", path, "-"], capture_output=True,
                              check=True)
        self.assertEqual(done.stderr, b"")
        self.assertIn(b"<script>", done.stdout)

    def test_names_that_are_free(self):
        for message in self.mails(
                "\u202e<b>=1+1</b>\u2066 \U0001f4a9 \u05d0\u05d1",
                issuer="<script>\u202e =cmd \U0001f4a9 \u05d0"):
            self.check(message)

    def test_a_report_with_control_characters_is_refused(self):
        site = Site(self).start()
        for name in REFUSED:
            answer = site.server.send_report(
                site.tokens["acme"], support.make_report(
                    [support.make_volume(1, name=name, sampled_at=site.now)],
                    sent_at=site.now))
            self.assertEqual(answer.status, 422, name)
        self.assertEqual(site.server.ok("list", "volumes"), "")

    def test_who_sends(self):
        for message in self.mails(
                "=cmd|x", sender="\u202e<b> =?utf-8?q?x?= \u05d0\U0001f4a9"
                .replace("<", "(").replace(">", ")") + " <s@sender.test>"):
            self.check(message, "s@sender.test")

    def test_an_account_can_be_called_anything_on_one_line(self):
        server = self.server()
        for i, name in enumerate(HOSTILE):
            done = server.cli("create", "account", "--name", f"a{i}",
                              "--displayName", name)
            self.assertEqual(done.code, 0 if name in PLAIN else 1, done)
        text = server.ok("list", "accounts")
        self.assertEqual(text.count("\n"), len(PLAIN))
        self.assertIsNone(LOOSE.search(text))

    def test_other_names_are_plain(self):
        server = self.server()
        server.create_account("acme")
        for word in BAD_WORDS:
            for words in (("create", "account", "--name", word),
                          ("create", "source", "--account", "acme", "--name",
                           word)):
                done = server.cli(*words)
                self.assertNotEqual(done.code, 0, words)
            server.write_config(
                '[[report]]\nname = "%s"\nevery = "day"\n' % "".join(
                    c if c.isalnum() and c.isascii() else f"\\U{ord(c):08x}"
                    for c in word))
            done = server.cli("start", "--checkConfig")
            self.assertEqual(done.code, 1, (word, done))
        self.assertEqual(server.ok("list", "sources"), "")

    def test_a_recipient_cannot_bring_headers(self):
        server = self.server()
        for word in ("a@b\r\nBcc: c@d", "\U0001f4a9@b", "a@b <c@d>",
                     "<script>@b", "\u202ea@b"):
            for words in (("create", "account", "--name", "acme",
                           "--reportTo", word),
                          ("init", "creds", "--force", "--smtpTo", word)):
                self.assertNotEqual(
                    server.cli(*words, db=words[0] != "init").code, 0, words)


if __name__ == "__main__":
    support.main()
