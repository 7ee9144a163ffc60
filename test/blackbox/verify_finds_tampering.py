"""verify names what was changed in the database behind the ledger's back, and
where; a database that was left alone is clean."""

import re
import struct

import support
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
                             "quarantine", "token", "source")}
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
