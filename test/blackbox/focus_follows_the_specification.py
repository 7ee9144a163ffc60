"""A FOCUS file is as the specification says: the rules are in
test/golden/focus-1.2.json. Its rows add up to the amount due."""
# timeout: 600

import email
import email.policy
import random
from fractions import Fraction

import support
from support import focus
from support.desk import Desk, every
from support.histories import DAY_SECS, Chronicle
from support.money import GIB, period_of
from support.report import rfc3339, unix
from support.usage import Payer

OCTOBER = ("--from", "2026-10-01", "--to", "2026-11-01")
HOSTILE = '=cmd|"1",-2'


def bins(byte_count):
    return [(720, byte_count // 3), (0, byte_count - byte_count // 3)]


class FocusFollowsTheSpecification(support.TestCase):

    def make(self):
        """Accounts with what there can be: ages, a change of the rate,
        names that are attacks, quarters, no usage, currencies."""
        desk = Desk(self, "2026-10-01T00:00:00Z")
        acme = Payer("acme", gap_policy="zero")
        acme.add_rate("0.0371")
        acme.add_rate("0.011", age_hours=720)
        acme.add_rate("0.0099", unix("2026-10-11T00:00:00Z"), 720)
        self.payers = [acme, Payer("yen", currency="JPY", gap_policy="zero"),
                       Payer("quarter", period="quarter", gap_policy="zero"),
                       Payer("quiet")]
        for payer in self.payers[1:]:
            payer.add_rate("3.7")
        for payer in self.payers:
            desk.open(payer)
        desk.source("admin", *(p.name for p in self.payers))
        desk.start()
        self.ids = [support.new_uuid() for _ in self.payers[:-1]]
        return desk

    def report(self, desk, begin, end, count=24):
        """Every hour of it, but for the last ones."""
        for payer, volume in zip(self.payers, self.ids):
            samples = every(volume, payer.name, 7 * GIB + 12345, begin, end,
                            name=HOSTILE)[:-count]
            for sample in samples:
                sample.bins = bins(sample.bytes) if payer.name == "acme" \
                    else None
            desk.send("admin", samples)

    def month(self):
        """October has been reported."""
        desk = self.make()
        desk.clock("2026-11-01T00:00:00Z")
        self.report(desk, "2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z")
        return desk

    def export(self, desk, *words):
        return desk.server.ok("export", "--format", "focus", *words,
                              *desk.clock_flags(None))

    def right(self, text):
        self.assertEqual(focus.Checker().check(text), [])
        return focus.parse(text)[1]

    def adds_up(self, desk, rows):
        """Each bill of a file has the amount due, and its costs."""
        for (account, begin), part in focus.bills(rows).items():
            payer = desk.books.payers[account]
            period = period_of(unix(begin), payer.period)
            bill = desk.bill(account, period)
            self.assertEqual(focus.billed(part), Fraction(bill["total"]))
            self.assertEqual(
                [{n: row[n] for n in focus.RECKONED} for row in part],
                focus.reckon(bill))
            for row in part:
                self.assertEqual(
                    (row["BillingCurrency"], row["InvoiceId"],
                     row["x_PeriodState"]),
                    (bill["currency"], bill["number"], bill["state"]))

    # --- files ---

    def test_an_open_month_is_as_specified(self):
        desk = self.month()
        rows = self.right(self.export(desk, *OCTOBER))
        self.adds_up(desk, rows)
        self.assertEqual({row["BillingAccountId"] for row in rows},
                         {"acme", "yen"})  # a quarter is not in a month
        usage = [row for row in rows if row["ChargeCategory"] == "Usage"
                 and row["BillingAccountId"] == "acme"]
        self.assertEqual(
            [(row["SkuId"], row["ListUnitPrice"], row["ChargePeriodStart"],
              row["ChargePeriodEnd"]) for row in usage],
            [("flexfs-storage-30d", "0.011", "2026-10-01T00:00:00Z",
              "2026-10-11T00:00:00Z"),
             ("flexfs-storage-30d", "0.0099", "2026-10-11T00:00:00Z",
              "2026-11-01T00:00:00Z"),
             ("flexfs-storage", "0.0371", "2026-10-01T00:00:00Z",
              "2026-11-01T00:00:00Z")])
        for row in usage:
            self.assertEqual(row["ResourceName"][:2], "'=")
            self.assertEqual(row["ResourceName"].replace("'", ""), HOSTILE)

    def test_quarters_stand_in_files_of_quarters(self):
        desk = self.month()
        rows = self.right(self.export(
            desk, "--from", "2026-10-01", "--to", "2027-01-01"))
        self.adds_up(desk, rows)
        self.assertEqual(
            {(row["BillingAccountId"], row["BillingPeriodEnd"])
             for row in rows},
            {("acme", "2026-11-01T00:00:00Z"),
             ("yen", "2026-11-01T00:00:00Z"),
             ("quarter", "2027-01-01T00:00:00Z")})

    def test_a_closed_month_and_its_corrections(self):
        desk = self.month()
        desk.clock("2026-11-03T00:00:00Z")
        closed = self.export(desk, *OCTOBER)
        self.adds_up(desk, self.right(closed))
        self.report(desk, "2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z", 1)
        self.assertEqual(self.export(desk, *OCTOBER), closed)
        rows = self.right(self.export(
            desk, "--from", "2026-11-01", "--to", "2026-12-01"))
        self.adds_up(desk, rows)
        corrections = [row for row in rows
                       if row["ChargeClass"] == "Correction"]
        self.assertEqual(
            {(row["BillingAccountId"], row["x_CorrectedPeriod"],
              row["ChargePeriodStart"], row["ChargePeriodEnd"],
              row["BillingPeriodStart"]) for row in corrections},
            {(name, "2026-10", "2026-10-31T00:00:00Z",
              "2026-10-31T23:00:00Z", "2026-11-01T00:00:00Z")
             for name in ("acme", "yen")})

    def test_report_says_the_same(self):
        desk = self.month()
        parts = [desk.server.ok("report", "--period", "2026-10", "--account",
                                name, "--format", "focus",
                                *desk.clock_flags(None)).split("\r\n", 1)
                 for name in ("acme", "yen")]
        whole = self.export(desk, *OCTOBER).split("\r\n", 1)
        self.assertEqual(whole, [parts[0][0], parts[0][1] + parts[1][1]])

    def test_a_mail_brings_it(self):
        desk = self.month()
        text = desk.server.ok(
            "report", "--period", "2026-10", "--account", "acme", "--format",
            "eml", "--attach", "focus", *desk.clock_flags(None))
        message = email.message_from_string(text,
                                            policy=email.policy.default)
        files = {part.get_filename(): part
                 for part in message.iter_attachments()}
        self.assertEqual([*files], ["flexfs-2026-10-acme-focus.csv"])
        part = files["flexfs-2026-10-acme-focus.csv"]
        self.assertEqual(part.get_content_type(), "text/csv")
        got = part.get_payload(decode=True).decode()
        self.adds_up(desk, self.right(got))

    def test_who_bills_is_named(self):
        desk = self.month()
        for words, name in [
                ((), "flexFS Service"),
                (("--issuer", "Storage, Inc.\nSome Street 1"),
                 "Storage, Inc.")]:
            rows = self.right(self.export(desk, *OCTOBER, *words))
            self.assertEqual(
                {(row["InvoiceIssuerName"], row["ProviderName"])
                 for row in rows}, {(name, name)})

    def test_usage_without_a_rate_has_no_amount(self):
        desk = self.month()
        desk.open(Payer("unrated"))
        desk.source("other", "unrated")
        desk.send("other", every(support.new_uuid(), "unrated", GIB,
                                 "2026-10-31T00:00:00Z",
                                 "2026-11-01T00:00:00Z"))
        result = desk.server.cli("export", "--format", "focus", *OCTOBER,
                                 *desk.clock_flags(None))
        self.assertEqual(result.code, 1)
        self.assertIn("2026-10 of unrated has usage without a rate",
                      result.stderr)
        self.adds_up(desk, self.right(result.stdout))
        result = desk.server.cli(
            "report", "--format", "focus", "--period", "2026-10",
            "--account", "unrated", *desk.clock_flags(None))
        self.assertEqual((result.code, result.stdout), (1, ""))
        self.assertIn("no amount is due yet", result.stderr)
        result = desk.server.cli(
            "report", "--format", "eml", "--period", "2026-10", "--attach",
            "focus", "--account", "unrated", *desk.clock_flags(None))
        self.assertEqual(result.code, 0)
        self.assertNotIn("focus.csv", result.stdout)

    def test_only_whole_months_are_exported(self):
        server = self.server()
        server.create_account("acme")
        for words, why in [
                (("2026-10-01", "2026-10-31"), "of whole months"),
                (("2026-10-01", "2026-11-01", "--step", "day"), "--step"),
                (("2026-10-01", "2026-11-01", "--groupBy", "bin"),
                 "--groupBy"),
                (("2026-11-01", "2026-10-01"), "before it begins")]:
            result = server.cli("export", "--format", "focus", "--from",
                                words[0], "--to", *words[1:])
            self.assertEqual((result.code, result.stdout), (1, ""))
            self.assertIn(why, result.stderr)

    def test_histories_made_at_random(self):
        rng = random.Random("focus")
        story = Chronicle(self, Desk, rng, 0, 12)
        story.run()
        desk = story.desk
        result = desk.server.cli(
            "export", "--format", "focus", "--from",
            rfc3339(story.border - 34 * DAY_SECS)[:8] + "01", "--to",
            rfc3339(story.borders[2])[:8] + "01", *desk.clock_flags(None))
        rows = self.right(result.stdout)
        self.assertGreater(len(rows), 30)
        self.adds_up(desk, rows)

    # --- the checker itself ---

    def test_what_is_wrong_is_found(self):
        text = self.export(self.month(), *OCTOBER)
        names, rows = focus.parse(text)
        count = 0
        for what, change in self.changes(names, rows):
            with self.subTest(what):
                self.assertNotEqual(focus.Checker().check(change), [])
            count += 1
        self.assertGreater(count, 60)

    def changes(self, names, rows):
        """Files with one thing wrong each."""
        rules = focus.Checker().columns
        for name in names:
            # What is of one kind only need not be said.
            if name in rules and name != "PricingCategory":
                yield f"without {name}", self.write(
                    [n for n in names if n != name], rows)
        yield "order", self.write(names[-1:] + names[:-1], rows)
        yield "no column of FOCUS", self.write(
            names + ["Discount"], [dict(row, Discount="1") for row in rows])
        for name, rule in rules.items():
            if name not in names:
                continue
            if not rule["nullable"]:
                yield self.changed(names, rows, **{name: None})
            if rule["type"] != "string":
                for bad in ("+1", "1e3", "1,5", "USD 1", ".5",
                            "2026-10-01", "2026-13-01T00:00:00Z"):
                    yield self.changed(names, rows, **{name: bad})
            if "allowed" in rule:
                yield self.changed(names, rows, **{name: "Sometimes"})
        for row in ({"PricingUnit": None}, {"PricingUnit": "Gigs-Months"},
                    {"ConsumedQuantity": None, "ConsumedUnit": None},
                    {"BilledCost": "1.000000000001", "ListUnitPrice": None},
                    {"ListCost": "99.000000000000"},
                    {"ListUnitPrice": "-1"}, {"SkuId": None},
                    {"ChargePeriodEnd": "2026-12-01T00:00:00Z"},
                    {"ChargeClass": "Correction"},
                    {"InvoiceIssuerName": "Another"},
                    {"BillingCurrency": "usd"},
                    {"SkuPriceDetails": "age"},
                    {"ServiceSubcategory": "Caching"},
                    {"ServiceName": " flexFS"}):
            yield self.changed(names, rows, **row)

    def changed(self, names, rows, **cells):
        return str(cells), self.write(
            names, [dict(rows[0], **cells)] + rows[1:])

    @staticmethod
    def write(names, rows):
        def quoted(cell):
            cell = cell or ""
            return '"' + cell.replace('"', '""') + '"' \
                if any(c in cell for c in ',"\r\n') else cell
        lines = [names] + [[row.get(n) for n in names] for row in rows]
        return "".join(",".join(map(quoted, line)) + "\r\n"
                       for line in lines)


if __name__ == "__main__":
    support.main()
