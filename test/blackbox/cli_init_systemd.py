"""init systemd and deinit systemd, on the image of a system."""

import os
import pwd
import shutil
import stat
import subprocess

import support
from support import manual

PROGRAM = "/usr/sbin/stat.flexfs"
UNIT = "/etc/systemd/system/stat.flexfs.service"
PACKAGED = "/lib/systemd/system/stat.flexfs.service"
LINK = "/etc/systemd/system/multi-user.target.wants/stat.flexfs.service"
HOME = "/var/lib/stat.flexfs"
SHIPPED = "contrib/systemd/stat.flexfs.service"


class CliInitSystemd(support.TestCase):
    def setUp(self):
        self.image = self.folder()
        os.chmod(self.image, 0o755)
        for name in ("/etc", "/usr/sbin", "/usr/local/sbin",
                     "/lib/systemd/system"):
            os.makedirs(self.image + name)
        self.install(PROGRAM)

    def install(self, path):
        shutil.copy(support.binary()[-1], self.image + path)

    def put(self, path, text):
        with open(self.image + path, "w", encoding="utf-8") as f:
            f.write(text)

    def read(self, path):
        with open(self.image + path, encoding="utf-8") as f:
            return f.read()

    def files(self):
        return sorted(os.path.join(folder, name).removeprefix(self.image)
                      for folder, _, names in
                      os.walk(self.image + "/etc/systemd") for name in names)

    def cli(self, *words, wrap=(), program=None, env=None):
        return subprocess.run(
            [*wrap, *(program or support.binary()), *words],
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=60, check=False, env=dict(os.environ, **(env or {})))

    def ok(self, verb, **options):
        done = self.cli(verb, "systemd", "--root", self.image, **options)
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)
        return done.stderr

    def refused(self, words, why, code=1, **options):
        done = self.cli(*words, **options)
        self.assertEqual((done.returncode, done.stdout), (code, ""))
        self.assertIn(why, done.stderr)

    def user(self):
        for line in self.read("/etc/passwd").splitlines():
            if line.startswith("stat-flexfs:"):
                return pwd.struct_passwd(line.split(":"))
        raise AssertionError("there is no user")

    # --- init ---

    def test_it_writes_and_enables_the_unit(self):
        said = self.ok("init")
        first, _, rest = self.read(UNIT).partition("\n")
        self.assertIn("stat.flexfs init systemd", first)
        self.assertEqual(rest, manual.read(SHIPPED))
        self.assertEqual(stat.S_IMODE(os.stat(self.image + UNIT).st_mode),
                         0o644)
        self.assertEqual(os.readlink(self.image + LINK), UNIT)
        self.assertIn(f"wrote {self.image}{UNIT}\n", said)
        self.assertIn("it starts when the system does", said)

    def test_it_makes_the_user_and_its_home(self):
        self.ok("init")
        user = self.user()
        self.assertEqual((user.pw_dir, user.pw_shell),
                         (HOME, "/usr/sbin/nologin"))
        home = os.stat(self.image + HOME)
        self.assertEqual((stat.S_IMODE(home.st_mode), str(home.st_uid)),
                         (0o700, user.pw_uid))

    def test_a_second_time_changes_nothing(self):
        self.ok("init")
        before = self.read(UNIT), self.read("/etc/passwd"), self.files()
        self.ok("init")
        self.assertEqual(
            before, (self.read(UNIT), self.read("/etc/passwd"), self.files()))

    def test_an_older_unit_of_its_own_is_replaced(self):
        self.ok("init")
        new = self.read(UNIT)
        self.put(UNIT, new.splitlines()[0] + "\n[Service]\nExecStart=/old\n")
        self.ok("init")
        self.assertEqual(self.read(UNIT), new)

    def test_a_packages_unit_counts(self):
        shutil.copy(os.path.join(manual.TOP, SHIPPED), self.image + PACKAGED)
        said = self.ok("init")
        self.assertEqual(self.files(), [LINK])
        self.assertTrue(os.readlink(self.image + LINK).endswith(PACKAGED))
        self.assertNotIn("wrote", said)

    def test_a_package_that_comes_later_takes_over(self):
        self.ok("init")
        shutil.copy(os.path.join(manual.TOP, SHIPPED), self.image + PACKAGED)
        self.ok("init")
        self.assertEqual(self.files(), [LINK])
        self.assertTrue(os.readlink(self.image + LINK).endswith(PACKAGED))

    def test_a_packages_unit_for_another_program_does_not_count(self):
        local = "/usr/local/sbin/stat.flexfs"
        self.put(PACKAGED, manual.read(SHIPPED).replace(PROGRAM, local))
        self.ok("init")
        self.assertIn(f"\nExecStart={PROGRAM} start\n", self.read(UNIT))

    def test_another_units_file_is_left_alone(self):
        os.makedirs(self.image + os.path.dirname(UNIT))
        self.put(UNIT, "[Service]\nExecStart=/mine\n")
        for verb in ("init", "deinit"):
            self.refused([verb, "systemd", "--root", self.image],
                         "was not made by this command")
            self.assertEqual(self.read(UNIT),
                             "[Service]\nExecStart=/mine\n")
            self.assertEqual(self.files(), [UNIT])

    # --- deinit ---

    def test_deinit_leaves_the_user_and_its_home(self):
        self.ok("init")
        said = self.ok("deinit")
        self.assertIn(f"removed {self.image}{UNIT}\n", said)
        self.assertEqual(self.files(), [])
        self.user()
        self.assertTrue(os.path.isdir(self.image + HOME))
        self.refused(["deinit", "systemd", "--root", self.image],
                     "nothing was changed")

    def test_deinit_leaves_a_packages_units(self):
        for name in ("service", "socket"):
            shutil.copy(
                os.path.join(manual.TOP, f"contrib/systemd/stat.flexfs.{name}"),
                f"{self.image}/lib/systemd/system/")
        self.ok("init")
        subprocess.run(["systemctl", "--root", self.image, "--quiet",
                        "enable", "stat.flexfs.socket"], check=True)
        self.assertEqual(len(self.files()), 2)
        self.ok("deinit")
        self.assertEqual(self.files(), [])
        self.assertTrue(os.path.exists(self.image + PACKAGED))
        self.ok("deinit")  # it is still there to be disabled

    # --- what is refused ---

    def test_only_root_may(self):
        nobody = ["setpriv", "--reuid=65534", "--regid=65534",
                  "--clear-groups"]
        for verb in ("init", "deinit"):
            for more in ([], ["--root", self.image]):
                self.refused([verb, "systemd", *more], "only root may",
                             wrap=nobody, program=[self.image + PROGRAM])

    def test_without_systemd_the_words_help(self):
        # Not even on a machine that runs it.
        nowhere = ["unshare", "--mount", "sh", "-c",
                   'mount -t tmpfs none /run && exec "$@"', "sh"]
        for verb in ("init", "deinit"):
            self.refused([verb, "systemd"], "was not started by systemd",
                         wrap=nowhere)
        self.refused(["init", "systemd", "--now"],
                     "was not started by systemd", wrap=nowhere)
        self.refused(["init", "systemd", "--root", self.image],
                     "this system has no systemd: cannot start "
                     "systemd-sysusers", env={"PATH": "/nowhere"})
        self.assertEqual(self.files(), [])

    def test_an_image_needs_the_program(self):
        os.unlink(self.image + PROGRAM)
        self.refused(["init", "systemd", "--root", self.image],
                     f"there is no {self.image}{PROGRAM}")
        self.assertEqual(self.files(), [])

    def test_a_root_that_is_none_is_refused(self):
        self.refused(["init", "systemd", "--root", self.image + "/nowhere"],
                     "--root: ")
        self.refused(["init", "systemd", "--root", self.image + PROGRAM],
                     "is not a folder")
        self.refused(["init", "systemd", "--root", ""], "--root is empty")

    def test_now_is_for_the_running_system(self):
        self.refused(["init", "systemd", "--now", "--root", self.image],
                     "exclude each other", code=2)
        self.assertEqual(self.files(), [])

    # --- the unit ---

    def analyze(self, *words):
        return subprocess.run(
            ["systemd-analyze", "--no-pager", *words, self.image + UNIT],
            capture_output=True, text=True, check=False)

    def test_systemd_finds_nothing_wrong_with_it(self):
        self.ok("init")
        # It looks for the programs of the unit on this very machine.
        self.put(UNIT, self.read(UNIT).replace(PROGRAM, self.image + PROGRAM))
        done = self.analyze("verify", "--man=no")
        self.assertEqual((done.returncode, done.stdout, done.stderr),
                         (0, "", ""))

    def test_its_exposure_is_at_most_1_5(self):
        self.ok("init")
        done = self.analyze("security", "--offline=true", "--threshold=15")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("exposure level", done.stdout)
        # What is measured can fail.
        self.put(UNIT, self.read(UNIT).replace("PrivateMounts=yes\n", ""))
        done = self.analyze("security", "--offline=true", "--threshold=15")
        self.assertEqual(done.returncode, 1, done.stdout)


if __name__ == "__main__":
    support.main()
