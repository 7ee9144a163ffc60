"""Databases of the program's past: test/golden/schema-N.sql."""

import glob
import hashlib
import json
import os
import re
import sqlite3

from .server import TOP

STEPS = {int(os.path.basename(path)[:3]): path for path in
         glob.glob(os.path.join(TOP, "src/schema/*.sql"))}
NEWEST = max(STEPS)
KEPT = {int(re.search(r"-(\d+)\.sql$", path).group(1)): path for path in
        glob.glob(os.path.join(TOP, "test/golden/schema-*.sql"))}


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


class Past:
    """What a program of schema N left behind; what a program left that was
    killed between two steps, where N never was the last one."""

    def __init__(self, schema):
        self.schema = schema
        below = max((n for n in KEPT if n <= schema), default=min(KEPT))
        text = read(KEPT[below])
        self.now = re.search(r"^-- now (\S+)$", text, re.MULTILINE).group(1)
        self.bills = [json.loads(bill) for bill in re.findall(
            r"^-- bill (.*)$", text, re.MULTILINE)]
        self.scripts = [text]
        if schema < below:  # 1: only the outbox is not there yet
            self.scripts.append("DROP TABLE mail_recipient; DROP TABLE mail;")
        self.scripts += [read(STEPS[n]) for n in range(below + 1, schema + 1)]

    def write(self, folder):
        """Makes stat.db in the folder; returns its path."""
        path = os.path.join(folder, "stat.db")
        os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))
        db = sqlite3.connect(path)
        for script in self.scripts:
            db.executescript(script)
        db.execute(f"PRAGMA user_version = {self.schema}")
        db.execute("PRAGMA journal_mode = WAL")
        db.close()
        return path

    def clock(self):
        return ("--mockTime", "--mockRate", "0", "--mockStart", self.now)


def digest(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def schema_of(path):
    db = sqlite3.connect(path)
    try:
        return db.execute("PRAGMA user_version").fetchone()[0]
    finally:
        db.close()
