"""A database that is damaged is named by whoever opens it, with what to do,
and stays as it is."""

import os
import re
import subprocess

import support
from support.past import Past, digest

PAGE = 4096
START = ("start", "--noSSL", "--bindAddr", "127.0.0.1:0")
OTHERS = (("list", "accounts"), ("create", "account", "--name", "new"),
          ("report", "--period", "2026-09"), ("migrate",),
          ("migrate", "--dryRun"), ("verify",), ("backup", "-o", "copy.db"))
# What looks the file through; others meet only what they touch.
THOROUGH = (START, ("migrate",), ("verify",), ("backup", "-o", "copy.db"))


def flip(data, at, count=8):
    return data[:at] + bytes(b ^ 0x5a for b in data[at:at + count]) + \
        data[at + count:]


def read(path):
    with open(path, "rb") as f:
        return f.read()


def write(path, data):
    with open(path, "wb") as f:
        os.fchmod(f.fileno(), 0o600)
        f.write(data)


class StoreNamesDamage(support.TestCase):
    def begin(self):
        server = self.server()
        path = Past(7).write(server.db)
        server.ok("migrate")
        return server, path, read(path)

    def refused(self, server, verbs, *said):
        """Each of the verbs says so, and the files stay as they are."""
        files = {name: digest(os.path.join(server.db, name))
                 for name in os.listdir(server.db)
                 if name in ("stat.db", "stat.db-wal")}
        for words in verbs:
            with self.subTest(words=words):
                result = server.cli(*words)
                self.assertEqual(result.code, 1, result)
                for text in (server.db, *said):
                    self.assertIn(text, result.stderr + result.stdout)
                self.assertNotIn("copy.db", os.listdir(server.folder))
                for name, before in files.items():
                    self.assertEqual(
                        digest(os.path.join(server.db, name)), before, name)

    def each(self, cases, verbs, *said):
        server, path, good = self.begin()
        for name, damage in cases.items():
            with self.subTest(damage=name):
                for left in os.listdir(server.db):
                    os.remove(os.path.join(server.db, left))
                write(path, damage(good))
                self.refused(server, verbs, *said)

    def test_what_is_no_database_any_more(self):
        self.each({
            "magic": lambda d: flip(d, 0),
            "page size": lambda d: flip(d, 16, 2),
            "format": lambda d: flip(d, 18, 2),
            "page count": lambda d: flip(d, 28, 4),
            "first page": lambda d: flip(d, 100),
            "half of it": lambda d: d[:len(d) // 2 // PAGE * PAGE],
            "something else": lambda d: b"hello\n" * 5000,
            "two letters": lambda d: b"hi",
        }, (START, *OTHERS), "damaged", "restore a copy")

    def test_a_file_that_was_cut_off_is_no_new_one(self):
        self.each({"nothing": lambda d: b""}, (START, *OTHERS), "is empty",
                  "restore a copy")

    def test_a_damaged_page_is_found_before_anything_is_written(self):
        server, path, good = self.begin()
        pages = len(good) // PAGE
        for number in (3, pages // 2, pages - 1):
            with self.subTest(page=number):
                write(path, flip(good, number * PAGE))
                for words in THOROUGH:
                    result = server.cli(*words)
                    self.assertEqual(result.code, 1, (words, result))
                    self.assertRegex(result.stdout + result.stderr,
                                     "damaged|file: stat.db: ")
                self.assertEqual(read(path), flip(good, number * PAGE))

    def test_an_odd_end_is_found(self):
        server, path, good = self.begin()
        write(path, good[:-1000])
        self.refused(server, (START,), "damaged", "verify")

    # --- the write-ahead log -------------------------------------------------

    def begin_with_log(self):
        """A server that was killed, with ten commits in its log."""
        server = self.server()
        server.create_account("acme")
        token = server.create_source("admin1", "acme")
        server.start()
        sent = []
        for _ in range(10):
            sent.append(support.make_report([support.make_volume(7)]))
            self.assertEqual(server.send_report(token, sent[-1]).status, 201)
        server.kill()
        log = os.path.join(server.db, "stat.db-wal")
        return server, token, sent, log, read(log)

    def frames(self, log):
        """Where each commit's last frame begins."""
        size = 24 + PAGE
        starts = range(32, len(log) - size + 1, size)
        return [at for at in starts if log[at + 4:at + 8] != bytes(4)
                and log[at + 8:at + 16] == log[16:24]]

    def test_a_log_that_is_damaged_in_its_midst(self):
        server, token, sent, path, log = self.begin_with_log()
        commits = self.frames(log)
        self.assertGreater(len(commits), 9)
        # In its sixth last commit; so five more are behind it.
        write(path, flip(log, commits[-6] + 24 + 100))
        self.refused(server, (START, *OTHERS), "is damaged", "6 commits",
                     "restore")
        # What it says to do does what it says.
        said = server.cli(*START).stderr
        command = re.search(r"truncate -s \d+ \S+/stat.db-wal", said).group()
        subprocess.run(command.split(), check=True)
        server.start()
        states = [server.send_report(token, report).status for report in sent]
        self.assertEqual(states, sorted(states))
        self.assertIn(states.count(201), (5, 6))
        server.stop()
        server.ok("verify", "--deep")

    def test_a_log_that_is_damaged_at_its_beginning(self):
        server, _, _, path, log = self.begin_with_log()
        for at in (0, 9, 17, 25):
            with self.subTest(at=at):
                write(path, flip(log, at, 1))
                self.refused(server, (START, *OTHERS), "is damaged",
                             "restore a copy")

    def test_a_log_whose_end_was_not_written_is_a_power_cut(self):
        server, token, sent, path, log = self.begin_with_log()
        last = self.frames(log)[-1]
        write(path, flip(log, last + 24 + 100))
        server.start()
        self.assertEqual(server.send_report(token, sent[0]).status, 200)
        server.stop()
        server.ok("verify", "--deep")

    def test_a_log_without_its_database_is_kept(self):
        server, _, _, path, log = self.begin_with_log()
        os.remove(os.path.join(server.db, "stat.db"))
        self.refused(server, (START, *OTHERS), "is gone", "restore a copy")
        self.assertEqual(read(path), log)
        self.assertNotIn("stat.db", os.listdir(server.db))

    def test_a_log_of_another_database_is_not_its(self):
        server, _, _, path, log = self.begin_with_log()
        server.start()
        copy = os.path.join(server.folder, "copy.db")
        server.ok("backup", "-o", copy)
        server.stop()
        write(os.path.join(server.db, "stat.db"), read(copy))
        os.remove(copy)
        write(path, log)
        self.refused(server, (START,), "belongs to another database")
        os.remove(path)
        server.start()
        server.stop()


if __name__ == "__main__":
    support.main()
