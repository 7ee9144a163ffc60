"""A server and the reference books of support.books, kept side by side."""

import contextlib
import http.client
import json
import os
import sqlite3

from . import focus
from .books import Books
from .money import HOUR_SECS, NANOS, fraction
from .report import new_uuid, rfc3339, unix
from .server import wait_until
from .usage import ALL, Sample, age_text, rfc3339_nanos


def nanos(at):
    """Unix nanoseconds of RFC 3339 text, of unix seconds, or of themselves
    (integers from 10^12 on)."""
    if isinstance(at, int):
        return at if at >= 10**12 else at * NANOS
    text, _, part = at.rstrip("Z").partition(".")
    return unix(text + "Z") * NANOS + int(part.ljust(9, "0") or 0)


class Paper:
    """The books alone, at a pretend instant that only clock() moves. What a
    Desk is told can be told to it, too, so that a case can be reckoned
    without the program."""

    def __init__(self, test, start):
        self.test = test
        self.now = nanos(start)
        self.books = Books()

    # --- setting up ---

    def open(self, payer):
        """Makes the account and its rates."""
        return self.books.add_payer(payer)

    def source(self, name, *accounts):
        """Makes a source that may report for the accounts."""

    def start(self):
        """Starts the server."""

    def stop(self, hard=False):
        """Ends it; hard: kill -9. The clock goes on with set_clock()."""

    def restart(self, hard=False):
        self.stop(hard)
        self.start()
        self.look()

    def close(self):
        """Stops it for good."""

    def verify(self):
        """Checks its database."""

    def explain(self, bill, line):
        """Shows where a line of a document comes from."""

    # --- what happens ---

    def clock(self, at):
        """Moves the clock forward, and looks what is due."""
        self.set_clock(at)
        return self.look()

    def set_clock(self, at):
        self.now = nanos(at)

    def seconds(self):
        return self.now // NANOS

    def look(self):
        """Closes what is due. Returns [(account, period)]."""
        found = []
        while True:
            due = self.books.all_due(self.now // NANOS)
            if not due:
                return found
            for account, period, known in due:
                self.close_books(account, period, known)
                found.append((account, period))

    def close_due(self):
        """Looks what is due without waiting for an hour to pass."""
        return self.look()

    def close_books(self, account, period, known=None):
        number = self.books.next_number(self.now // NANOS)
        return self.books.close(account, period, self.now // NANOS, number,
                                known, self.last_name)

    def last_name(self, volume, _):
        return max(self.books.names.get(volume, {""}))

    def send(self, source, samples, report_id=None):
        """Sends a report of samples. Returns (status, answer)."""
        status, answer = self.books.take(source, report_id or new_uuid(),
                                         samples, self.now)
        return status, dict(answer)

    def set_rate(self, account, rate, at, age_hours=0):
        """A rate that is entered while the server runs."""
        self.books.set_rate(account, rate, at, age_hours, self.now)

    def close_by_hand(self, account, period, reason="it is right"):
        return self.close_books(account, period)

    def release(self, item, reason="it is right"):
        return self.books.release(item, self.now)

    def discard(self, item, reason="it is wrong"):
        self.books.discard(item, self.now)

    def rows(self, volume):
        """How many samples the ledger keeps of a volume."""
        return len(self.books.tracks[volume].samples)

    # --- bills ---

    def check(self, account, period, now=None):
        """The bill as known at now (the server's, unless given)."""
        at = self.now if now is None else nanos(now)
        return self.books.bill(account, period, at // NANOS, self.last_name)

    def check_all(self, period, now=None):
        """All accounts' bills."""
        return [self.check(account, period, now)
                for account in self.books.payers]

    def focus(self, account, period):
        """The rows of the bill's FOCUS file."""
        return focus.reckon(self.check(account, period))

    def check_truth(self, account):
        """All documents, and the corrections that no document has yet, add
        up to the latest truth of each closed period, rounded once."""
        billed, truth = self.books.account_for(account)
        self.test.assertEqual(billed, truth, account)


class Desk(Paper):
    """Everything goes to the server and into the books; answers and bills
    must agree.

    Reports go over one kept connection; bills come from the command line. A
    closed document is remembered, and must stay as it is, byte for byte.
    """

    def __init__(self, test, start):
        super().__init__(test, start)
        self.server = test.server(args=(
            "--mockTime", "--mockStart", rfc3339_nanos(self.now),
            "--mockRate", "0"), config="report = []  # no mails\n")
        self.tokens = {}
        self.operator = self.server.create_token("op", "operator")
        self.line = None
        self.unset = []  # rates that the server was not told
        self.sent = {}  # by (source, report id): the report's text
        self.frozen = {}  # by account and period: text of the document

    # --- setting up ---

    def open(self, payer):
        super().open(payer)
        self.server.create_account(payer.name, **payer.options())
        self.unset += [(payer.name, rate, hour * HOUR_SECS, age)
                       for age, rows in payer.rates.items()
                       for hour, rate in rows]
        if self.server.running():
            self.set_rates()
        return payer

    def source(self, name, *accounts):
        self.tokens[name] = self.server.create_source(name, *accounts)

    def set_rate(self, account, rate, at, age_hours=0):
        super().set_rate(account, rate, at, age_hours)
        self.unset.append((account, rate, at, age_hours))
        self.set_rates()

    def set_rates(self):
        """Rates are told over HTTP, once the server runs."""
        for account, rate, at, age in self.unset:
            status, answer = self.request(
                "/v1/rates", self.operator, json.dumps({
                    "account": account, "rate": rate, "from": rfc3339(at),
                    **({"max_age": age_text(age)} if age else {})}))
            self.test.assertEqual(status, 201, answer)
        self.unset.clear()

    # --- life ---

    def start(self):
        self.server.start("--mockStart", rfc3339_nanos(self.now))
        self.connect()
        self.set_rates()

    def connect(self):
        if self.line is not None:
            self.line.close()
        self.line = http.client.HTTPConnection("127.0.0.1", self.server.port,
                                               timeout=30)

    def stop(self, hard=False):
        if hard:
            self.server.kill()
        else:
            self.server.stop()

    def close(self):
        self.line.close()
        self.server.stop()

    def set_clock(self, at):
        """Sets the server's clock forward; one that is off is started with
        it."""
        super().set_clock(at)
        if self.server.running():
            status, answer = self.request("/v1/clock", self.operator,
                                          json.dumps({"now": rfc3339_nanos(
                                              self.now)}))
            self.test.assertEqual(status, 200, answer)

    # --- reports ---

    def request(self, path, token, body):
        """POSTs text; returns (status, answer)."""
        self.line.request("POST", path, body, {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json"})
        answer = self.line.getresponse()
        return answer.status, json.loads(answer.read())

    def post(self, source, body):
        """Sends the text of a report; returns (status, answer)."""
        return self.request("/v1/reports", self.tokens[source], body)

    def send(self, source, samples, report_id=None):
        """Sends a report of samples, which the books take, too; fails if
        the answers differ. Returns (status, answer)."""
        report_id = report_id or new_uuid()
        # Sent again, it is the same to the byte.
        told = json.dumps([s.as_json() for s in samples])
        body = self.sent.setdefault((source, report_id, told), json.dumps({
            "report_id": report_id, "sent_at": rfc3339_nanos(self.now),
            "volumes": [s.as_json() for s in samples]}).encode())
        status, answer = self.post(source, body)
        due = self.books.take(source, report_id, samples, self.now)
        got = (status, {name: answer.get(name) for name in due[1]})
        if got != due:
            self.test.fail(f"report {source} {report_id}: {answer}\n"
                           f"but due is {due}")
        return status, answer

    def rows(self, volume):
        return self.query(
            "SELECT count(*) FROM sample JOIN volume"
            " ON volume.id = sample.volume WHERE volume_id = ?",
            bytes.fromhex(volume.replace("-", "")))[0][0]

    def query(self, text, *values):
        """Rows of the program's database."""
        names = [n for n in os.listdir(self.server.db)
                 if n.endswith((".db", ".sqlite"))]
        self.test.assertEqual(len(names), 1, os.listdir(self.server.db))
        with contextlib.closing(sqlite3.connect(
                f"file:{os.path.join(self.server.db, names[0])}?mode=ro",
                uri=True)) as db:
            return db.execute(text, values).fetchall()

    # --- closing ---

    def look(self):
        """Waits until the program has closed, and noted as held, what the
        books say is due, and compares each document. Returns [(account,
        period)]."""
        found = []
        while True:
            due = self.books.all_due(self.now // NANOS)
            if not due:
                break
            self.wait_closed({due[:2] for due in due})
            pages = {period: {got["account"]: got
                              for got in self.bills(period)}
                     for period in {period for _, period, _ in due}}
            for account, period, known in due:
                self.close_books(account, period, known,
                                 pages[period][account])
                found.append((account, period))
        self.wait_noted(set(self.books.noted))
        self.books.noted.clear()
        self.test.assertEqual(self.books.gaps(), [])
        return found

    def close_due(self):
        self.server.ok("close", "due", *self.clock_flags(None))
        return self.look()

    def wait_closed(self, periods, timeout=60):
        wait_until(lambda: periods <= set(self.query(
            "SELECT name, invoice.period FROM invoice"
            " JOIN account ON account.id = invoice.account")),
            f"closed: {periods}", timeout)

    def wait_noted(self, notes):
        wait_until(lambda: notes <= set(self.query(
            "SELECT name, period_check.period, state FROM period_check"
            " JOIN account ON account.id = period_check.account"
            " WHERE checked_at = ?", self.seconds())),
            f"noted: {notes}", 60)

    def close_books(self, account, period, known=None, got=None):
        got = got or self.bill(account, period)
        bill = self.books.close(account, period, self.now // NANOS,
                                got["number"], known, self.names_of(
                                    got, ALL if known is None else known))
        self.fail_if(got, differing(got, bill))
        return got

    def close_by_hand(self, account, period, reason="it is right"):
        status, answer = self.request(
            f"/v1/periods/{period}/close", self.operator, json.dumps({
                "account": account, "accept_estimated": True,
                "reason": reason}))
        self.test.assertEqual(status, 200, answer)
        return self.close_books(account, period)

    # --- quarantine ---

    def release(self, item, reason="it is right"):
        done = super().release(item, reason)
        answer = self.settle(item, "release", reason)
        self.test.assertEqual({name: answer.get(name) for name in done},
                              done, item)
        return done

    def discard(self, item, reason="it is wrong"):
        super().discard(item, reason)
        self.settle(item, "discard", reason)

    def settle(self, item, what, reason):
        status, answer = self.request(
            f"/v1/quarantine/{item.id}/{what}", self.operator,
            json.dumps({"reason": reason}))
        self.test.assertEqual(status, 200, answer)
        self.test.assertEqual(
            (answer["volume_id"], answer["state"], answer["reason"]),
            (item.sample.volume, item.state, item.reason))
        return answer

    # --- bills ---

    def bill(self, account, period, now=None):
        """The program's bill as known at now (the server's, unless given)."""
        text = self.server.ok(
            "report", "--period", period, "--account", account,
            "--format", "json", *self.clock_flags(now))
        got = json.loads(text)
        self.freeze(got, text)
        return got

    def focus(self, account, period):
        """As the program writes them; their costs must be as reckoned."""
        text = self.server.ok(
            "report", "--period", period, "--account", account,
            "--format", "focus", *self.clock_flags(None))
        rows = focus.parse(text)[1]
        self.test.assertEqual(
            [{name: row[name] for name in focus.RECKONED} for row in rows],
            super().focus(account, period))
        return rows

    def bills(self, period, now=None):
        """All accounts' bills."""
        found = json.loads(self.server.ok(
            "report", "--period", period, "--format", "json",
            *self.clock_flags(now)))
        for got in found:
            self.freeze(got, json.dumps(got))
        return found

    def freeze(self, got, text):
        """What is closed stays as it is."""
        if got["state"] == "closed":
            key = (got["account"], got["period"])
            # Of one account the bytes count, of all of them the members.
            text = json.dumps(json.loads(text))
            self.test.assertEqual(text, self.frozen.setdefault(key, text))

    def clock_flags(self, now):
        return ("--mockTime", "--mockRate", "0", "--mockStart",
                rfc3339_nanos(self.now if now is None else nanos(now)))

    def names_of(self, got, upto=ALL):
        """Settles the names that the rules leave open, as got has them. What
        was named after all that got rests on may have no name in it; nor may
        what several accounts have samples of, unless it had but one when got
        was closed."""
        known = {(line["volume_id"], line.get("month", got["period"])):
                 line["name"] for line in got["lines"]}
        known.update({(c["volume_id"], c["corrects"]): c["name"]
                      for c in got["corrections"]})

        def name_of(volume, month):
            name = known.get((volume, month), "")
            names = self.books.names.get(volume, {"": 0})
            if len(self.books.tracks[volume].accounts) > 1 and (
                    not name or got["state"] != "closed"):
                return ""
            if not name and (min(names.values()) > upto or any(
                    item.sample.volume == volume and item.sample.account
                    not in self.books.tracks[volume].accounts
                    for item in self.books.quarantine)):
                return name  # nor what another account's was set aside of
            return name if name in names else f"one of {list(names)}"

        return name_of

    def due(self, got, now=None):
        """The books' bill of the same account and period as got."""
        at = self.now if now is None else nanos(now)
        return self.books.bill(got["account"], got["period"], at // NANOS,
                               self.names_of(got))

    def differences(self, got, now=None):
        """What the program's bill says, and what it should; [] if all is
        well."""
        return differing(got, self.due(got, now))

    def fail_if(self, got, found):
        if found:
            payer = self.books.payers[got["account"]]
            self.test.fail("\n".join(
                [f"bill of {got['account']} for {got['period']} at "
                 f"{rfc3339_nanos(self.now)}; {payer.options()} "
                 f"{payer.rates}"] + found[:12]))

    def check(self, account, period, now=None):
        """Returns the program's bill after comparing it with the books'."""
        got = self.bill(account, period, now)
        self.fail_if(got, self.differences(got, now))
        self.add_up(got)
        return got

    def check_all(self, period, now=None):
        """Returns all accounts' bills after comparing them."""
        found = self.bills(period, now)
        for got in found:
            self.fail_if(got, self.differences(got, now))
            self.add_up(got)
        return found

    def verify(self):
        """The program's own check of its database finds nothing."""
        self.server.ok("verify", timeout=300)

    def explain(self, bill, line):
        told = json.loads(self.server.ok(
            "explain", bill["number"], str(line), "--output", "json",
            *self.clock_flags(None)))
        due = (bill["lines"] + bill["corrections"])[line - 1]
        self.test.assertEqual(
            (told["account"], told["period"], told["volume_id"]),
            (bill["account"], bill["period"], due["volume_id"]))

    def add_up(self, got):
        """Lines and corrections add up to the document."""
        if got["total"] is not None:
            self.test.assertEqual(
                sum(fraction(line["amount"] or "0")
                    for line in got["lines"] + got["corrections"]),
                fraction(got["total"]))


def differing(got, due):
    """[] if two bills are alike; got may have more members."""
    found = [f"{name}: {got.get(name)!r}, due {due[name]!r}"
             for name in due
             if name not in ("lines", "corrections")
             and got.get(name) != due[name]]
    for part in ("lines", "corrections"):
        for i in range(max(len(got[part]), len(due[part]))):
            mine = got[part][i] if i < len(got[part]) else {}
            want = due[part][i] if i < len(due[part]) else {}
            found += [f"{part} {i}, {name}: {mine.get(name)!r}, "
                      f"due {want.get(name)!r} ({want or mine})"
                      for name in sorted({*mine, *want})
                      if mine.get(name) != want.get(name)]
    return found


def every(volume, account, byte_count, first, until, step=3600, **members):
    """Samples at every step from first, inclusive, to until, exclusive."""
    return [Sample(volume, at, byte_count, account, **members)
            for at in range(nanos(first), nanos(until), step * NANOS)]
