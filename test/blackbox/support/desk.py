"""A server and the reference books of support.money, kept side by side."""

import http.client
import json

from .money import NANOS, Books, Sample, age_text, rfc3339_nanos
from .report import new_uuid, rfc3339, unix


def nanos(at):
    """Unix nanoseconds of RFC 3339 text, of unix seconds, or of themselves
    (integers from 10^12 on)."""
    if isinstance(at, int):
        return at if at >= 10**12 else at * NANOS
    text, _, part = at.rstrip("Z").partition(".")
    return unix(text + "Z") * NANOS + int(part.ljust(9, "0") or 0)


class Desk:
    """Everything goes to the server and into the books; answers and bills
    must agree.

    The server stands at a pretend instant, which only clock() moves. Reports
    go over one kept connection; bills come from the command line.
    """

    def __init__(self, test, start):
        self.test = test
        self.now = nanos(start)
        self.books = Books()
        self.server = test.server(args=(
            "--mockTime", "--mockStart", rfc3339_nanos(self.now),
            "--mockRate", "0"))
        self.tokens = {}
        self.operator = self.server.create_token("op", "operator")
        self.line = None
        self.sent = {}  # by (source, report id): the report's text

    # --- setting up ---

    def open(self, payer):
        """Makes the account and its rates."""
        self.books.add_payer(payer)
        self.server.create_account(payer.name, **payer.options())
        for age, rows in payer.rates.items():
            for hour, rate in rows:
                self.server.create_rate(
                    payer.name, rate, from_=rfc3339(hour * 3600),
                    max_age=age_text(age))
        return payer

    def source(self, name, *accounts):
        self.tokens[name] = self.server.create_source(name, *accounts)

    # --- life ---

    def start(self):
        self.server.start("--mockStart", rfc3339_nanos(self.now))
        self.connect()

    def connect(self):
        if self.line is not None:
            self.line.close()
        self.line = http.client.HTTPConnection("127.0.0.1", self.server.port,
                                               timeout=30)

    def restart(self, hard=False):
        if hard:
            self.server.kill()
        else:
            self.server.stop()
        self.start()

    def close(self):
        self.line.close()
        self.server.stop()

    def clock(self, at):
        """Moves the server's clock forward."""
        self.now = nanos(at)
        self.server.set_clock(self.operator, rfc3339_nanos(self.now))

    # --- reports ---

    def post(self, source, body):
        """Sends the text of a report; returns (status, answer)."""
        self.line.request(
            "POST", "/v1/reports", body,
            {"Authorization": f"Bearer {self.tokens[source]}",
             "Content-Type": "application/json"})
        answer = self.line.getresponse()
        return answer.status, json.loads(answer.read())

    def send(self, source, samples, report_id=None):
        """Sends a report of samples, which the books take, too; fails if
        the answers differ. Returns (status, answer). A known report_id sends
        the first report of that id again, byte for byte."""
        key = (source, report_id or new_uuid())
        if key not in self.sent:
            self.sent[key] = json.dumps({
                "report_id": key[1], "sent_at": rfc3339_nanos(self.now),
                "volumes": [s.as_json() for s in samples]}).encode()
        status, answer = self.post(source, self.sent[key])
        due = self.books.take(source, key[1], samples, self.now)
        got = (status, {name: answer.get(name) for name in due[1]})
        if got != due:
            self.test.fail(f"report {key}: {answer}\nbut due is {due}")
        return status, answer

    # --- bills ---

    def bill(self, account, period, now=None):
        """The program's bill as known at now (the server's, unless given)."""
        return json.loads(self.server.ok(
            "report", "--period", period, "--account", account,
            "--format", "json", *self.clock_flags(now)))

    def bills(self, period, now=None):
        """All accounts' bills."""
        return json.loads(self.server.ok(
            "report", "--period", period, "--format", "json",
            *self.clock_flags(now)))

    def clock_flags(self, now):
        return ("--mockTime", "--mockRate", "0", "--mockStart",
                rfc3339_nanos(self.now if now is None else nanos(now)))

    def due(self, got, now=None):
        """The books' bill of the same account and period as got, which
        settles the names that the rules leave open."""
        known = {}
        for line in got["lines"]:
            month = line.get("month", got["period"])
            known[line["volume_id"], month] = line["name"]

        def name_of(volume, month):
            name = known.get((volume, month), "")
            names = self.books.names.get(volume, {""})
            return name if name in names else f"one of {names}"

        at = self.now if now is None else nanos(now)
        return self.books.bill(got["account"], got["period"], at // NANOS,
                               name_of)

    def differences(self, got, now=None):
        """What the program's bill says, and what it should; [] if all is
        well."""
        due = self.due(got, now)
        found = [f"{name}: {got.get(name)!r}, due {due[name]!r}"
                 for name in due
                 if name != "lines" and got.get(name) != due[name]]
        for i in range(max(len(got["lines"]), len(due["lines"]))):
            mine = got["lines"][i] if i < len(got["lines"]) else {}
            want = due["lines"][i] if i < len(due["lines"]) else {}
            found += [f"line {i}, {name}: {mine.get(name)!r}, "
                      f"due {want.get(name)!r} ({want or mine})"
                      for name in sorted({*mine, *want})
                      if mine.get(name) != want.get(name)]
        return found

    def check(self, account, period, now=None):
        """Returns the program's bill after comparing it with the books'."""
        got = self.bill(account, period, now)
        found = self.differences(got, now)
        if found:
            self.test.fail("\n".join(
                [f"bill of {account} for {period}:"] + found))
        return got


def every(volume, account, byte_count, first, until, step=3600, **members):
    """Samples at every step from first, inclusive, to until, exclusive."""
    return [Sample(volume, at, byte_count, account, **members)
            for at in range(nanos(first), nanos(until), step * NANOS)]
