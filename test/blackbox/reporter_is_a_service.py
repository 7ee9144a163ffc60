"""The units of contrib/report-usage: systemd finds nothing wrong with them,
and each hour has a run."""

import os
import subprocess

import support
from support import manual

NAMES = ["flexfs-report-usage.service", "flexfs-report-usage.timer"]


class ReporterIsAService(support.TestCase):
    def setUp(self):
        self.place = support.make_install()
        self.addCleanup(support.remove_tree, self.place)
        self.units = os.path.join(self.place, "lib/systemd/system")

    def read(self, name):
        with open(os.path.join(self.units, name), encoding="utf-8") as f:
            return f.read()

    def values(self, name, setting):
        return [line.partition("=")[2] for line in self.read(name).split("\n")
                if line.partition("=")[0] == setting]

    def test_systemd_finds_nothing_wrong_with_them(self):
        # It looks for the program of the unit on this very machine.
        program = "/usr/sbin/flexfs-report-usage"
        path = os.path.join(self.units, NAMES[0])
        text = self.read(NAMES[0])
        self.assertIn(f"ExecStart={program}\n", text)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text.replace(program, self.place + program))
        done = subprocess.run(
            ["systemd-analyze", "--no-pager", "verify", "--man=no",
             *(os.path.join(self.units, name) for name in NAMES)],
            capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout, done.stderr),
                         (0, "", ""))

    def test_each_hour_has_a_run(self):
        """However late it is started, it is within the hour that it is
        for."""
        self.assertEqual(self.values(NAMES[1], "OnCalendar"), ["hourly"])
        self.assertEqual(self.values(NAMES[1], "RandomizedDelaySec"),
                         ["10min"])
        self.assertEqual(self.values(NAMES[1], "Persistent"), ["yes"])
        # What a person has to look at is not started over and over.
        self.assertEqual(self.values(NAMES[0], "SuccessExitStatus"), ["3"])
        self.assertEqual(self.values(NAMES[0], "RestartPreventExitStatus"),
                         ["2 4"])

    def test_it_is_the_script_of_the_tree(self):
        with open(os.path.join(self.place, "usr/sbin/flexfs-report-usage"),
                  encoding="utf-8") as f:
            self.assertEqual(f.read(), manual.read("contrib/report-usage"))


if __name__ == "__main__":
    support.main()
