"""verify names what was changed in the database behind the ledger's back, and
where; a database that was left alone is clean."""

import gzip
import hashlib
import re
import struct
import uuid as uuid_lib

import support
from support import tamper
from support.story import Story
from support.tamper import Copy


def matches(pattern, line):
    """A star is any text."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))),
                        line) is not None


class VerifyFindsTampering(support.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.story = Story.of_class(cls)

    def setUp(self):
        self.copy = Copy(self.story.server, self.folder())

    def expect(self, *patterns):
        """As many findings as patterns, each like its pattern."""
        found = self.copy.verify()
        for pattern in patterns:
            self.assertTrue(any(matches(pattern, f) for f in found),
                            f"no {pattern!r} in {found}")
        self.assertEqual(len(found), len(patterns), found)

    def fact_of(self, kind, nth=0):
        """(seq, subject, detail) of the nth fact of a kind."""
        return self.copy.query(
            "SELECT seq, subject, detail FROM fact WHERE kind = ?"
            " ORDER BY seq LIMIT 1 OFFSET ?", kind, nth)[0]

    def a_sample(self):
        """(hour, volume, bytes, fact) in the middle of its report."""
        return self.copy.query(
            "SELECT hour, volume, bytes, fact FROM sample"
            " WHERE bytes BETWEEN 1000000000000000 AND 1000000000000100"
            " ORDER BY hour LIMIT 1 OFFSET 2")[0]

    def report_of(self, fact):
        subject, who = self.copy.query(
            "SELECT subject, who FROM fact WHERE seq = ?", fact)[0]
        return f"report {subject} of {who}"

    def test_what_was_left_alone_is_clean(self):
        for flags in ((), ("--deep",)):
            self.assertEqual(self.copy.verify(*flags), [])
        rows = {name: self.copy.query(f"SELECT count(*) FROM {name}")[0][0]
                for name in ("sample", "report", "account", "rate", "volume",
                             "quarantine", "token", "source", "day",
                             "invoice")}
        facts = self.copy.query("SELECT count(*) FROM fact")[0][0]
        self.assertEqual({k: self.copy.told["checked"][k] for k in rows},
                         rows)
        self.assertEqual(self.copy.told["facts"], facts)
        self.assertGreater(min(rows.values()), 1)
        code, out, err = self.copy.run()
        self.assertEqual((code, err), (0, ""))
        self.assertIn(f"checked {facts} facts, 2 accounts, 2 sources, "
                      f"5 tokens, 3 rates, ", out)
        self.assertTrue(out.endswith("\nall is as it was stated\n"), out)

    def test_a_flipped_byte_in_a_fact(self):
        seq, subject, detail = self.fact_of("report.accepted", 2)
        self.copy.flip(
            (subject + detail).encode(),
            (subject + detail.replace("stored=3", "stored=2")).encode())
        self.expect(f"chain: fact {seq} (report.accepted, {subject}): its "
                    f"hash does not follow*it was changed*",
                    f"report: report {subject} of source:admin1: stored is "
                    f"3, but fact {seq} says 2: the fact was changed",
                    f"sample: report {subject} of source:admin1: there are 3 "
                    f"samples of it, but fact {seq} says 2*")

    def test_a_flipped_byte_in_a_sample(self):
        _, _, size, fact = self.a_sample()
        # SQLite keeps it as 8 bytes, big endian.
        old = struct.pack(">q", size)
        self.copy.flip(old, old[:3] + bytes([old[3] ^ 4]) + old[4:])
        self.expect(f"sample: {self.report_of(fact)}: its 3 samples, of the "
                    f"hours from * are not those of fact {fact}: at least "
                    f"one of them was changed")

    def test_a_deleted_sample(self):
        hour, volume, _, fact = self.a_sample()
        self.assertEqual(self.copy.change(
            "DELETE FROM sample WHERE hour = ? AND volume = ?", hour,
            volume), 1)
        self.expect(f"sample: {self.report_of(fact)}: it stored 3 samples by "
                    f"fact {fact}, but there are 2: 1 were deleted*")

    def test_an_inserted_sample(self):
        hour, volume, _, fact = self.a_sample()
        uuid = self.story.volumes[1]
        self.copy.change(
            "INSERT INTO sample (hour, volume, nanos, revision, bytes,"
            " account, fact, name) SELECT hour, volume, nanos + 1, 0, 1,"
            " account, fact, name FROM sample WHERE hour = ? AND volume = ?",
            hour, volume)
        when = support.rfc3339(hour * 3600)
        self.expect(f"sample: volume {uuid} at {when} + 1 ns, revision 0: it "
                    f"names fact {fact}, whose samples are complete without "
                    f"it: it was inserted*")

    def test_a_deleted_fact(self):
        seq, subject, _ = self.fact_of("rate.set", 1)
        self.copy.change("DELETE FROM fact WHERE seq = ?", seq)
        self.expect(f"chain: fact {seq}: not there: deleted*",
                    f"rate: rate 2 ({subject}): no fact states it*")

    def test_an_edited_rate(self):
        self.copy.change("UPDATE rate SET rate = '0.029' WHERE id = 1")
        self.expect('rate: rate 1 (acme): rate is "0.029", but its facts say '
                    '"0.03": the row was changed')

    def test_an_edited_term_of_an_account(self):
        self.copy.change(
            "UPDATE account SET gap_policy = 'carry' WHERE name = 'other'")
        self.expect('account: account 2 (other): gap_policy is "carry", but '
                    'its facts say "zero": the row was changed')

    def test_another_recipient_of_bills(self):
        self.copy.change("UPDATE account SET report_to = report_to || "
                         "', me@x.test' WHERE name = 'acme'")
        self.expect('account: account 1 (acme): report_to is "a@x.test, '
                    'b@x.test, me@x.test", but its facts say "a@x.test, '
                    'b@x.test": the row was changed')

    def test_swapped_reports(self):
        (one, first, _), (two, second, _) = (
            self.fact_of("report.accepted", n) for n in (0, 2))
        self.copy.change(
            "UPDATE report SET fact = CASE fact WHEN ?1 THEN ?2 ELSE ?1 END"
            " WHERE fact IN (?1, ?2)", one, two)
        self.expect(f"report: report {first} of source:admin1: fact is {two},"
                    f" but fact {one} says {one}: the row was changed",
                    f"report: report {second} of source:admin1: fact is {one}"
                    f", but fact {two} says {two}: the row was changed")

    def test_a_token_that_nobody_gave(self):
        self.copy.change(
            "INSERT INTO token (name, hash, role, created_at)"
            " VALUES ('mine', randomblob(32), 'operator', 1)")
        self.expect("token: token 6 (mine): no fact states it: the row was "
                    "inserted*")

    def an_invoice(self, period="2026-10", account="acme"):
        """(row, what it is called, fact)"""
        row, number, fact = self.copy.query(
            "SELECT i.id, printf('%04d-%05d', year, serial), fact"
            " FROM invoice i JOIN account a ON a.id = i.account"
            " WHERE i.period = ? AND a.name = ?", period, account)[0]
        return row, f"invoice {number} ({account}, {period})", fact

    def not_closed(self, where, fact):
        return (f"invoice: {where}: its row, its lines and the SHA-256 of "
                f"its documents are not those that fact {fact} closed: *")

    def test_a_flipped_byte_in_a_document(self):
        row, where, _ = self.an_invoice()
        data = bytearray(self.copy.query(
            "SELECT bytes FROM invoice_document WHERE invoice = ? AND"
            " format = 'html'", row)[0][0])
        data[len(data) // 2] ^= 1
        self.copy.change("UPDATE invoice_document SET bytes = ? WHERE"
                         " invoice = ? AND format = 'html'", bytes(data), row)
        self.expect(f"invoice: {where}: its document html *changed*")

    def test_another_document(self):
        """Packed as it should be."""
        row, where, _ = self.an_invoice()
        self.copy.change("UPDATE invoice_document SET bytes = ? WHERE"
                         " invoice = ? AND format = 'text'",
                         gzip.compress(b"nothing to pay"), row)
        self.expect(f"invoice: {where}: its document text is not the one "
                    f"whose SHA-256 is stored with it: *")

    def test_another_document_with_its_hash(self):
        row, where, fact = self.an_invoice()
        self.copy.change("UPDATE invoice_document SET bytes = ?, sha256 = ?"
                         " WHERE invoice = ? AND format = 'json'",
                         gzip.compress(b"{}"), hashlib.sha256(b"{}").digest(),
                         row)
        self.expect(self.not_closed(where, fact),
                    f"invoice: {where}: its JSON document is not that of "
                    f"fact {fact}, *")

    def test_an_edited_total(self):
        row, where, fact = self.an_invoice()
        total = self.copy.query("SELECT total FROM invoice WHERE id = ?",
                                row)[0][0]
        self.copy.change("UPDATE invoice SET total = '1.00' WHERE id = ?",
                         row)
        self.expect(self.not_closed(where, fact),
                    f"invoice: {where}: its total is 1.00, but its lines add "
                    f"up to {total.rstrip('0').rstrip('.')}: *")

    def test_edited_amounts_that_still_add_up(self):
        row, where, fact = self.an_invoice()
        self.assertEqual(self.copy.change(
            "UPDATE invoice_line SET amount = printf('%.2f', amount + CASE"
            " line WHEN 1 THEN 1 ELSE -1 END) WHERE invoice = ? AND"
            " line <= 2", row), 2)
        self.expect(self.not_closed(where, fact))

    def test_a_damaged_fraction(self):
        row, where, fact = self.an_invoice()
        self.copy.change("UPDATE invoice_line SET exact = '1/0' WHERE"
                         " invoice = ? AND line = 1", row)
        self.expect(self.not_closed(where, fact),
                    f"invoice: {where}: the exact cost of line 1 is no "
                    f'fraction: "1/0"')

    def test_a_deleted_line(self):
        row, where, fact = self.an_invoice()
        self.copy.change("DELETE FROM invoice_line WHERE invoice = ? AND"
                         " line = 2", row)
        found = self.copy.verify()
        for pattern in (self.not_closed(where, fact),
                        f"invoice: {where}: line 2 is not there: *"):
            self.assertTrue(any(matches(pattern, f) for f in found), found)

    def delete_invoice(self, row):
        for table in ("invoice_line", "invoice_document", "invoice_settled"):
            self.copy.change(f"DELETE FROM {table} WHERE invoice = ?", row)
        self.copy.change("DELETE FROM invoice WHERE id = ?", row)

    def test_a_deleted_invoice(self):
        """In the middle, and the last one."""
        row, where, fact = self.an_invoice("2026-Q3", "other")
        number = where.split()[1]
        self.delete_invoice(row)
        self.expect(f"invoice: invoice {number}: fact {fact} closed it, but "
                    f"no invoice names that fact: *",
                    f"invoice: invoice {number}: not there, though * is: *")
        self.copy.renew()
        row, where, fact = self.an_invoice()
        self.delete_invoice(row)
        self.assertIn(f"invoice: {where.split(' (')[0]}: fact {fact} closed "
                      f"it, but no invoice names that fact: it was deleted, "
                      f"or given to another fact", self.copy.verify())

    def test_an_invoice_that_nobody_closed(self):
        self.copy.change(
            "INSERT INTO invoice SELECT 777, year, serial + 1, account,"
            " '2026-12', from_at, to_at, closed_at, due_at, currency, '0.00',"
            " upto_fact, fact FROM invoice ORDER BY serial DESC LIMIT 1")
        found = self.copy.verify()
        self.assertTrue(any(
            "(acme, 2026-12): it names fact" in f and
            "which did not close it" in f for f in found), found)

    def test_corrections_that_would_be_made_again(self):
        row, where, _ = self.an_invoice("2026-09")
        for change in (1, -1):
            self.copy.renew()
            self.copy.change("UPDATE invoice_settled SET fact = fact + ?"
                             " WHERE invoice = ?", change, row)
            self.expect(f"invoice: {where}: it counts as corrected up to "
                        f"fact *: the row was changed*")

    def test_a_price_that_was_changed_after_closing(self):
        """Deep: what was billed does not follow from it any more."""
        self.copy.change("UPDATE rate SET rate = '0.3' WHERE id = 1")
        found = self.copy.verify("--deep")
        for period in ("2026-09", "2026-10"):
            _, where, _ = self.an_invoice(period)
            for what in ("line * charges * exactly; computed again *",
                         "it and its corrections bill *; computed again "
                         "from what was known with fact * its period costs "
                         "*"):
                self.assertTrue(
                    any(matches(f"invoice: {where}: {what}", f)
                        for f in found), (what, found))

    def test_what_was_billed_in_no_document(self):
        """Deep: a correction is taken off its invoice, and everything is
        stated anew, so that all of it fits together."""
        row, _, fact = self.an_invoice()
        _, where, _ = self.an_invoice("2026-09")
        self.assertGreater(self.copy.change(
            "DELETE FROM invoice_line WHERE invoice = ? AND corrects IS NOT"
            " NULL", row), 0)
        total = self.copy.query("SELECT sum(amount) FROM invoice_line WHERE"
                                " invoice = ?", row)[0][0]
        self.copy.change("UPDATE invoice SET total = ? WHERE id = ?",
                         f"{total:.2f}", row)
        db = self.copy.connect()
        with db:
            tamper.close(db, row)
            tamper.rewrite(db, fact)
        db.close()
        self.assertEqual(self.copy.verify(), [])
        found = self.copy.verify("--deep")
        self.assertTrue(any(matches(
            f"invoice: {where}: it and its corrections bill *", f)
            for f in found), found)

    def a_day(self):
        """(day, volume, what it is called)"""
        day, volume, uuid = self.copy.query(
            "SELECT day, d.volume, hex(volume_id) FROM day d JOIN volume v"
            " ON v.id = d.volume ORDER BY day, d.volume LIMIT 1 OFFSET 2")[0]
        date = support.rfc3339(day * 86400)[:10]
        return day, volume, f"day {date} of volume {uuid_lib.UUID(uuid)}"

    def test_a_deleted_row_of_a_day(self):
        day, volume, where = self.a_day()
        self.copy.change("DELETE FROM day WHERE day = ? AND volume = ?", day,
                         volume)
        self.expect(f"day: {where}: there are samples, but no row that was "
                    f"made from them: *")
        self.copy.change("INSERT INTO day_stale VALUES (?, ?)", day, volume)
        self.expect()

    def test_a_damaged_row_of_a_day(self):
        day, volume, where = self.a_day()
        self.copy.change("UPDATE day SET hours = x'00' WHERE day = ? AND"
                         " volume = ?", day, volume)
        self.expect(f"day: {where}: the row was changed: *")

    def test_a_row_of_a_day_with_other_samples(self):
        """It can be read, so only a deep look finds it."""
        day, volume, where = self.a_day()
        self.copy.change(
            "UPDATE day SET hours = (SELECT d.hours FROM day d WHERE"
            " d.day = day.day AND d.hours <> day.hours LIMIT 1)"
            " WHERE day = ? AND volume = ?", day, volume)
        self.expect()
        found = self.copy.verify("--deep")
        self.assertEqual(len([f for f in found if f.startswith(
            f"day: {where}: the row is not what its samples make: ")]), 1,
            found)

    def test_another_fact_of_a_day(self):
        day, volume, where = self.a_day()
        self.copy.change("UPDATE day SET fact = fact - 1 WHERE day = ? AND"
                         " volume = ?", day, volume)
        self.expect(f"day: {where}: the row says that its samples are known "
                    f"since fact *, but it is fact *")

    def test_an_inserted_row_of_a_day(self):
        day, volume, _ = self.a_day()
        for other, volume_id, what in (
                (day - 9, volume, "there is no sample that the row *"),
                (day + 999, volume, "the row is of a day that has none yet*"),
                (day, 777, "there is no such volume: *")):
            self.copy.renew()
            self.copy.change(
                "INSERT INTO day SELECT ?, ?, fact, hours FROM day"
                " WHERE day = ? AND volume = ?", other, volume_id, day,
                volume)
            self.expect(f"day: day *: {what}")

    def test_days_that_were_not_removed(self):
        day, _, _ = self.a_day()
        self.copy.change("UPDATE day_progress SET removed_day = ?", day)
        found = self.copy.verify()
        self.assertTrue(any(matches(
            "day: day_progress: removed_day is *, but by the facts*", f)
            for f in found), found)
        self.assertTrue(any(matches(
            "day: day *: it counts as removed, but no fact says so: *", f)
            for f in found), found)

    def test_a_damaged_file(self):
        with open(self.copy.path(), "r+b") as f:
            f.seek(0, 2)
            pages = f.tell() // 4096
            root = self.copy.query("SELECT rootpage FROM sqlite_schema"
                                   " WHERE name = 'sample'")[0][0]
            self.assertLess(root, pages)
            f.seek((root - 1) * 4096)
            f.write(bytes(4096))
        found = self.copy.verify()
        self.assertTrue(any(f.startswith("file: ") for f in found), found)
        self.assertTrue(any(f.startswith("file: samples: could not be read "
                                         "to the end") for f in found), found)
        # The rest was looked at.
        self.assertEqual(self.copy.told["checked"]["rate"], 3)

    def test_text_says_it_in_lines(self):
        self.copy.change("UPDATE account SET display_name = ?, net_days = 3"
                         " WHERE id = 1", "two\nlines\x1b[m")
        code, out, err = self.copy.run()
        self.assertEqual(code, 1)
        self.assertEqual(err, "stat.flexfs verify: the database is not as "
                              "the ledger states it: 2 findings\n")
        lines = out.splitlines()
        self.assertEqual(
            lines[0], 'account: account 1 (acme): net_days is "3", but its '
                      'facts say "30": the row was changed')
        self.assertTrue(lines[1].startswith(
            'account: account 1 (acme): display_name is "two'), out)
        self.assertNotIn("\x1b", out)
        self.assertEqual(lines[-1], "2 findings")


if __name__ == "__main__":
    support.main()
