# timeout: 900
"""What is in the package, and what lintian says of it."""

import os
import re
import subprocess

import clean
import support
from support import manual


class PackageIsClean(clean.TestCase):
    def field(self, name):
        return subprocess.run(["dpkg-deb", "--field", self.deb, name],
                              check=True, capture_output=True,
                              text=True).stdout.strip()

    def test_lintian_finds_nothing(self):
        # Letters that machine code happens to form are no words.
        done = subprocess.run(
            ["lintian", "--allow-root", "--display-info", "--pedantic",
             "--suppress-tags", "spelling-error-in-binary", self.deb],
            capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, ""),
                         done.stderr)

    def test_versions_agree(self):
        version = re.search(r"^VERSION = (.*)$", manual.read("Makefile"),
                            re.MULTILINE).group(1)
        self.assertEqual(self.field("Version"), version)
        self.assertEqual(
            subprocess.run(support.binary() + ["version"], check=True,
                           capture_output=True, text=True).stdout,
            f"stat.flexfs {version}\n")

    def test_the_security_update_of_libevent_is_asked_for(self):
        depends = self.field("Depends")
        done = subprocess.run(["contrib/install-deps", "build", "--list"],
                              cwd=manual.TOP, check=True, capture_output=True,
                              text=True)
        self.assertIn("libevent-dev", done.stdout.split())
        (minimum,) = re.findall(r"libevent-dev\) echo (\S+)",
                                manual.read("contrib/install-deps"))
        for part in ("core", "extra", "openssl"):
            self.assertIn(f"libevent-{part}-2.1-7 (>= {minimum})", depends)

    def test_it_has_what_make_install_puts_there(self):
        listed = subprocess.run(
            ["dpkg-deb", "--fsys-tarfile", self.deb], check=True,
            capture_output=True).stdout
        names = subprocess.run(["tar", "-t"], input=listed, check=True,
                               capture_output=True).stdout.decode()
        packed = {name.removeprefix(".") for name in names.splitlines()
                  if not name.endswith("/")}
        place = support.make_install()
        self.addCleanup(support.remove_tree, place)
        installed = {os.path.join(folder, name).removeprefix(place)
                     for folder, _, some in os.walk(place) for name in some}
        # What is long is compressed.
        packed = {name.removesuffix(".gz")
                  if name.removesuffix(".gz") in installed else name
                  for name in packed}
        doc = "/usr/share/doc/stat.flexfs/"
        self.assertEqual(
            packed - installed,
            {doc + "copyright", doc + "changelog.gz",
             "/usr/share/lintian/overrides/stat.flexfs"})
        self.assertEqual(installed - packed, {doc + "COPYING"})


if __name__ == "__main__":
    support.main()
