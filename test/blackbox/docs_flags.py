"""The manual names every command and flag with its default, and no other;
what the public documentation of the server promises is there to the letter."""

import collections
import re
import subprocess

import support
from support import manual
from support.documented import DOCUMENTED

PAGE = "stat.flexfs.8"

Flag = collections.namedtuple("Flag", "default hidden required")

def run(*words):
    return subprocess.run(support.binary() + list(words), check=True,
                          stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=20).stdout


def listed():
    """{command: {flag: (type, default, hidden)}} of the program."""
    commands = {}
    for line in run("help", "--flags").splitlines():
        command, flag, kind, default, who = line.split("\t")
        flags = commands.setdefault(command, {})
        if flag != "-":
            flags[flag] = (kind, default, who == "hidden")
    return commands


def required_in_help(command):
    text = run(*command.split(), "--help").split("\nSettings of")[0]
    return {match.group(1) for match in re.finditer(
        r"--(\w+) [^\n]*\n(?:(?! +-)[^\n]*\n)*?[^\n]*\(required\)", text)}


def read_item(item):
    """(name, Flag) of an item of the manual."""
    name = item.head.split("Fl Fl ")[1].split()[0]
    text = item.text()
    default = ""
    for line, following in zip(item.lines, item.lines[1:] + [""]):
        if line.startswith("Default: ("):
            default = re.match(r"Default: (\([^)]*\))", line).group(1)
        elif line == "Default:":
            default = re.fullmatch(r"\.Ql (.*) \.", following).group(1)
    return name, Flag(default, re.search(r"\bHidden\b", text) is not None,
                      "Required." in item.lines)


def also(lines):
    """The flags behind `Also:`."""
    names = []
    for line in lines[lines.index("Also:") + 1:] if "Also:" in lines else []:
        names.append(re.fullmatch(r"\.Fl Fl (\w+) [,.]", line).group(1))
        if line.endswith("."):
            break
    return names


def described():
    """{command: {flag: Flag}} of the manual."""
    common = dict(map(read_item, manual.section(
        PAGE, "DESCRIPTION", "Common flags").items))
    commands = {}
    for page in manual.pages("8"):
        for section in manual.page(page):
            if section.name != "COMMANDS" or not section.sub:
                continue
            flags = dict(map(read_item, section.items))
            for name in also(section.lines):
                assert name not in flags, (section.sub, name)
                flags[name] = common[name]
            command = re.split(r" (?:Ar|Op)\b", section.sub)[0]
            assert command not in commands, command
            commands[command] = flags
    return commands


class DocsFlags(support.TestCase):
    def test_the_manual_has_every_command_and_no_other(self):
        self.assertEqual(sorted(described()), sorted(listed()))

    def test_the_manual_has_every_flag_and_no_other(self):
        manuals = described()
        for command, flags in listed().items():
            with self.subTest(command=command):
                self.assertEqual(sorted(manuals[command]), sorted(flags))

    def test_the_manual_has_every_default(self):
        manuals = described()
        for command, flags in listed().items():
            for name, (kind, default, _) in flags.items():
                if kind == "bool" and default == "false":
                    default = ""  # goes without saying
                with self.subTest(command=command, flag=name):
                    self.assertEqual(manuals[command][name].default, default)

    def test_the_manual_marks_what_is_hidden(self):
        manuals = described()
        for command, flags in listed().items():
            for name, (_, _, hidden) in flags.items():
                with self.subTest(command=command, flag=name):
                    self.assertEqual(manuals[command][name].hidden, hidden)

    def test_the_manual_marks_what_is_required(self):
        for command, flags in described().items():
            with self.subTest(command=command):
                self.assertEqual(
                    {name for name, flag in flags.items() if flag.required},
                    required_in_help(command))

    def test_flags_named_elsewhere_exist(self):
        known = {name for flags in listed().values() for name in flags}
        known |= {"help", "flag"}  # --flag is an example
        curls = {"retry", "retry-all-errors", "fail-with-body", "cacert",
                 "data-binary", "pinnedpubkey"}
        # Those of the script, which has a test of its own.
        known |= {"at", "listFile", "sendOnly"}
        pprofs = {"text", "seconds"}
        for page in manual.pages():
            text = manual.read(f"man/{page}")
            named = set(re.findall(r"Fl Fl ([\w-]+)", text))
            named |= set(re.findall(r"(?<![\w-])--([a-zA-Z][\w-]*)", text))
            with self.subTest(page=page):
                self.assertEqual(named - known - curls - pprofs, set())

    def test_the_program_has_what_is_documented(self):
        commands = listed()
        for command, rows in DOCUMENTED.items():
            for name, *rest in rows:
                with self.subTest(command=command, flag=name):
                    self.assertEqual(commands[command].get(name), tuple(rest))

    def test_verbose_has_its_letter(self):
        self.assertIn("-v, --verbose", run("start", "--help"))


if __name__ == "__main__":
    support.main()
