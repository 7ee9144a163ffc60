"""stat.flexfs-explain(7) names the members of an explanation, and no others."""

import re

import support
from support import manual
from support.desk import every, nanos
from support.explained import Story
from support.money import GIB
from support.usage import Payer, Sample

PAGE = "stat.flexfs-explain.7"


def members(value):
    """The names of all members, at every depth."""
    if isinstance(value, list):
        return set().union(*map(members, value)) if value else set()
    if isinstance(value, dict):
        return set(value).union(*map(members, value.values()))
    return set()


class DocsExplain(support.TestCase):

    def test_members_of_an_explanation_are_the_programs(self):
        payer = Payer("acme", max_carry=8760)
        payer.add_rate("0.5")
        story = Story(self, "2026-10-01T00:00:00Z").open(payer).start()
        volume = support.new_uuid()
        story.clock("2026-10-31T22:30:00Z")
        story.send("acme", *every(volume, "acme", GIB, "2026-10-01T00:00:00Z",
                                  "2026-10-31T22:00:00Z"))
        story.clock("2026-11-03T01:00:00Z")
        story.closed("acme", "2026-10")
        story.send("acme", Sample(
            volume, nanos("2026-10-31T21:30:00Z"), 9000 * GIB, "acme",
            retired_at=support.unix("2026-10-31T21:40:00Z")))
        story.rate("acme", "0.6", "2026-10-31T00:00:00Z")
        usage, = story.check("acme", "2026-10")
        correction = story.check("acme", "2026-11")[-1]
        there = members(usage) | members(correction)
        there |= {"by", "at"}  # of a release; nothing was in quarantine
        text = manual.read(f"man/{PAGE}")
        said = {word for line in re.findall(
            r"^\.(?:It )?Va (.*)$", text, re.MULTILINE)
            for word in re.findall(r"\w+", line)}
        self.assertEqual(said, there)


if __name__ == "__main__":
    support.main()
