"""make install and make uninstall: what goes where, and that it is gone."""

import os
import stat
import subprocess

import support
from support import manual

PAGES = [f"man{name[-1]}/{name}"
         for name in os.listdir(os.path.join(manual.TOP, "man"))]


class InstallPutsFiles(support.TestCase):
    def install(self, *words):
        place = support.make_install(*words)
        self.addCleanup(support.remove_tree, place)
        return place

    def files(self, place):
        return {os.path.join(folder, name).removeprefix(place)
                for folder, _, names in os.walk(place) for name in names}

    def read(self, path):
        with open(path, encoding="utf-8") as f:
            return f.read()

    def test_everything_is_where_debian_looks_for_it(self):
        place = self.install()
        found = self.files(place)
        self.assertLessEqual({
            "/usr/sbin/stat.flexfs",
            "/usr/sbin/flexfs-report-usage",
            "/lib/systemd/system/flexfs-report-usage.service",
            "/lib/systemd/system/flexfs-report-usage.timer",
            "/usr/share/doc/stat.flexfs/examples/report-usage.conf",
            "/lib/systemd/system/stat.flexfs.service",
            "/lib/systemd/system/stat.flexfs.socket",
            "/usr/lib/sysusers.d/stat.flexfs.conf",
            "/usr/lib/tmpfiles.d/stat.flexfs.conf",
            "/usr/share/bash-completion/completions/stat.flexfs",
            "/usr/share/zsh/vendor-completions/_stat.flexfs",
            "/usr/share/doc/stat.flexfs/README",
            "/usr/share/doc/stat.flexfs/COPYING",
            *(f"/usr/share/man/{page}" for page in PAGES)}, found)
        for path in found:
            mode = stat.S_IMODE(os.stat(place + path).st_mode)
            self.assertEqual(mode, 0o755 if "/sbin/" in path else 0o644, path)
        done = subprocess.run([place + "/usr/sbin/stat.flexfs", "license"],
                              capture_output=True, text=True, check=True)
        self.assertEqual(done.stdout, manual.read("COPYING"))
        # Nothing is made into a service by that.
        self.assertEqual([p for p in found if p.startswith("/etc")], [])

    def test_the_units_are_those_of_the_tree(self):
        place = self.install()
        for name in ("stat.flexfs.service", "stat.flexfs.socket",
                     "flexfs-report-usage.service",
                     "flexfs-report-usage.timer"):
            self.assertEqual(
                self.read(f"{place}/lib/systemd/system/{name}"),
                manual.read(f"contrib/systemd/{name}"))

    def test_another_prefix_is_the_units_too(self):
        place = self.install("PREFIX=/usr/local")
        self.assertEqual({path for path in self.files(place)
                          if not path.startswith("/usr/local/")}, set())
        unit = self.read(place + "/usr/local/lib/systemd/system/"
                         "stat.flexfs.service")
        self.assertIn("\nExecStart=/usr/local/sbin/stat.flexfs start\n", unit)
        self.assertNotIn("/usr/sbin", unit)
        unit = self.read(place + "/usr/local/lib/systemd/system/"
                         "flexfs-report-usage.service")
        self.assertIn("\nExecStart=/usr/local/sbin/flexfs-report-usage\n",
                      unit)

    def test_uninstall_leaves_nothing(self):
        for words in ([], ["PREFIX=/usr/local"]):
            place = self.install(*words)
            mine = os.path.join(place, "usr/sbin/other")
            os.makedirs(os.path.dirname(mine), exist_ok=True)
            with open(mine, "w", encoding="utf-8"):
                pass
            support.make("uninstall", f"DESTDIR={place}", *words)
            self.assertEqual(self.files(place), {"/usr/sbin/other"})


if __name__ == "__main__":
    support.main()
