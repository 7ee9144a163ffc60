#!/usr/bin/python3
"""Pictures are measured: bars are as high as the figures behind them, nothing
leaves the picture, nothing is written over something else.

The unit test draws its cases as SVG, PNG and CSV; this reads them back with
parsers that know nothing of our code.
"""

import csv
import io
import os
import re
import shutil
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree
from fractions import Fraction

import support
from support.png import Png

PROGRAM = os.environ.get("STAT_BINARY", "build/stat.flexfs")
UNITS = os.path.join(os.path.dirname(PROGRAM), "test", "unit")
SVG = "{http://www.w3.org/2000/svg}"
USAGE = ["one", "twelve", "many", "names", "hostile", "nothing", "nobody",
         "day", "quarter", "year", "gaps", "huge", "tiny"]
COST = ["year", "over", "single", "nothing", "unrated", "credit", "yen",
        "dinar", "thousands", "huge"]
GRID = {"#e1e5e8", "#7b868f"}
ALERT = "#b3261e"
UNITS_OF = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40,
            "PiB": 2**50, "EiB": 2**60}
POWERS = {"thousands of": 3, "millions of": 6}
SUPERSCRIPT = str.maketrans("\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076"
                            "\u2077\u2078\u2079", "0123456789")
TITLE = re.compile(r"(\d{4}-\d\d-\d\d) (.*): (\S+) (\w+)(, estimated)?$",
                   re.DOTALL)
# Half a pixel of each piece is left out, so that pieces are told apart.
TOLERANCE = 0.7


class Picture:
    """An SVG with what a reader sees in it."""

    def __init__(self, data):
        self.root = ElementTree.fromstring(data)
        self.width = float(self.root.get("width"))
        self.height = float(self.root.get("height"))
        self.texts = self.root.findall(f"{SVG}text")
        self.words = [t.text or "" for t in self.texts]
        self.rects = self.root.findall(f"{SVG}rect")
        self.bars = [r for r in self.rects if r.find(f"{SVG}title") is not None]
        self.lines = sorted(
            float(re.match(r"M\S+ (\S+?)L", p.get("d")).group(1))
            for p in self.root.findall(f"{SVG}path")
            if p.get("stroke") in GRID)
        labels = [t for t in self.texts if t.get("text-anchor") == "end"]
        labels.sort(key=lambda t: float(t.get("y")))
        self.labels = [Fraction(t.text) for t in labels]

    def value(self, y):
        """What a y stands for, in the axis's unit."""
        top, low = self.lines[0], self.lines[-1]
        part = Fraction(low - y) / Fraction(low - top)
        return self.labels[-1] + part * (self.labels[0] - self.labels[-1])

    def pixel(self):
        return abs(self.value(0) - self.value(1))

    @staticmethod
    def box(rect):
        return [float(rect.get(n)) for n in ("x", "y", "width", "height")]


class PicturesShowEveryFigure(support.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.out = tempfile.mkdtemp(prefix="charts-")
        cls.addClassCleanup(shutil.rmtree, cls.out)
        path = os.path.join(UNITS, "chart_test")
        if not os.path.exists(path):
            raise unittest.SkipTest("chart_test is not built")
        done = subprocess.run([path], env=dict(os.environ, CASES_OUT=cls.out),
                              capture_output=True, check=False)
        if done.returncode != 0:
            raise AssertionError((done.stdout + done.stderr).decode())

    def raw(self, name):
        with open(os.path.join(self.out, name), "rb") as f:
            return f.read()

    def picture(self, name):
        return Picture(self.raw(name + ".svg"))

    def rows(self, name):
        return list(csv.reader(io.StringIO(
            self.raw(name + ".csv").decode(), newline=""), strict=True))

    def test_a_picture_says_in_words_what_it_shows(self):
        for name in [f"usage-{n}" for n in USAGE] + [f"cost-{n}" for n in COST]:
            shown = self.picture(name).root.get("aria-label")
            self.assertEqual(shown, self.raw(name + ".txt").decode(), name)

    def test_days_are_as_high_as_what_was_stored(self):
        for name in USAGE:
            with self.subTest(case=name):
                picture = self.picture("usage-" + name)
                unit = UNITS_OF[re.match(r"\w+", picture.words[1]).group(0)]
                tops, seen = {}, set()
                for bar in picture.bars:
                    day, _, value, of, _ = TITLE.match(
                        bar.find(f"{SVG}title").text).groups()
                    _, y, _, height = picture.box(bar)
                    tops[day] = min(y, tops.get(day, y))
                    seen.add(day)
                    got = picture.pixel() * Fraction(height) * unit
                    want = Fraction(value) * UNITS_OF[of]
                    self.assertLess(
                        abs(got - want),
                        picture.pixel() * Fraction(TOLERANCE) * unit
                        + want / 100)
                for day, total, *_ in self.rows("usage-" + name)[1:]:
                    want = Fraction(total) * 2**30 / unit
                    if want == 0:
                        self.assertNotIn(day, seen)
                        continue
                    if day not in seen and want < picture.pixel():
                        continue
                    # The table's last digit is about a byte.
                    self.assertLess(abs(picture.value(tops[day]) - want),
                                    picture.pixel() * Fraction(TOLERANCE)
                                    + Fraction(1) / unit, day)

    def test_what_is_estimated_is_hatched_and_what_is_missing_is_marked(self):
        for name in USAGE:
            with self.subTest(case=name):
                picture = self.picture("usage-" + name)
                rows = self.rows("usage-" + name)[1:]
                hatched = [b for b in picture.bars
                           if b.find(f"{SVG}title").text.endswith(
                               ", estimated")]
                days = {b.find(f"{SVG}title").text[:10] for b in hatched}
                self.assertEqual(
                    days, {r[0] for r in rows if Fraction(r[2]) > 0})
                self.assertTrue(all(b.get("fill") == "#ffffff"
                                    for b in hatched))
                self.assertEqual("estimated" in picture.words, bool(days))
                marks = [r for r in picture.rects if r.get("fill") == ALERT]
                missing = sum(int(r[3]) > 0 for r in rows)
                self.assertEqual(len(marks), missing + (missing > 0))
                self.assertEqual("hours are missing" in picture.words,
                                 missing > 0)

    def test_every_series_is_in_the_legend_with_its_colour(self):
        for name in USAGE:
            with self.subTest(case=name):
                picture = self.picture("usage-" + name)
                series = self.rows("usage-" + name)[0][4:]
                self.assertLessEqual(len(series), 8)
                colors = [r.get("fill") for r in picture.rects
                          if r.get("width") == "11" and r.get("height") == "11"
                          and r.get("fill") not in ("none", "#ffffff")]
                self.assertEqual(len(colors), len(series))
                self.assertEqual(len(set(colors)), len(series))
                if name not in ("hostile",):
                    for one in series:
                        self.assertIn(one, picture.words)
                drawn = {b.get("fill") for b in picture.bars}
                self.assertLessEqual(drawn - {"#ffffff"}, set(colors))

    def cost_scale(self, picture, currency):
        said = picture.words[1].split(",")[0].replace(currency, "").strip()
        if said == "":
            return 1
        if said in POWERS:
            return 10**POWERS[said]
        return 10**int(said.removeprefix("\u00d7 10").translate(SUPERSCRIPT))

    def test_months_are_as_high_as_what_they_cost(self):
        for name in COST:
            with self.subTest(case=name):
                picture = self.picture("cost-" + name)
                rows = self.rows("cost-" + name)[1:]
                scale = self.cost_scale(picture, rows[0][1])
                bars = {b.find(f"{SVG}title").text[:7]: b
                        for b in picture.bars}
                outlined = [r for r in picture.rects
                            if r.get("stroke-dasharray")
                            and r.get("height") != "9.5"]
                zero = picture.lines[
                    picture.labels.index(Fraction(0))]
                for month, currency, cost, forecast in rows:
                    if cost == "":
                        self.assertNotIn(month, bars)
                        continue
                    want = Fraction(cost) / scale
                    if month not in bars:
                        self.assertLess(abs(want), picture.pixel())
                        continue
                    title = bars[month].find(f"{SVG}title").text
                    self.assertIn(f"{month}: {currency} {cost}", title)
                    _, y, _, height = picture.box(bars[month])
                    end = y if want > 0 else y + height
                    self.assertAlmostEqual(
                        y + height if want > 0 else y, zero, 1)
                    self.assertLess(abs(picture.value(end) - want),
                                    picture.pixel() * Fraction(TOLERANCE))
                    if forecast and Fraction(forecast) > 0:
                        self.assertIn(f"forecast {forecast}", title)
                        _, y, _, _ = picture.box(outlined[0])
                        self.assertLess(
                            abs(picture.value(y - 0.75)
                                - Fraction(forecast) / scale),
                            picture.pixel() * Fraction(TOLERANCE))

    def test_every_month_has_its_value_above_it(self):
        for name in COST:
            picture = self.picture("cost-" + name)
            rows = self.rows("cost-" + name)[1:]
            scale = self.cost_scale(picture, rows[0][1])
            values = [t.text for t in picture.texts
                      if t.get("text-anchor") == "middle"
                      and re.match(r"-?[0-9.]+$", t.text)
                      and t.get("fill") == "#1c2024"]
            want = [Fraction(r[3] or r[2]) / scale for r in rows if r[2]]
            self.assertEqual(len(values), len(want), name)
            for got, due in zip(values, want):
                decimals = len(got.partition(".")[2])
                self.assertLessEqual(abs(Fraction(got) - due),
                                     Fraction(1, 2 * 10**decimals), name)

    def test_text_stays_inside_and_apart(self):
        for name in [f"usage-{n}" for n in USAGE] + [f"cost-{n}" for n in COST]:
            picture = self.picture(name)
            lines = {}
            for text in picture.texts:
                size = float(text.get("font-size"))
                # DejaVu's letters are 0.6 wide on average, digits 0.64.
                width = 0.62 * size * len(text.text or "")
                x = float(text.get("x"))
                x -= {"middle": width / 2, "end": width}.get(
                    text.get("text-anchor"), 0)
                y = float(text.get("y"))
                self.assertGreaterEqual(x, 4, (name, text.text))
                self.assertLessEqual(y, picture.height - 8, (name, text.text))
                self.assertGreaterEqual(y - size, 8, (name, text.text))
                if text.text and text.text.isascii() and "W" not in text.text:
                    self.assertLessEqual(x + width, picture.width + 4,
                                         (name, text.text))
                    lines.setdefault(y, []).append((x, x + width, text.text))
            for line in lines.values():
                line.sort()
                for (_, end, one), (begin, _, other) in zip(line, line[1:]):
                    self.assertLess(end, begin + 4, (name, one, other))

    def test_names_from_outside_are_harmless(self):
        raw = self.raw("usage-hostile.svg").decode()
        self.assertNotRegex(raw, "[\u0000-\u0009\u000b-\u001f\u202a-\u202e]")
        self.assertNotIn("<script", raw)
        elements = {e.tag for e in self.picture("usage-hostile").root.iter()}
        self.assertEqual(elements, {SVG + n for n in (
            "svg", "rect", "path", "text", "title")})
        for name in ("one", "hostile"):
            for element in self.picture("usage-" + name).root.iter():
                self.assertFalse(
                    [a for a in element.attrib
                     if a.startswith("on") or "href" in a
                     or a in ("style", "id", "class")])

    def test_a_png_is_the_same_picture_in_twice_the_pixels(self):
        for name in ("usage-gaps", "cost-year"):
            svg, png = self.picture(name), Png(self.raw(name + ".png"))
            self.assertEqual((png.width, png.height),
                             (2 * svg.width, 2 * svg.height))
            colors = png.colors()
            everything = png.width * png.height
            self.assertGreater(colors[0xffffff], everything * 0.3)
            self.assertLess(colors[0xffffff], everything * 0.95)
            for bar in svg.bars:
                fill = int(bar.get("fill")[1:], 16)
                self.assertGreater(colors.get(fill, 0), 20, name)
            # The middle of each solid bar has its colour.
            for bar in svg.bars:
                x, y, width, height = svg.box(bar)
                if bar.get("fill") == "#ffffff" or height < 3:
                    continue
                # The outline of a forecast runs along the edges only.
                at = 3 * int(2 * (x + width / 2))
                row = png.rows[int(2 * (y + height / 2))]
                self.assertEqual("#" + row[at:at + 3].hex(), bar.get("fill"))


if __name__ == "__main__":
    support.main()
