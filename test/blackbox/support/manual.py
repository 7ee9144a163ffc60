"""The manual's sources and the code's, read for comparison.

A page is a list of sections; each has a name, a subsection ("" for none), the
lines of its own text, and its items (.It): head line and lines.
"""

import glob
import os
import re

from .server import TOP


class Item:
    def __init__(self, head):
        self.head = head
        self.lines = []

    def text(self):
        """Without macros' names and quotes, on one line."""
        return plain(self.lines)


class Section:
    def __init__(self, name, sub=""):
        self.name = name
        self.sub = sub
        self.lines = []
        self.items = []


def plain(lines):
    words = []
    for line in lines:
        if line.startswith("."):
            line = line.split(" ", 1)[1] if " " in line else ""
            line = re.sub(r"(^| )(Fl|Cm|Ar|Va|Li|Ql|Dv|Em|Pa|Ns)(?= |$)",
                          r"\1", line)
        words += line.split()
    return " ".join(words)


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as f:
        return f.read()


def pages(ends="[1-9]"):
    """The names in man/, all or those of a section."""
    found = sorted(os.path.basename(path) for path in
                   glob.glob(os.path.join(TOP, "man", "*." + ends)))
    assert found, ends
    return found


def page(name):
    """The sections of man/NAME."""
    sections = [Section("")]
    item = None
    for line in read(os.path.join("man", name)).splitlines():
        macro, _, rest = line.partition(" ")
        if macro == ".Sh":
            sections.append(Section(rest))
            item = None
        elif macro == ".Ss":
            sections.append(Section(sections[-1].name, rest))
            item = None
        elif macro == ".It":
            item = Item(rest)
            sections[-1].items.append(item)
        elif macro in (".Bl", ".El"):
            item = None
        elif item is not None:
            item.lines.append(line)
        else:
            sections[-1].lines.append(line)
    return sections


def section(name, title, sub=""):
    """The one section of man/NAME; fails when there is none."""
    for one in page(name):
        if one.name == title and (one.sub == sub or sub is None):
            return one
    raise AssertionError(f"{name} has no section {title} {sub}")


def code(path):
    """A source file without its comments."""
    return re.sub(r"/\*.*?\*/", " ", read(path), flags=re.DOTALL)


def constant(path, name):
    """The value of an enumerator or of a plain #define."""
    found = re.search(
        rf"(?:\b{name}\s*=|#define\s+{name})\s+\"?([0-9][0-9 *<]*)",
        code(path))
    if found is None:
        raise AssertionError(f"{path} has no constant {name}")
    # Only digits, blanks, * and << are left.
    return eval(found.group(1), {"__builtins__": {}})  # pylint: disable=W0123
