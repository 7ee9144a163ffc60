"""stat.flexfs-config(5) names every setting with its default, its limits and
whether it needs a restart, and no other; contrib/config.toml is the sample
that the program prints."""

import collections
import re
import subprocess
import tomllib

import support
from support import manual

PAGE = "stat.flexfs-config.5"
# The tables of the file, and where they are in the manual.
TABLES = {"": "", "limits": "[limits]", "report": "[[report]]"}

Setting = collections.namedtuple("Setting", "kind default limits restart")


def run(*words):
    return subprocess.run(support.binary() + list(words), check=True,
                          stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=20).stdout


def listed():
    """{(table, name): Setting} of the program."""
    found = {}
    for line in run("help", "--settings").splitlines():
        table, name, kind, default, limits, when = line.split("\t")
        assert (table, name) not in found
        found[table, name] = Setting(kind, default, limits,
                                     when == "restart")
    return found


def described():
    """{(table, name): (default, item)} of the manual."""
    found = {}
    for table, sub in TABLES.items():
        for item in manual.section(PAGE, "SETTINGS", sub).items:
            text = item.text().replace(r"\(dq", '"')
            default = re.search(r"Default: (\(.*?\)|\S+(?= \.))", text)
            found[table, item.head.removeprefix("Va ")] = (
                default.group(1), text)
    return found


def opened(sample):
    """The sample with its settings and reports not commented out."""
    return re.sub(r"^#(?=[a-z\[])", "", sample, flags=re.MULTILINE)


class DocsSettings(support.TestCase):
    def test_the_manual_has_every_setting_and_no_other(self):
        self.assertEqual(sorted(described()), sorted(listed()))
        self.assertGreater(len(listed()), 15)

    def test_the_manual_has_every_default(self):
        page = described()
        for key, setting in listed().items():
            with self.subTest(setting=key):
                self.assertEqual(page[key][0], setting.default)

    def test_the_manual_has_every_limit(self):
        page = described()
        for key, setting in listed().items():
            with self.subTest(setting=key):
                self.assertIn(setting.limits, page[key][1])

    def test_the_manual_marks_what_needs_a_restart(self):
        page = described()
        for key, setting in listed().items():
            with self.subTest(setting=key):
                self.assertEqual(re.search(r"\brestart\b", page[key][1])
                                 is not None, setting.restart)

    def test_help_tells_of_every_setting(self):
        text = run("start", "--help")
        for (table, name), setting in listed().items():
            self.assertIn(f"    {name} {setting.kind}\n", text)
            self.assertIn(setting.default, " ".join(text.split()))

    def test_the_sample_is_the_programs(self):
        self.assertEqual(manual.read("contrib/config.toml"),
                         run("start", "--sampleConfig"),
                         "stat.flexfs start --sampleConfig "
                         ">contrib/config.toml")

    def test_the_sample_says_nothing_but_the_defaults(self):
        sample = run("start", "--sampleConfig")
        self.assertEqual(tomllib.loads(sample), {"limits": {}})
        whole = tomllib.loads(opened(sample))
        for (table, name), setting in listed().items():
            if table == "report":
                continue
            value = (whole[table] if table else whole)[name]
            self.assertEqual(tomllib.loads(f"x = {setting.default}")["x"],
                             value)
        shown = re.search(r"\.Bd -literal -offset indent\n(\[\[report.*?)"
                          r"\.Ed", manual.read(f"man/{PAGE}"), re.DOTALL)
        self.assertEqual(tomllib.loads(shown.group(1))["report"],
                         whole["report"])

    def test_examples_of_the_manual_are_good(self):
        text = manual.read(f"man/{PAGE}")
        examples = re.findall(r"\.Bd -literal\n(.*?)\.Ed", text, re.DOTALL)
        settings = [e for e in examples if "[[report]]" in e]
        self.assertTrue(settings)
        for example in settings:
            server = self.server(config=example)
            self.assertEqual(server.ok(
                "start", "--checkConfig", "--noSSL", db=False), "ok\n")


if __name__ == "__main__":
    support.main()
