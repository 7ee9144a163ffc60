"""A FOCUS file against the rules of test/golden/focus-1.2.json.

Every finding is a sentence; a file is right when there are none. All sums and
products are fractions."""

import datetime
import json
import os
import re
from fractions import Fraction

from .money import decimal, round_to

RULES = os.path.join(os.path.dirname(__file__), "../../golden/focus-1.2.json")

COST_DIGITS = 12
DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?")
INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
CURRENCY = re.compile(r"[A-Z]{3}")


def parse_csv(text):
    """Rows of cells, by RFC 4180 and nothing more lenient: lines end in CRLF,
    a cell with a quote, comma or line end is quoted."""
    rows, row, at = [], [], 0
    cell = re.compile(r'"((?:[^"]|"")*)"|([^",\r\n]*)')
    while at < len(text):
        found = cell.match(text, at)
        row.append(found.group(1).replace('""', '"')
                   if found.group(1) is not None else found.group(2))
        at = found.end()
        if text.startswith(",", at):
            at += 1
        elif text.startswith("\r\n", at):
            rows.append(row)
            row, at = [], at + 2
        else:
            raise ValueError(f"no RFC 4180 at {at}: {text[at:at + 40]!r}")
    if row:
        raise ValueError("the last line has no end")
    return rows


def parse(text):
    """(columns, rows): each row {column: text, or None for null}."""
    lines = parse_csv(text)
    columns = lines[0]
    rows = []
    for line in lines[1:]:
        if len(line) != len(columns):
            raise ValueError(f"{len(line)} cells: {line}")
        rows.append({name: cell if cell != "" else None
                     for name, cell in zip(columns, line)})
    return columns, rows


def instant(text):
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")


class Checker:
    """Collects findings."""

    def __init__(self):
        with open(RULES, encoding="utf-8") as f:
            self.rules = json.load(f)
        self.columns = {c["column"]: c for c in self.rules["columns"]}
        self.found = []

    def fail(self, row, what):
        where = "" if row is None else f"row {row}: "
        self.found.append(f"{where}{what}")

    def check(self, text):
        """Findings, [] for a file that is right."""
        self.found = []
        try:
            columns, rows = parse(text)
        except ValueError as e:
            return [str(e)]
        self.check_columns(columns)
        for number, row in enumerate(rows, 1):
            for name, rule in self.columns.items():
                if name in row:
                    self.check_cell(number, name, row[name], rule)
        if not self.found:  # what follows reads cells
            for number, row in enumerate(rows, 1):
                self.check_nulls(number, row)
                self.check_costs(number, row)
                self.check_periods(number, row)
            self.check_pairs(rows)
        return self.found

    def check_columns(self, columns):
        prefix = self.rules["custom_prefix"]
        if len(set(columns)) != len(columns):
            self.fail(None, "a column twice")
        for name in columns:
            if name not in self.columns and not name.startswith(prefix):
                self.fail(None, f"{name} is no column of FOCUS")
        custom = [name.startswith(prefix) for name in columns]
        if custom != sorted(custom):
            self.fail(None, "columns of our own are not the last ones")
        for name, rule in self.columns.items():
            wanted = rule["level"] != "conditional" or \
                rule["present_when"] in self.rules["offered"]
            if wanted and name not in columns:
                self.fail(None, f"{name} is missing")

    def check_cell(self, number, name, cell, rule):
        if cell is None:
            if not rule["nullable"]:
                self.fail(number, f"{name} is null")
            return
        if rule["type"] == "decimal" and not DECIMAL.fullmatch(cell):
            self.fail(number, f"{name} is no decimal: {cell}")
        if rule["type"] == "datetime":
            self.check_instant(number, name, cell)
        if "allowed" in rule and cell not in rule["allowed"]:
            self.fail(number, f"{name} may not be {cell}")
        if rule.get("format") == "currency" and \
                not CURRENCY.fullmatch(cell):
            self.fail(number, f"{name} is no currency: {cell}")
        if rule.get("format") == "unit" and not self.is_unit(cell):
            self.fail(number, f"{name} is no unit: {cell}")
        if rule.get("format") == "key-value":
            self.check_pairs_of(number, name, cell)
        if rule["type"] == "string" and cell != cell.strip():
            self.fail(number, f"{name} has spaces around it")

    def check_instant(self, number, name, cell):
        try:
            if INSTANT.fullmatch(cell) is None:
                raise ValueError
            instant(cell)
        except ValueError:
            self.fail(number, f"{name} is no instant: {cell}")

    def is_unit(self, text):
        """GiB, GiB-Months, Hours."""
        sizes = self.rules["units"]["sizes"]
        times = self.rules["units"]["times"]
        parts = text.split("-")
        last = parts[-1]
        return len(parts) <= 2 and (
            (len(parts) == 1 and last in sizes) or
            (last.endswith("s") and last[:-1] in times and
             all(part in sizes for part in parts[:-1])))

    def check_pairs_of(self, number, name, cell):
        try:
            value = json.loads(cell)
        except ValueError:
            value = None
        if not isinstance(value, dict) or not all(
                isinstance(v, (str, int, bool)) for v in value.values()):
            self.fail(number, f"{name} is no list of keys and values: {cell}")

    @staticmethod
    def applies(row, when):
        return all(row.get(name) in values for name, values in when.items())

    def check_nulls(self, number, row):
        for rule in self.rules["nullability"]:
            name = rule["column"]
            if name in row and self.applies(row, rule["when"]) and \
                    (row[name] is None) != (rule["is"] == "null"):
                self.fail(number, f"{name} must be {rule['is']}")
        for one, other in self.rules["null_together"]:
            if (row.get(one) is None) != (row.get(other) is None):
                self.fail(number, f"{one} without {other}, or without it")
        for one, other in self.rules["null_if"]:
            if row.get(other) is None and row.get(one) is not None:
                self.fail(number, f"{one} without {other}")

    def check_costs(self, number, row):
        for name in self.rules["not_negative"]:
            if row.get(name) is not None and Fraction(row[name]) < 0:
                self.fail(number, f"{name} is below zero")
        for rule in self.rules["products"]:
            factors = [row.get(name) for name in rule["factors"]]
            if None in factors or self.applies(
                    row, self.rules["products_not_when"]):
                continue
            product = Fraction(factors[0]) * Fraction(factors[1])
            if round_to(product, COST_DIGITS) != Fraction(
                    row[rule["product"]]):
                self.fail(number, f"{rule['product']} is not the product of "
                          f"{' and '.join(rule['factors'])}")
        billed = row["BilledCost"]
        rule = self.rules["as_billed"]
        for name, price in zip(rule["columns"], rule["when_null"]):
            if row.get(price) is None and row[name] != billed:
                self.fail(number, f"{name} is not what is billed")
        if row["ChargeCategory"] in self.rules["effective_as_billed"] and \
                row["EffectiveCost"] != billed:
            self.fail(number, "EffectiveCost is not what is billed")
        one, other = self.rules["zero_billed_unless_same"]
        if row[one] != row[other] and Fraction(billed) != 0:
            self.fail(number, f"{other} is another than {one}, and billed")
        if row["ServiceSubcategory"] not in self.rules["subcategories"][
                row["ServiceCategory"]]:
            self.fail(number, "ServiceSubcategory of another category")

    def check_periods(self, number, row):
        billing = [instant(row[f"BillingPeriod{end}"])
                   for end in ("Start", "End")]
        charge = [instant(row[f"ChargePeriod{end}"])
                  for end in ("Start", "End")]
        if billing[0] >= billing[1] or charge[0] >= charge[1]:
            self.fail(number, "a period ends before it begins")
        if row["ChargeClass"] == "Correction":
            if charge[1] > billing[0]:
                self.fail(number, "corrects what was not invoiced before")
        elif charge[0] < billing[0] or charge[1] > billing[1]:
            self.fail(number, "charged outside the billing period")

    def check_pairs(self, rows):
        for one, other in self.rules["one_each"]:
            found = {}
            for row in rows:
                if row.get(one) is not None:
                    found.setdefault(row[one], set()).add(row.get(other))
            for value, others in found.items():
                if len(others) != 1:
                    self.fail(None, f"{one} {value} has several {other}")


def bills(rows):
    """{(account, beginning of the billing period): its rows}."""
    found = {}
    for row in rows:
        found.setdefault((row["BillingAccountId"],
                          row["BillingPeriodStart"]), []).append(row)
    return found


def billed(rows):
    """The sum of BilledCost."""
    return sum((Fraction(row["BilledCost"]) for row in rows), Fraction(0))


RECKONED = ("ChargeCategory", "ChargeClass", "BilledCost")


def reckon(bill):
    """What of the rows of a bill (as report --format json has it) follows
    from the published rules."""
    charges = [("Usage", None, round_to(Fraction(line["exact"]), COST_DIGITS))
               for line in bill["lines"] if line["rate"] is not None]
    charges += [("Usage", "Correction", Fraction(c["amount"]))
                for c in bill["corrections"]]
    if bill["lines"] or bill["corrections"]:
        rest = Fraction(bill["total"]) - sum(cost for *_, cost in charges)
        charges.append(("Adjustment", None, rest))
    return [dict(zip(RECKONED, (category, kind, decimal(cost, COST_DIGITS))))
            for category, kind, cost in charges]
