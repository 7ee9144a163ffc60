"""Builders for reports, as an admin server would send them."""

import datetime
import time
import uuid


def new_uuid():
    return str(uuid.uuid4())


def rfc3339(at):
    """Unix seconds as text: 2026-10-01T00:00:00Z."""
    when = datetime.datetime.fromtimestamp(at, datetime.timezone.utc)
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def unix(text):
    """The opposite, for whole seconds in UTC."""
    when = datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")
    return int(when.replace(tzinfo=datetime.timezone.utc).timestamp())


def size(count):
    """A size as JSON may carry it: text when a double would lose digits."""
    return count if count < 2**53 else str(count)


def instant(value):
    return rfc3339(value) if isinstance(value, (int, float)) else value


def make_volume(byte_count=0, **members):
    """One volume's sample: now, of a new volume, unless members say more.
    Instants may be unix seconds or text; a member that is None is left out
    (retired_at=... and created_at=... included)."""
    volume = {"id": new_uuid(), "sampled_at": int(time.time()),
              "bytes": size(byte_count)}
    volume.update(members)
    for name in ("sampled_at", "created_at", "retired_at"):
        if name in volume:
            volume[name] = instant(volume[name])
    return {k: v for k, v in volume.items() if v is not None}


def make_report(volumes, **members):
    """A report of these volumes: sent now, with a new id, unless members
    say otherwise."""
    report = {"report_id": new_uuid(), "sent_at": int(time.time()),
              "volumes": list(volumes)}
    report.update(members)
    report["sent_at"] = instant(report["sent_at"])
    return {k: v for k, v in report.items() if v is not None}


def hourly(byte_count, start, hours, **members):
    """Samples of one volume, one at the start of each hour from start (unix
    seconds or text); byte_count is a number, or a function of the hour's
    index."""
    first = unix(start) if isinstance(start, str) else start
    members.setdefault("id", new_uuid())
    return [make_volume(byte_count(i) if callable(byte_count) else byte_count,
                        sampled_at=first + 3600 * i, **members)
            for i in range(hours)]
