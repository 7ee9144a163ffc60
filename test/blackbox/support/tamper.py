"""Copies of a server's database, to be changed behind the ledger's back; and
the hash chain a second time, as stat.flexfs-ledger(8) describes it."""

import hashlib
import json
import os
import shutil
import sqlite3
import struct
import subprocess
import uuid

from .server import binary


class Copy:
    """The database of a server that is not running, in a folder of its own.

        copy = Copy(server, test.folder())
        copy.change("UPDATE rate SET rate = '0.02'")
        found = copy.verify()
    """

    def __init__(self, server, folder):
        self.source = server.db
        self.env = server.env
        self.db = os.path.join(folder, "copy")
        self.renew()

    def renew(self):
        """As the server left it."""
        shutil.rmtree(self.db, ignore_errors=True)
        shutil.copytree(self.source, self.db)

    def path(self):
        return os.path.join(self.db, "stat.db")

    def connect(self):
        db = sqlite3.connect(self.path())
        db.execute("PRAGMA synchronous = OFF")
        db.execute("PRAGMA foreign_keys = OFF")
        db.execute("PRAGMA ignore_check_constraints = ON")
        return db

    def query(self, text, *values):
        db = self.connect()
        try:
            return db.execute(text, values).fetchall()
        finally:
            db.close()

    def change(self, text, *values):
        """Runs one statement; returns how many rows it has changed."""
        db = self.connect()
        try:
            with db:
                return db.execute(text, values).rowcount
        finally:
            db.close()

    def flip(self, old, new):
        """Writes bytes over others of the file, which has them once."""
        assert len(old) == len(new) and old != new
        with open(self.path(), "rb") as f:
            data = f.read()
        assert data.count(old) == 1, (old, data.count(old))
        with open(self.path(), "wb") as f:
            f.write(data.replace(old, new))

    def run(self, *flags, stdin=b""):
        done = subprocess.run(
            binary() + ["verify", "--dbFolder", self.db, *flags],
            input=stdin, capture_output=True, env=self.env, timeout=60,
            check=False)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def verify(self, *flags, stdin=b""):
        """What is found: a list of "kind: where: what"; exit status and
        counts must agree with it."""
        code, out, err = self.run("--output", "json", *flags, stdin=stdin)
        assert out, (code, err)
        told = json.loads(out)
        found = [f"{f['kind']}: {f['where']}: {f['what']}"
                 for f in told["findings"]]
        clean = not found
        assert told["clean"] == clean, out
        assert (code, err != "") == ((0, False) if clean else (1, True)), (
            code, err, out)
        assert sum(told["found"].values()) >= len(found), out
        self.told = told
        return found


def text(value):
    data = value.encode()
    return struct.pack("<I", len(data)) + data


def digest(value):
    return b"\0" if value is None else b"\1" + value


def chain(before, seq, at, kind, who, subject, detail, body, rows):
    """The hash of a fact."""
    return hashlib.sha256(
        before + struct.pack("<qq", seq, at) + text(kind) + text(who) +
        text(subject) + text(detail) + digest(body) + digest(rows)).digest()


def close(db, invoice):
    """Makes the fact that closed an invoice say what is stored of it, but for
    the fact's own hash."""
    number = "printf('%04d-%05d', i.year, i.serial)"
    lines = [" ".join(map(str, db.execute(
        f"SELECT {number}, a.name, i.period, from_at, to_at, closed_at, due_at,"
        " i.currency, total, upto_fact FROM invoice i JOIN account a"
        " ON a.id = i.account WHERE i.id = ?", (invoice,)).fetchone()))]
    for corrects, volume, *money in db.execute(
            f"SELECT CASE WHEN corrects IS NULL THEN '-' ELSE {number} END,"
            " volume_id, exact, amount FROM invoice_line l"
            " JOIN volume v ON v.id = l.volume LEFT JOIN invoice i"
            " ON i.id = l.corrects WHERE l.invoice = ? ORDER BY line",
            (invoice,)):
        lines.append(" ".join([corrects, str(uuid.UUID(bytes=volume)),
                               *money]))
    documents = db.execute(
        "SELECT format, sha256 FROM invoice_document WHERE invoice = ?"
        " ORDER BY format", (invoice,)).fetchall()
    lines += [f"{name} {sha256.hex()}" for name, sha256 in documents]
    rows = "".join(line + "\n" for line in lines).encode()
    db.execute(
        "UPDATE fact SET body_sha256 = ?, rows_sha256 = ? WHERE seq ="
        " (SELECT fact FROM invoice WHERE id = ?)",
        (dict(documents)["json"], hashlib.sha256(rows).digest(), invoice))


def rewrite(db, seq=1):
    """Makes all hashes follow from what the facts say, from one on."""
    before = bytes(32)
    for row in db.execute(
            "SELECT seq, at, kind, who, subject, detail, body_sha256,"
            " rows_sha256, hash FROM fact ORDER BY seq").fetchall():
        if row[0] < seq:
            before = row[-1]
            continue
        before = chain(before, *row[:-1])
        db.execute("UPDATE fact SET hash = ? WHERE seq = ?",
                   (before, row[0]))
    return before
