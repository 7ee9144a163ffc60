"""Exact money, reckoned here a second time and in another way.

All figures are fractions; nothing in this file is a floating point number.
"""

import calendar
import datetime
import functools
from fractions import Fraction

GIB = 2**30
HOUR_SECS = 3600
NANOS = 10**9
HOUR_NANOS = HOUR_SECS * NANOS

# Decimals of the currencies that tests use (ISO 4217).
CURRENCY_DIGITS = {"USD": 2, "EUR": 2, "JPY": 0, "KWD": 3, "CLF": 4}

MAX_FUTURE_NANOS = 300 * NANOS
MAX_AGE_NANOS = 35 * 86400 * NANOS


@functools.lru_cache(maxsize=None)
def fraction(text):
    """'380.0163' exactly. Takes text and integers, never a float."""
    if isinstance(text, float):
        raise TypeError("money is never a float")
    return Fraction(text)


def round_to(value, digits=2, mode="half_up"):
    """Rounds to so many digits: half_up (away from zero) or half_even."""
    scaled = abs(value) * 10**digits
    whole, rest = divmod(scaled.numerator, scaled.denominator)
    twice = Fraction(2 * rest, scaled.denominator)
    if twice > 1 or (twice == 1 and (mode == "half_up" or whole % 2 == 1)):
        whole += 1
    rounded = Fraction(whole, 10**digits)
    return -rounded if value < 0 else rounded


def decimal(value, digits=2):
    """Text with exactly so many digits; value must not need more."""
    scaled = value * 10**digits
    if scaled.denominator != 1:
        raise ValueError(f"{value} has more than {digits} digits")
    sign = "-" if scaled < 0 else ""
    text = str(abs(scaled.numerator)).rjust(digits + 1, "0")
    return sign + (f"{text[:-digits]}.{text[-digits:]}" if digits else text)


@functools.lru_cache(maxsize=None)
def month_start(month):
    """Unix seconds of a month's beginning: '2026-10'."""
    when = datetime.datetime.strptime(month, "%Y-%m")
    return int(when.replace(tzinfo=datetime.timezone.utc).timestamp())


@functools.lru_cache(maxsize=None)
def hours_in_month(month):
    year, number = map(int, month.split("-"))
    return 24 * calendar.monthrange(year, number)[1]


def months_of(period):
    """The months of a period: '2026-10' is one, '2026-Q4' three."""
    if "Q" not in period:
        return [period]
    year, quarter = period.split("-Q")
    return [f"{year}-{3 * int(quarter) - 2 + i:02}" for i in range(3)]


def exact_text(value, digits=30):
    """As many digits as it needs, at most so many; the last one rounded."""
    text = decimal(round_to(value, digits), digits)
    return text.rstrip("0").rstrip(".")


def month_cost(byte_hours, rate, month):
    """What so many byte-hours of one month cost at rate per GiB-month."""
    return (Fraction(byte_hours) / GIB * fraction(rate)
            / hours_in_month(month))


def largest_remainder(parts, total, digits=2):
    """Splits total (already rounded) over exact parts: each gets its floor,
    what is left goes to the largest remainders, ties to the earlier. Where
    more is left than there are parts, or less than nothing, all get as much
    first."""
    unit = Fraction(1, 10**digits)
    floors = [part // unit * unit for part in parts]
    if not parts:
        return floors
    each, left = divmod(int((total - sum(floors)) / unit), len(parts))
    shares = [floor + each * unit for floor in floors]
    order = sorted(range(len(parts)),
                   key=lambda i: (floors[i] - parts[i], i))
    for i in order[:left]:
        shares[i] += unit
    return shares


# --- periods -----------------------------------------------------------------

def period_of(at, kind="month"):
    """The month or quarter that an instant (unix seconds) lies in."""
    when = datetime.datetime.fromtimestamp(at, datetime.timezone.utc)
    if kind == "quarter":
        return f"{when.year:04}-Q{(when.month + 2) // 3}"
    return f"{when.year:04}-{when.month:02}"


def period_bounds(period):
    """(first, behind the last) of its instants, in unix seconds."""
    months = months_of(period)
    return (month_start(months[0]),
            month_start(months[-1]) + hours_in_month(months[-1]) * HOUR_SECS)


def next_period(period):
    """The month behind a month, the quarter behind a quarter."""
    return period_of(period_bounds(period)[1],
                     "quarter" if "Q" in period else "month")


def date_text(at):
    """'2026-10-01'"""
    when = datetime.datetime.fromtimestamp(at, datetime.timezone.utc)
    return when.strftime("%Y-%m-%d")
