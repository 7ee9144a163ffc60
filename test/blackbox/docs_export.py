"""stat.flexfs-export(7) names the columns of `export`, and no others."""

import json
import re

import support
from support import focus, manual
from support.desk import every
from support.explained import Story
from support.money import GIB
from support.usage import Payer

PAGE = "stat.flexfs-export.7"


def named(text):
    """What stands behind .Va in a text."""
    return {word for line in re.findall(r"^\.(?:It )?Va (.*)$", text,
                                        re.MULTILINE)
            for word in re.findall(r"\w+", line)}


def part(title):
    """The source of a section."""
    text = manual.read(f"man/{PAGE}")
    return re.search(rf"^\.Sh {title}\n(.*?)^\.Sh ", text,
                     re.MULTILINE | re.DOTALL).group(1)


class DocsExport(support.TestCase):

    def setUp(self):
        payer = Payer("acme")
        payer.add_rate("0.5")
        self.story = Story(self, "2026-10-01T02:00:00Z").open(payer).start()
        self.story.send("acme", *every(
            support.new_uuid(), "acme", GIB, "2026-10-01T00:00:00Z",
            "2026-10-01T02:00:00Z"))

    def export(self, *words):
        return self.story.server.ok(
            "export", "--from", "2026-10-01", "--to", "2026-11-01", *words,
            *self.story.clock_flags())

    def test_columns_of_rows_are_the_programs(self):
        said = named(part("ROWS"))
        columns, members = set(), {"hours"}
        for group in ("account", "volume", "bin"):
            text = self.export("--groupBy", group)
            columns |= set(text.split("\r\n", 1)[0].split(","))
            row = json.loads(self.export("--groupBy", group, "--format",
                                         "json"))[0]
            members |= set(row)
        self.assertEqual(said, columns | {"hours"})
        self.assertEqual(members - columns, {"hours"})

    def test_columns_of_bills_are_the_programs(self):
        columns, _ = focus.parse(self.export("--format", "focus"))
        said = named(part("FOCUS")) - {"No", "issuer"}  # a macro, a setting
        self.assertLessEqual(said, set(columns))
        own = {name for name in columns if name.startswith("x_")}
        self.assertEqual({n for n in said if n.startswith("x_")}, own)


if __name__ == "__main__":
    support.main()
