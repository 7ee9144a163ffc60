"""Exact money, reckoned here a second time and in another way.

All figures are fractions; nothing in this file is a floating point number.
"""

import calendar
import datetime
from fractions import Fraction

GIB = 2**30


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


def month_start(month):
    """Unix seconds of a month's beginning: '2026-10'."""
    when = datetime.datetime.strptime(month, "%Y-%m")
    return int(when.replace(tzinfo=datetime.timezone.utc).timestamp())


def hours_in_month(month):
    year, number = map(int, month.split("-"))
    return 24 * calendar.monthrange(year, number)[1]


def month_cost(byte_hours, rate, month):
    """What so many byte-hours of one month cost at rate per GiB-month."""
    return (Fraction(byte_hours) / GIB * fraction(rate)
            / hours_in_month(month))


def largest_remainder(parts, total, digits=2):
    """Splits total (already rounded) over exact parts: each gets its floor,
    what is left goes to the largest remainders, ties to the earlier."""
    unit = Fraction(1, 10**digits)
    floors = [part // unit * unit for part in parts]
    left = int((total - sum(floors)) / unit)
    order = sorted(range(len(parts)),
                   key=lambda i: (floors[i] - parts[i], i))
    for i in order[:left]:
        floors[i] += unit
    return floors
