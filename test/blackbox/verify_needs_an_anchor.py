"""A ledger that was cut, or written anew from some fact on, fits together;
only a head that was kept elsewhere shows it: verify --anchor."""

import re

import support
from support import tamper
from support.story import Story

# The month of a sample, as volume_month has it.
MONTH = ("strftime('%Y', s.hour * 3600, 'unixepoch') * 12"
         " + strftime('%m', s.hour * 3600, 'unixepoch') - 1")


class VerifyNeedsAnAnchor(support.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.story = Story.of_class(cls)

    def setUp(self):
        self.copy = tamper.Copy(self.story.server, self.folder())
        self.heads = self.story.heads

    def cut(self, last):
        """Takes away all that was stated behind a fact, wherever it left
        traces."""
        for text in (
                "DELETE FROM sample WHERE fact > ?",
                "DELETE FROM report WHERE fact > ?",
                "DELETE FROM quarantine WHERE fact > ?",
                "UPDATE volume SET retired_at = NULL, lives_until = NULL"
                " WHERE id IN (SELECT volume FROM volume_end WHERE fact > ?)",
                "DELETE FROM volume_end WHERE fact > ?",
                "UPDATE quarantine SET state = 'open', settled_fact = NULL"
                " WHERE settled_fact > ?",
                "UPDATE volume SET revised_hour = (SELECT max(s.hour)"
                " FROM sample s WHERE s.volume = volume.id AND"
                " s.revision > 0) WHERE ?",
                "DELETE FROM volume_month WHERE ? AND NOT EXISTS (SELECT 1"
                " FROM sample s WHERE s.volume = volume_month.volume"
                f" AND {MONTH} = volume_month.month)",
                "DELETE FROM invoice_line WHERE invoice IN"
                " (SELECT id FROM invoice WHERE fact > ?)",
                "DELETE FROM invoice_document WHERE invoice IN"
                " (SELECT id FROM invoice WHERE fact > ?)",
                "DELETE FROM invoice_settled WHERE invoice IN"
                " (SELECT id FROM invoice WHERE fact > ?)",
                "DELETE FROM invoice WHERE fact > ?",
                "DELETE FROM day WHERE ?",
                "UPDATE day_progress SET done_day = 0, working_day = 0"
                " WHERE ?",
                "DELETE FROM license_grant WHERE id > (SELECT count(*)"
                " FROM fact WHERE kind = 'grant.signed' AND seq <= ?)",
                "DELETE FROM fact WHERE seq > ?"):
            self.copy.change(text, last)

    def anchors(self, *heads):
        return [word for head in heads for word in ("--anchor", head)]

    def fact_of(self, head):
        rows = self.copy.query("SELECT seq FROM fact WHERE hash = ?",
                               bytes.fromhex(head.removeprefix("sha256:")))
        return rows[0][0] if rows else None

    def test_each_head_is_found_where_it_stands(self):
        self.assertEqual(self.copy.verify(*self.anchors(*self.heads)), [])
        told = {a["head"]: a["fact"] for a in self.copy.told["anchors"]}
        self.assertEqual(told, {h: self.fact_of(h) for h in self.heads})
        self.assertNotIn(None, told.values())
        _, out, _ = self.copy.run("--anchor", self.heads[3])
        seq = self.fact_of(self.heads[3])
        at = self.copy.query("SELECT at FROM fact WHERE seq = ?", seq)[0][0]
        self.assertIn(f"{self.heads[3]} is the head of fact {seq}, "
                      f"{support.rfc3339(at)}\n", out)

    def test_the_chain_is_the_one_of_the_manual(self):
        db = self.copy.connect()
        with db:
            head = tamper.rewrite(db)
        db.close()
        self.assertEqual(self.copy.verify(), [])
        self.assertEqual(self.copy.told["ledger_head"],
                         "sha256:" + head.hex())

    def test_a_cut_tail(self):
        last, cut = self.heads[6], self.heads[7:]
        self.cut(self.fact_of(last))
        self.assertEqual(self.copy.verify(), [])
        self.assertEqual(self.copy.verify("--anchor", last), [])
        found = self.copy.verify(*self.anchors(last, *cut))
        self.assertEqual(len(found), len(cut))
        for head in cut:
            self.assertTrue(any(
                f.startswith(f"anchor: {head}: no fact has this hash")
                for f in found), found)

    def test_a_tail_that_was_cut_badly(self):
        last = self.fact_of(self.heads[6])
        for table, kind in (("sample", "sample"), ("report", "report"),
                            ("quarantine", "quarantine"),
                            ("volume_end", "volume"),
                            ("invoice", "invoice"), ("day", "day")):
            with self.subTest(left=table):
                self.copy.renew()
                rows = self.copy.query(
                    f"SELECT * FROM {table} WHERE fact > ?", last)
                self.assertTrue(rows)
                self.cut(last)
                marks = ",".join("?" * len(rows[0]))
                for row in rows:
                    self.copy.change(
                        f"INSERT INTO {table} VALUES ({marks})", *row)
                found = self.copy.verify()
                self.assertTrue(
                    [f for f in found if f.startswith(f"{kind}: ")], found)

    def test_a_ledger_written_anew(self):
        """A price is lowered, in its row and in its fact, and all hashes
        from there on are computed again."""
        db = self.copy.connect()
        with db:
            db.execute("UPDATE rate SET rate = '0.02' WHERE id = 1")
            db.execute("UPDATE fact SET detail = replace(detail,"
                       " 'rate=0.03', 'rate=0.02') WHERE kind = 'rate.set'")
            tamper.rewrite(db)
        db.close()
        self.assertEqual(self.copy.verify(), [])
        for head in self.heads:
            self.assertEqual(len(self.copy.verify("--anchor", head)), 1)

    def test_heads_of_an_answer_and_of_a_mail_are_piped_in(self):
        mail = self.story.server.ok(
            "report", "--period", "2026-09", "--format", "eml", "--account",
            "acme").encode()
        heads = set(re.findall(rb"sha256:[0-9a-f]{64}", mail))
        self.assertEqual(len(heads), 1)
        self.assertIn(b"multipart", mail)
        both = mail + b'\n{"ledger_head":"' + self.heads[0].encode() + b'"}'
        self.assertEqual(self.copy.verify("--anchor", "-", stdin=both), [])
        self.assertEqual(
            {a["head"] for a in self.copy.told["anchors"]},
            {self.heads[0], heads.pop().decode()})
        self.cut(self.fact_of(self.heads[6]))
        self.assertEqual(
            len(self.copy.verify("--anchor", "-", stdin=both)), 1)

    def test_what_is_no_head_is_refused(self):
        for flags, stdin, why in (
                (["--anchor", "sha256:12"], b"", "takes a ledger head"),
                (["--anchor", self.heads[0] + "0"], b"", "takes a ledger"),
                (["--anchor", self.heads[0][7:]], b"", "takes a ledger head"),
                (["--anchor", "x" + self.heads[0]], b"", "takes a ledger"),
                (["--anchor", ""], b"", "takes a ledger head"),
                (["--anchor", "-"], b"sha256:none", "no ledger head on"),
                (["--anchor", "-"], b"", "no ledger head on standard")):
            with self.subTest(flags=flags, stdin=stdin):
                code, out, err = self.copy.run(*flags, stdin=stdin)
                self.assertEqual((code, out), (2, ""))
                self.assertIn(why, err)


if __name__ == "__main__":
    support.main()
