"""What stat.flexfs-ledger(8) says about copies is done to the letter: the
nightly copy, the copy before an upgrade, and bringing one back."""

import os
import re
import subprocess

import support
from support import manual
from support.rows import query

PAGE = "stat.flexfs-ledger.8"


def blocks(title):
    """The literal displays of a section, as a shell reads them."""
    section = re.search(rf"\.Sh {title}\n(.*?)\n\.Sh ",
                        manual.read(f"man/{PAGE}"), re.DOTALL).group(1)
    found = re.findall(r"\.Bd -literal -offset indent\n(.*?)\.Ed", section,
                       re.DOTALL)
    return [text.replace(r"\e", "\\") for text in found]


class DocsRestore(support.TestCase):
    def begin(self):
        """A server on the folder that the manual speaks of, with a report."""
        server = self.server()
        server.db = os.path.join(server.home, ".flexfs", "stat")
        server.create_account("acme")
        server.create_rate("acme", "0.03")
        token = server.create_source("admin1", "acme")
        server.start()
        self.send(server, token, 201)
        # The program, by its name.
        names = os.path.join(server.folder, "bin")
        os.mkdir(names)
        script = os.path.join(names, "stat.flexfs")
        with open(script, "w", encoding="utf-8") as f:
            f.write("#!/bin/sh\nexec " + " ".join(support.binary()) +
                    ' "$@"\n')
        os.chmod(script, 0o755)
        self.path = names + ":" + os.environ["PATH"]
        return server, token

    def send(self, server, token, status, report=None):
        report = report or support.make_report([support.make_volume(2**40)])
        self.assertEqual(server.send_report(token, report).status, status)
        return report

    def run_lines(self, server, text):
        done = subprocess.run(
            ["sh", "-e", "-c", text], env=dict(server.env, PATH=self.path),
            cwd=server.folder, capture_output=True, text=True, check=False,
            timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_a_copy_is_brought_back_as_written(self):
        server, token = self.begin()
        os.mkdir(os.path.join(server.home, "backup"), 0o700)
        make, = blocks("UPGRADE")
        head = re.match("ledger_head=(\\S+) ",
                        self.run_lines(server, make)).group(1)
        late = self.send(server, token, 201)
        # Not stopped but killed: its log stays.
        server.kill()
        self.assertTrue(os.path.getsize(server.db + "/stat.db-wal"))
        restore, = blocks("RESTORE")
        said = self.run_lines(server, restore)
        self.assertIn(head, said)
        self.assertIn("all is as it was stated\n", said)
        server.start()
        self.send(server, token, 201, late)
        self.assertEqual(query(server, "SELECT count(*) FROM sample"), [(2,)])
        server.stop()
        server.ok("verify", "--deep")
        # What was there before is there still, with its log.
        self.assertIn("all is as it was stated\n", server.ok(
            "verify", "--dbFolder", server.db + "/before", db=False))

    def test_the_nightly_copy_is_made_as_written(self):
        server, _ = self.begin()
        service, timer = blocks("BACKUP")
        line = re.search(r"^ExecStart=/bin/sh -c '(.*?)'$", service,
                         re.DOTALL | re.MULTILINE).group(1)
        # As systemd reads it.
        line = line.replace("\\\n", " ").replace("$$", "$").replace("%%", "%")
        for _ in range(2):
            self.run_lines(server, line)
        copy, = os.listdir(os.path.join(server.home, "backup"))
        self.assertRegex(copy, r"^stat-[1-7]\.db$")
        server.ok("verify", "--deep",
                  os.path.join(server.home, "backup", copy), db=False)
        place = self.folder()
        for name, text in (("service", service), ("timer", timer)):
            with open(os.path.join(place, f"stat-backup.{name}"), "w",
                      encoding="utf-8") as f:
                f.write(text.replace("stat-flexfs", "root"))
        done = subprocess.run(
            ["systemd-analyze", "--no-pager", "verify", "--man=no",
             os.path.join(place, "stat-backup.timer")],
            capture_output=True, text=True, check=False, timeout=60)
        self.assertEqual(
            [line for line in done.stderr.splitlines()
             if "stat-backup" in line], [])


if __name__ == "__main__":
    support.main()
