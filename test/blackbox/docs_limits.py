"""Each limit in the manual is the one in the code."""

import re

import support
from support import manual

PAGE = "stat.flexfs-api.7"
MAIL = "stat.flexfs-mail.8"
READ_PAGE = "stat.flexfs-read.7"


def http_limit(index):
    text = re.search(r"HTTP_LIMITS_DEFAULT[\s\\]*\{([^}]*)\}",
                     manual.code("src/http.h")).group(1)
    fields = text.replace("\\", " ").replace("u", "").split(",")
    return eval(fields[index].strip(), {"__builtins__": {}})  # pylint: disable=W0123


def of(path, name):
    return lambda: manual.constant(path, name)


MIB, KIB, DAY, MS = 1 << 20, 1 << 10, 86400, 1000

# What the manual says: (the unit there, in the code's; the code's value).
LIMITS = {
    "body, also after inflating": (" MiB", MIB, lambda: http_limit(0)),
    "head of a request": (" KiB", KIB, lambda: http_limit(1)),
    "request line": (" bytes", 1, of("lib/httphead.h", "HTTPHEAD_LINE_BYTES")),
    "volumes of a report": ("", 1, of("src/report.h", "REPORT_MAX_VOLUMES")),
    "arrays and objects inside each other":
        ("", 1, of("src/report.h", "REPORT_MAX_DEPTH")),
    "members of an object":
        ("", 1, of("lib/jsonscan.h", "JSONSCAN_MAX_MEMBERS")),
    "bins of a volume": ("", 1, of("src/report.h", "REPORT_MAX_BINS")),
    "text": (" bytes", 1, of("src/report.h", "REPORT_MAX_TEXT")),
    "account": (" bytes", 1, of("src/report.h", "REPORT_MAX_ACCOUNT")),
    "errors listed in an answer":
        ("", 1, of("src/report.h", "REPORT_MAX_ERRORS")),
    "connections": ("", 1, lambda: http_limit(2)),
    "connections of an address without a known token":
        ("", 1, lambda: http_limit(3)),
    "time for a head, from its first byte or accept":
        (" s", MS, lambda: http_limit(4)),
    "time for a body, and for taking an answer":
        (" s", MS, lambda: http_limit(5)),
    "time between requests": (" s", MS, lambda: http_limit(6)),
    "Retry-After": (" s", 1, of("src/ingest.h", "INGEST_RETRY_SECS")),
    "a sample's time in the future":
        (" s", 1, of("src/ledger.h", "LEDGER_MAX_FUTURE_SECS")),
    "a sample's age": (" days", DAY, of("src/ledger.h",
                                        "LEDGER_MAX_AGE_SECS")),
    "open samples in quarantine":
        ("", 1, of("src/quarantine.h", "QUARANTINE_MAX_OPEN")),
    "reason of an operator":
        (" bytes", 1, of("src/quarantine.h", "QUARANTINE_MAX_REASON")),
    "reports in a commit": ("", 1, of("src/ingest.h", "INGEST_MAX_GROUP")),
    "samples in a commit, more or less":
        ("", 1, of("src/ingest.h", "INGEST_MAX_ROWS")),
    "wait for a commit": (" ms", 1, of("src/ingest.h", "INGEST_MAX_WAIT_MS")),
    "tokens of a source": ("", 1, of("src/token.h", "TOKEN_MAX_PER_SOURCE")),
}

# Limits that stand in sentences: (page, sentence, code's value in its unit).
DASHBOARD = "stat.flexfs-dashboard.7"
SENTENCES = [
    (DASHBOARD, "It ends 12 hours after signing in",
     lambda: manual.constant("src/session.h", "SESSION_SECS") / 3600),
    (DASHBOARD, "After 10 attempts with a token",
     of("src/signin.h", "SIGNIN_ATTEMPTS")),
    (DASHBOARD, "once more every 30 seconds",
     of("src/signin.h", "SIGNIN_REFILL_SECS")),
    (DASHBOARD, "A form may have 4096 bytes",
     of("src/signin.h", "SIGNIN_BODY_BYTES")),
    (DASHBOARD, "Lists have 200 rows a page", of("src/page.h", "PAGE_ROWS")),
    (DASHBOARD, "one of 13 months", of("src/chart.h", "CHART_MAX_MONTHS")),
    (DASHBOARD, "ends within 14 days",
     lambda: manual.constant("src/page_trouble.c",
                             "CERTIFICATE_WARN_SECS") / DAY),
    (DASHBOARD, "more than 60 seconds are marked",
     lambda: manual.constant("src/page_lists.c", "SKEW_WARN_MS") / MS),
    (PAGE, "more than 5 minutes in the server's future",
     lambda: manual.constant("src/ledger.h", "LEDGER_MAX_FUTURE_SECS") / 60),
    (PAGE, "more than 35 days ago",
     lambda: manual.constant("src/ledger.h", "LEDGER_MAX_AGE_SECS") / DAY),
    (PAGE, "says why in 1 to 255 bytes",
     of("src/quarantine.h", "QUARANTINE_MAX_REASON")),
    ("stat.flexfs-bills.8", "Why, in 1 to 255 bytes",
     of("src/quarantine.h", "QUARANTINE_MAX_REASON")),
    ("stat.flexfs-metering.7", "more than 5 % of its hours are estimated",
     of("src/invoice.h", "INVOICE_MAX_ESTIMATED_PERCENT")),
    ("stat.flexfs-metering.7", "up to 30 digits behind the point",
     of("src/invoice.h", "INVOICE_EXACT_DIGITS")),
    ("stat.flexfs-accounts.8", "in whole hours, at most 8760",
     of("src/account.h", "ACCOUNT_MAX_CARRY_HOURS")),
    ("stat.flexfs-accounts.8", "Days from the closing of an invoice to its due date, 0 to 365",
     of("src/account.h", "ACCOUNT_MAX_NET_DAYS")),
    ("stat.flexfs-bills.8", "When it has been over for 48 hours",
     lambda: manual.constant("src/grace.h", "GRACE_DEFAULT_SECS") / 3600),
    ("stat.flexfs-metering.7", "is closed 48 hours after its end",
     lambda: manual.constant("src/grace.h", "GRACE_DEFAULT_SECS") / 3600),
    ("stat.flexfs-bills.8", "Why, for the ledger; at most 255 bytes",
     of("src/close.h", "CLOSE_MAX_REASON")),
    ("stat.flexfs-metering.7", "the mean of its last 24 measured hours",
     of("src/forecast.h", "FORECAST_HOURS")),
    ("stat.flexfs-accounts.8", "at most 12 digits before and 12 after the point",
     of("src/rate.h", "RATE_MAX_DECIMALS")),
    ("stat.flexfs-bills.8", "The 7 largest have a colour of their own",
     of("src/chart.h", "CHART_NAMED")),
    ("stat.flexfs-bills.8", "up to 13 months",
     of("src/chart.h", "CHART_MAX_MONTHS")),
    ("stat.flexfs-bills.8", "of 8 currencies at most",
     of("src/chart_data.h", "CHART_DATA_CURRENCIES")),
    ("stat.flexfs.8", "Comma-separated recipients, at most 100",
     of("src/creds.h", "CREDS_MAX_TO")),
    ("stat.flexfs-mail.8", "standard input, at most 32 MiB",
     lambda: manual.constant("src/deliver.h", "DELIVER_MAX_BYTES") / MIB),
    ("stat.flexfs-mail.8", "Each step of the conversation may take 30 seconds",
     lambda: manual.constant("lib/smtp.h", "SMTP_STEP_MS") / MS),
    ("stat.flexfs-mail.8", "the whole 5 minutes",
     lambda: manual.constant("lib/smtp.h", "SMTP_TOTAL_MS") / MS / 60),
    (MAIL, "each account with its 10 dearest volumes",
     of("src/summary.h", "SUMMARY_TOP_LINES")),
    (MAIL, "Of more than 50 accounts",
     of("src/summary.h", "SUMMARY_TOP_BILLS")),
    (MAIL, "Mails of the last 35 days that did not reach everybody",
     lambda: manual.constant("src/trouble.h", "TROUBLE_MAIL_SECS") / DAY),
    (MAIL, "when it ends within 21 days",
     lambda: manual.constant("src/trouble.h",
                             "TROUBLE_CERTIFICATE_SECS") / DAY),
    (MAIL, "ends within 7 days and within half of its life",
     lambda: manual.constant("src/grant.h", "GRANT_ENDING_SECS") / DAY),
    (MAIL, "every report of the last 24 hours was ahead",
     lambda: manual.constant("src/trouble.h",
                             "TROUBLE_CLOCK_FOR_SECS") / 3600),
    ("stat.flexfs-mail.8", "minutes away, at most 24 hours",
     lambda: manual.constant("src/outbox.h", "OUTBOX_MAX_BACKOFF_SECS") / 3600),
    ("stat.flexfs.8", "pretend seconds per second, 0 to 31622400",
     of("src/settings.h", "SETTINGS_MAX_MOCK_RATE")),
    ("stat.flexfs-ledger.8", "at most 20 of each kind are listed",
     of("src/verify.h", "VERIFY_MAX_LISTED")),
    ("stat.flexfs-ledger.8", "64 MiB are for samples of reports",
     lambda: manual.constant("src/verify.h", "VERIFY_MAX_OPEN_BYTES") / MIB),
    ("stat.flexfs-ledger.8", "at most 32 MiB of text with at most 100000 heads",
     of("src/verify.h", "VERIFY_MAX_ANCHORS")),
    ("stat.flexfs-ledger.8", "at most 32 MiB of text with at most 100000 heads",
     lambda: manual.constant("src/verify.h", "VERIFY_MAX_ANCHOR_TEXT") / MIB),
    ("stat.flexfs-ledger.8", "unless they are more than 32 MiB",
     lambda: manual.constant("src/store.h", "STORE_CHECK_MAX_BYTES") / MIB),
    ("stat.flexfs-ledger.8", "at most 250 MiB are copied in a second",
     lambda: manual.constant("src/backup.h", "BACKUP_STEP_PAGES") * 4096
     * 1000 / manual.constant("src/backup.h", "BACKUP_PAUSE_MS") / MIB),
    ("stat.flexfs-ledger.8", "A day is closed 6 hours after its end",
     lambda: manual.constant("src/history.h", "HISTORY_CLOSE_SECS") / 3600),
    ("stat.flexfs-ledger.8", "it is compared again 24 hours later",
     lambda: manual.constant("src/history.h", "HISTORY_RETRY_SECS") / 3600),
    (READ_PAGE, "1 to 1000, by default 100",
     of("src/read_table.h", "READ_MAX_PAGE")),
    (READ_PAGE, "1 to 1000, by default 100",
     of("src/read_table.h", "READ_PAGE")),
    (READ_PAGE, "A page also ends when it has more than 8 MiB",
     lambda: manual.constant("src/quarantine.h",
                             "QUARANTINE_PAGE_BYTES") / MIB),
    (READ_PAGE, "An answer of more than 256 KiB",
     lambda: manual.constant("src/read.h", "READ_WHOLE_BYTES") / KIB),
    (READ_PAGE, "fewer than 64 KiB in the time",
     lambda: manual.constant("src/http.h", "HTTP_STREAM_STEP") / KIB),
    (READ_PAGE, "Up to 8 answers are made at a time, 6 of them such long "
     "ones, and up to 256 requests wait",
     of("src/reading.h", "READING_MAX_RUNNING")),
    (READ_PAGE, "8 answers are made at a time, 6 of them",
     of("src/reading.h", "READING_MAX_LONG")),
    (READ_PAGE, "up to 256 requests wait",
     of("src/reading.h", "READING_MAX_WAITING")),
    (READ_PAGE, "has to begin within 2 minutes",
     lambda: manual.constant("src/reading.h", "READING_HEAD_MS") / MS / 60),
    (READ_PAGE, "a long one to end within 60",
     lambda: manual.constant("src/reading.h", "READING_LONG_MS") / MS / 60),
    ("stat.flexfs-config.5", "At most 65536 bytes",
     of("src/creds.h", "CREDS_MAX_FILE")),
    ("stat.flexfs-config.5", "User, at most 255 bytes",
     of("src/creds.h", "CREDS_MAX_SECRET")),
    ("stat.flexfs-config.5", "at most 100",
     of("src/creds.h", "CREDS_MAX_TO")),
]


class DocsLimits(support.TestCase):
    def test_the_table_is_the_codes(self):
        table = dict(item.head.split(" Ta ")
                     for item in manual.section(PAGE, "LIMITS").items)
        self.assertEqual(sorted(table), sorted(LIMITS))
        for name, (unit, size, value) in LIMITS.items():
            with self.subTest(limit=name):
                whole, rest = divmod(value(), size)
                self.assertEqual((table[name], rest), (f"{whole}{unit}", 0))

    def test_both_ways_to_say_retry_after_agree(self):
        self.assertEqual(manual.constant("src/http_reply.h",
                                         "HTTP_RETRY_AFTER"),
                         manual.constant("src/ingest.h", "INGEST_RETRY_SECS"))

    def test_numbers_in_sentences_are_the_codes(self):
        for page, sentence, value in SENTENCES:
            text = manual.plain(
                manual.read(f"man/{page}").splitlines())
            with self.subTest(sentence=sentence):
                self.assertIn(sentence, text)
                numbers = [int(n) for n in re.findall(r"\d+", sentence)]
                self.assertIn(value(), numbers)

    def test_tuning_is_within_the_codes_bounds(self):
        found = {}
        for name, low, high in re.findall(
                r'\{"(\w+)", (-?\d+), ([^,]+),',
                manual.code("src/settings.c")):
            high = high.replace("LL", "")
            found[name] = (int(low), eval(  # pylint: disable=W0123
                high, {"__builtins__": {}}))
        table = {item.head.removeprefix("Va "): item.text() for item in
                 manual.section("stat.flexfs-config.5",
                                "DATABASE TUNING").items}
        self.assertEqual(sorted(table), sorted(found))
        for name, (low, high) in found.items():
            with self.subTest(pragma=name):
                if high > 0:
                    self.assertTrue(table[name].replace("\\", "").startswith(
                        f"{low} to {high}, "), table[name])


if __name__ == "__main__":
    support.main()
