"""Rows of closed days, looked at from outside."""

import os
import sqlite3

from .server import wait_until


def query(server, text, *values):
    """All rows of a query on the database of a server."""
    path = os.path.join(server.db, "stat.db")
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=20)
    try:
        return db.execute(text, values).fetchall()
    finally:
        db.close()


def wait_for_rows(server, day, timeout=60):
    """Until every day up to one (unix seconds / 86400) has its rows, and none
    of them is stale."""
    wait_until(
        lambda: query(server, "SELECT done_day >= ? AND NOT EXISTS"
                      " (SELECT 1 FROM day_stale) FROM day_progress",
                      day) == [(1,)],
        f"all days up to {day} have rows", timeout)
