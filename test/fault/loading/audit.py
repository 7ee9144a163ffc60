"""Recomputes a ledger from the outside: by SQL, and by the formulas that
src/fact.h and src/ledger.c promise."""

import hashlib
import json
import sqlite3
import struct
import uuid

MAX_FAULTS = 20


def open_database(folder):
    """The database of a server that was stopped, for reading only."""
    db = sqlite3.connect(f"file:{folder}/stat.db?mode=ro", uri=True)
    db.row_factory = sqlite3.Row
    return db


def le64(*values):
    return struct.pack(f"<{len(values)}q", *values)


def counted(text):
    data = text.encode()
    return struct.pack("<I", len(data)) + data


def digest(value):
    return b"\0" if value is None else b"\1" + value


def fact_hash(before, fact):
    return hashlib.sha256(
        before + le64(fact["seq"], fact["at"])
        + b"".join(counted(fact[name])
                   for name in ("kind", "who", "subject", "detail"))
        + digest(fact["body_sha256"]) + digest(fact["rows_sha256"])).digest()


def check_chain(db):
    """Sentences about facts that do not fit the one before."""
    before = bytes(32)
    seq = 0
    for fact in db.execute("SELECT * FROM fact ORDER BY seq"):
        seq += 1
        if fact["seq"] != seq:
            yield f"fact {seq} is missing: {fact['seq']} follows {seq - 1}"
            seq = fact["seq"]
        before = fact_hash(before, fact)
        if fact["hash"] != before:
            yield f"fact {seq} has another hash than its contents"
            before = fact["hash"]


def sample_bytes(volume, name, row):
    none = -1
    bins = (row["bins"] or "").encode()
    return (
        volume.bytes
        + le64(row["hour"], row["nanos"], row["revision"], row["bytes"],
               row["account"],
               none if row["retired_bytes"] is None else row["retired_bytes"],
               none if row["inodes"] is None else row["inodes"])
        + le64(len(name)) + name + le64(len(bins)) + bins)


def facts_of(db):
    """{(source's name, report id): its row with its fact}, and sentences
    about reports that are there twice or stand alone."""
    found = {}
    faults = []
    rows = db.execute(
        "SELECT s.name AS source, r.report_id, r.fact, r.stored,"
        " r.duplicates, r.quarantined, f.kind, f.who, f.subject, f.hash,"
        " f.body_sha256, f.rows_sha256 FROM report r"
        " JOIN source s ON s.id = r.source"
        " LEFT JOIN fact f ON f.seq = r.fact")
    for row in rows:
        key = row["source"], str(uuid.UUID(bytes=row["report_id"]))
        if key in found:
            faults.append(f"report {key} is there twice")
        if row["kind"] != "report.accepted" or row["subject"] != key[1] or \
                row["who"] != f"source:{key[0]}":
            faults.append(f"report {key} is not what its fact says")
        found[key] = row
    stated = db.execute("SELECT count(*) FROM fact"
                        " WHERE kind = 'report.accepted'").fetchone()[0]
    if stated != len(found):
        faults.append(f"{stated} facts speak of {len(found)} reports")
    return found, faults


def check_report(report, row, samples):
    """Sentences about one report that was answered."""
    if row is None:
        yield f"report {report.id} was answered and is not there"
        return
    answer = json.loads(report.answer)
    if answer["ledger_head"] != "sha256:" + row["hash"].hex():
        yield f"report {report.id} was answered with another ledger head"
    if row["body_sha256"] != hashlib.sha256(report.body).digest():
        yield f"report {report.id} has another body's digest"
    if (answer["stored"], row["stored"]) != (len(report.volumes),) * 2:
        yield (f"report {report.id}: answered {answer['stored']}, "
               f"noted {row['stored']} of {len(report.volumes)} samples")
    rows = hashlib.sha256()
    for volume in report.volumes:
        key = uuid.UUID(volume["id"]), report.hour, report.nanos
        found = samples.pop(key, [])
        if len(found) != 1 or found[0]["fact"] != row["fact"] or \
                found[0]["bytes"] != int(volume["bytes"]):
            yield (f"report {report.id}: sample {key} is there "
                   f"{len(found)} times, or says something else")
            return
        rows.update(sample_bytes(
            key[0], volume.get("name", "").encode(), found[0]))
    if row["rows_sha256"] != rows.digest():
        yield f"report {report.id}: its rows_sha256 is not that of its rows"


def load_samples(db):
    samples = {}
    for row in db.execute(
            "SELECT v.volume_id, s.* FROM sample s"
            " JOIN volume v ON v.id = s.volume"):
        key = uuid.UUID(bytes=row["volume_id"]), row["hour"], row["nanos"]
        samples.setdefault(key, []).append(row)
    return samples


def check_all(db, answered):
    for row in db.execute("PRAGMA integrity_check"):
        if row[0] != "ok":
            yield f"the file is damaged: {row[0]}"
    for row in db.execute("PRAGMA foreign_key_check"):
        yield f"a row of {row[0]} refers to nothing"
    yield from check_chain(db)
    reports, faults = facts_of(db)
    yield from faults
    samples = load_samples(db)
    for report in answered:
        row = reports.pop((report.source, report.id), None)
        yield from check_report(report, row, samples)
    for key in reports:
        yield f"report {key} is there and was never answered"
    if samples:
        yield f"{len(samples)} samples belong to no report"


def audit(folder, answered):
    """What is wrong with the database of a stopped server that has answered
    these reports with 2xx and no others: sentences, the first MAX_FAULTS."""
    found = []
    db = open_database(folder)
    try:
        for sentence in check_all(db, answered):
            found.append(sentence)
            if len(found) == MAX_FAULTS:
                break
    except sqlite3.DatabaseError as e:
        found.append(f"the file cannot be read: {e}")
    finally:
        db.close()
    return found
