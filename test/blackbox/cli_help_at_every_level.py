"""--help, help, version and license tell on standard output and end with 0."""

import os
import re
import subprocess

import support


class CliHelpAtEveryLevel(support.TestCase):
    def tell(self, *words):
        done = subprocess.run(
            support.binary() + list(words), stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=20, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""), words)
        return done.stdout

    def rows(self):
        return [line.split("\t")
                for line in self.tell("help", "--flags").splitlines()]

    def test_every_command_and_group_has_help(self):
        commands = {row[0] for row in self.rows()}
        self.assertLessEqual({"init creds", "version", "help"}, commands)
        for command in commands:
            words = command.split()
            text = self.tell(*words, "--help")
            self.assertTrue(
                text.startswith(f"Usage: stat.flexfs {command} "), text)
            self.assertEqual(self.tell(*words, "-h"), text)
            self.assertEqual(self.tell("--help", *words), text)
            self.assertEqual(self.tell("help", *words), text)
            for n in range(len(words)):
                self.assertIn("Commands:", self.tell(*words[:n], "--help"))

    def test_help_shows_public_flags_and_no_hidden_ones(self):
        for command, flag, kind, preset, state in self.rows():
            if flag == "-":
                continue
            text = self.tell(*command.split(), "--help")
            shown = re.search(rf"--{flag}\b", text) is not None
            self.assertEqual(shown, state == "public", (command, flag))
            self.assertIn(kind, ("string", "bool", "int", "duration"))
            if shown and kind != "bool" and preset:
                self.assertIn(preset, " ".join(text.split()))

    def test_every_flag_is_camel_case_and_declared_once(self):
        seen = set()
        for command, flag, *_ in self.rows():
            self.assertRegex(flag, r"^(-|[a-z][A-Za-z0-9]*)$")
            self.assertNotIn((command, flag), seen)
            seen.add((command, flag))

    def test_help_fits_a_terminal(self):
        for command in {row[0] for row in self.rows()}:
            for line in self.tell(*command.split(), "--help").splitlines():
                self.assertLessEqual(len(line), 80, line)

    def test_version_is_one_line(self):
        self.assertRegex(self.tell("version"),
                         r"\Astat\.flexfs \d+\.\d+\.\d+\n\Z")

    def test_license_is_the_file_copying(self):
        top = os.path.join(os.path.dirname(__file__), "../..")
        with open(os.path.join(top, "COPYING"), encoding="utf-8") as f:
            self.assertEqual(self.tell("license"), f.read())


if __name__ == "__main__":
    support.main()
