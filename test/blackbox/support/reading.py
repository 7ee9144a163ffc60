"""A server with something to read for two accounts, and readers of each.

acme and beta have a volume each, and one after the other the third, which
they share for one hour; October 2026 is closed for both. gamma has nothing.
"""

import atexit
import os
import re
import shutil
import tempfile

from .manual import code
from .money import GIB
from .report import hourly, make_report, make_volume, new_uuid, unix

NOW = "2026-11-03T06:10:00Z"
MOVED = "2026-10-16T05:00:00Z"
BIG = 2**53 + 1  # bytes that a double does not hold


def routes():
    """The paths of the table in the code."""
    return re.findall(r'\{"(/[^"]*)",\s*ROUTE_', code("src/read_routes.c"))


CLOCK = ("--mockTime", "--mockRate", "0", "--mockStart")


class Shelf:
    """Made once by each test file, and copied for each test."""

    made = None  # (folder of the database, tokens, volumes, sources)

    def __init__(self, test):
        self.test = test
        if Shelf.made is None:
            self.make()
        folder, self.tokens, self.volumes, self.sources = Shelf.made
        self.it = test.server(args=[*CLOCK, NOW])
        shutil.copytree(folder, self.it.db, dirs_exist_ok=True)
        self.it.start()

    def make(self):
        self.it = self.test.server(args=[*CLOCK, "2026-11-01T00:30:00Z"])
        for name in ("acme", "beta", "gamma"):
            self.it.create_account(name)
        for name in ("acme", "beta"):
            self.it.create_rate(name, "0.744")
        self.sources = {name: self.it.create_source("of-" + name, name)
                        for name in ("acme", "beta")}
        self.tokens = {
            "operator": self.it.create_token("kim", "operator"),
            "all": self.it.create_token("rita", "reader"),
            "acme": self.it.create_token("ann", "reader", account="acme"),
            "beta": self.it.create_token("bob", "reader", account="beta"),
            "gamma": self.it.create_token("gil", "reader", account="gamma")}
        self.volumes = {"acme": new_uuid(), "beta": new_uuid(),
                        "shared": new_uuid()}
        self.it.start()
        self.fill()
        self.it.stop(timeout=60)
        place = tempfile.mkdtemp(prefix="shelf-")
        atexit.register(shutil.rmtree, place, ignore_errors=True)
        shutil.copytree(self.it.db, os.path.join(place, "db"))
        Shelf.made = (os.path.join(place, "db"), self.tokens, self.volumes,
                      self.sources)

    def send(self, account, volumes, sent_at=NOW):
        answer = self.it.send_report(self.sources[account], make_report(
            volumes, sent_at=sent_at))
        self.test.assertEqual(answer.status, 201, answer)

    def fill(self):
        hours = 31 * 24
        moved = (unix(MOVED) - unix("2026-10-01T00:00:00Z")) // 3600
        self.send("acme", hourly(
            100 * GIB, "2026-10-01T00:00:00Z", hours, account="acme",
            id=self.volumes["acme"], name="lab", region="eu"))
        self.send("beta", hourly(
            200 * GIB, "2026-10-01T00:00:00Z", hours, account="beta",
            id=self.volumes["beta"], name="archive"))
        shared = {"id": self.volumes["shared"]}
        self.send("acme", hourly(10 * GIB, "2026-10-01T00:00:00Z", moved + 1,
                                 account="acme", name="old", **shared))
        self.send("beta", [make_volume(
            30 * GIB, sampled_at="2026-10-16T05:30:00Z", account="beta",
            name="new", **shared)])
        self.send("beta", hourly(
            30 * GIB, "2026-10-16T06:00:00Z", hours - moved - 1,
            account="beta", name="new", **shared))
        self.it.set_clock(self.tokens["operator"], "2026-11-03T01:00:00Z")
        self.test.wait_until(
            lambda: self.it.ok("list", "invoices").count("\n") == 2,
            "October is closed", 60)
        self.it.set_clock(self.tokens["operator"], NOW)
        for name, size in (("acme", BIG), ("beta", 7)):
            self.send(name, hourly(size, "2026-11-01T00:00:00Z", 54,
                                   account=name, id=self.volumes[name]))
            self.send(name, [make_volume(
                1, sampled_at="2027-01-01T00:00:00Z", account=name)])

    def get(self, target, who="all", *words):
        return self.it.curl(target, *words, token=self.tokens.get(who))

    def json(self, target, who="all"):
        answer = self.get(target, who)
        self.test.assertEqual(answer.status, 200, answer)
        self.test.assertEqual(answer.headers["Content-Type"],
                              "application/json")
        return answer.json()

    def numbers(self):
        """{account: number of its invoice}."""
        return {row["account"]: row["number"]
                for row in self.json("/v1/invoices")["invoices"]}
