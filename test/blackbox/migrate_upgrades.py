"""Databases of every earlier schema, made by the programs of then, are brought
up to date: nothing is lost, no amount changes, and the server goes on."""

import gzip
import json
import sqlite3

import support
from support.past import KEPT, NEWEST, STEPS, Past, digest, schema_of


def rows(path, text):
    db = sqlite3.connect(path)
    try:
        return db.execute(text).fetchall()
    finally:
        db.close()


def documents(path):
    """{(number, format): bytes} of the invoices."""
    if schema_of(path) < 4:
        return {}
    return {(f"{year}-{serial:05}", form): gzip.decompress(packed)
            for year, serial, form, packed in rows(
                path, "SELECT year, serial, format, bytes FROM invoice"
                " JOIN invoice_document ON invoice = id")}


class MigrateUpgrades(support.TestCase):
    def begin(self, schema):
        """A server that is not started, on a database of this schema."""
        past = Past(schema)
        server = self.server(args=past.clock())
        return server, past, past.write(server.db)

    def check_bills(self, server, past):
        """Each bill says what the program of then said; it may say more."""
        for then in past.bills:
            now = json.loads(server.ok(
                "report", "--account", then["account"], "--period",
                then["period"], "--format", "json", *past.clock()))
            for name in ("state", "number", "total", "exact"):
                self.assertEqual(now[name], then[name], (then, name))
            for part in ("lines", "corrections"):
                self.assertEqual(len(now[part]), len(then[part] or []))
                for one, before in zip(now[part], then[part] or []):
                    self.assertEqual({n: one[n] for n in before}, before)

    def check_ledger(self, server, schema):
        """Before schema 5, no fact said which account a reader sees."""
        said = json.loads(server.cli("verify", "--deep", "--output",
                                     "json").stdout)
        self.assertEqual(
            [(f["where"], f["what"]) for f in said["findings"]],
            [] if schema > 4 else [
                ("token 4 (rd)", 'account is "other", but its facts say "": '
                 "the row was changed")])

    def test_each_earlier_schema_is_upgraded(self):
        self.assertEqual(sorted(STEPS), list(range(1, NEWEST + 1)))
        for schema in range(1, NEWEST):
            with self.subTest(schema=schema):
                server, past, path = self.begin(schema)
                facts = rows(path, "SELECT * FROM fact")
                kept = documents(path)
                said = server.ok("migrate")
                self.assertEqual(said.count("applying "), NEWEST - schema)
                self.assertEqual(schema_of(path), NEWEST)
                self.assertEqual(server.ok("migrate"),
                                 f"schema {NEWEST} is current\n")
                self.check_ledger(server, schema)
                self.assertEqual(rows(path, "SELECT * FROM fact"), facts)
                self.check_bills(server, past)
                self.assertEqual(documents(path), kept)
                for (number, form), document in kept.items():
                    self.assertEqual(
                        server.ok("show", "invoice", number, "--output",
                                  form).encode(), document)

    def test_the_newest_schema_is_kept_for_the_next_one(self):
        """Otherwise: test/golden/make-schema, with a program before this."""
        self.assertIn(NEWEST, {*KEPT, max(KEPT) + 1})

    def test_the_server_upgrades_by_itself_and_goes_on(self):
        for schema in range(1, NEWEST + 1):
            with self.subTest(schema=schema):
                server, past, path = self.begin(schema)
                samples = rows(path, "SELECT count(*) FROM sample")
                server.start()
                token = server.create_token("admin1", "source",
                                            mock_time=True,
                                            mock_start=past.now, mock_rate=0)
                answer = server.send_report(token, support.make_report(
                    [support.make_volume(7, account="acme",
                                         sampled_at=past.now)],
                    sent_at=past.now))
                self.assertEqual(answer.status, 201)
                server.stop()
                self.assertEqual(schema_of(path), NEWEST)
                self.assertEqual(rows(path, "SELECT count(*) FROM sample"),
                                 [(samples[0][0] + 1,)])
                self.check_ledger(server, schema)

    def test_a_dry_run_names_the_steps_and_changes_nothing(self):
        for schema in range(1, NEWEST):
            with self.subTest(schema=schema):
                server, _, path = self.begin(schema)
                before = digest(path)
                said = server.ok("migrate", "--dryRun")
                self.assertEqual(
                    said, "".join(f"would apply {name}\n" for name in (
                        STEPS[n].rpartition("/")[2].removesuffix(".sql")
                        for n in range(schema + 1, NEWEST + 1))))
                self.assertEqual(digest(path), before)

    def test_what_only_reads_says_what_to_do(self):
        server, _, path = self.begin(NEWEST - 1)
        before = digest(path)
        result = server.cli("list", "accounts")
        self.assertEqual(result.code, 1)
        self.assertIn("run `stat.flexfs migrate`", result.stderr)
        self.assertEqual(digest(path), before)

    def test_an_old_database_is_copied_as_it_is(self):
        server, _, path = self.begin(2)
        copy = server.folder + "/copy.db"
        server.ok("backup", "-o", copy)
        self.assertEqual(schema_of(copy), 2)
        self.assertEqual(rows(copy, "SELECT * FROM sample"),
                         rows(path, "SELECT * FROM sample"))

    def test_a_newer_schema_is_refused_untouched(self):
        server, _, path = self.begin(NEWEST)
        db = sqlite3.connect(path)
        db.execute(f"PRAGMA user_version = {NEWEST + 1}")
        db.close()
        before = digest(path)
        for words in (("start", "--noSSL", "--bindAddr", "127.0.0.1:0"),
                      ("migrate",), ("migrate", "--dryRun"), ("verify",),
                      ("backup", "-o", server.folder + "/copy.db"),
                      ("list", "accounts"), ("forecast",),
                      ("report", "--period", "2026-09"),
                      ("create", "account", "--name", "new"),
                      ("close", "due"), ("show", "mail", "1")):
            with self.subTest(words=words):
                result = server.cli(*words)
                self.assertEqual((result.code, result.stdout), (1, ""))
                self.assertIn(f"schema {NEWEST + 1}", result.stderr)
                self.assertIn("install", result.stderr)
                self.assertEqual(digest(path), before)


if __name__ == "__main__":
    support.main()
