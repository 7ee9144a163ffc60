"""What README names is there: files, goals of make, verbs."""

import glob
import os
import re
import subprocess

import support
from support import manual


class DocsReadme(support.TestCase):
    def test_files_and_folders_exist(self):
        named = re.findall(r"(?:\./)?\b((?:src|lib|test|contrib|man)/[\w./*-]*)",
                           manual.read("README"))
        self.assertGreater(len(named), 20)
        for path in named:
            with self.subTest(path=path):
                self.assertTrue(glob.glob(os.path.join(manual.TOP, path)))

    def test_every_page_of_the_manual_is_named(self):
        text = manual.read("README")
        for path in glob.glob(os.path.join(manual.TOP, "man", "*.[1-9]")):
            self.assertIn(f"man ./man/{os.path.basename(path)} ", text)

    def test_goals_of_make_exist(self):
        makefile = manual.read("Makefile")
        phony = set(re.search(r"\.PHONY: ((?:[^\n]*\\\n)*[^\n]*)",
                              makefile).group(1).split())
        for goal in re.findall(r"\bmake ([a-z]+)\b", manual.read("README")):
            with self.subTest(goal=goal):
                self.assertIn(goal, phony)

    def test_commands_are_understood(self):
        lines = re.findall(r"^ +stat\.flexfs (.*)$", manual.read("README"),
                           re.MULTILINE)
        self.assertGreater(len(lines), 3)
        for line in lines:
            with self.subTest(line=line):
                done = subprocess.run(
                    support.binary() + line.split() + ["--help"], check=False,
                    stdin=subprocess.DEVNULL, capture_output=True, timeout=20)
                self.assertEqual((done.returncode, done.stderr), (0, b""))


if __name__ == "__main__":
    support.main()
