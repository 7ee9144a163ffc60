"""deinit creds removes the file, once."""

import os
import subprocess

import support


class CliDeinitCreds(support.TestCase):
    def run_it(self, *words):
        return subprocess.run(
            support.binary() + list(words), input="", text=True,
            capture_output=True, timeout=20, check=False,
            env=dict(os.environ, HOME=self.home))

    def test_what_init_wrote_is_removed_once(self):
        self.home = self.folder()
        path = os.path.join(self.home, ".flexfs/stat/creds")
        self.assertEqual(self.run_it("init", "creds").returncode, 0)
        self.assertTrue(os.path.exists(path))
        self.assertEqual(self.run_it("deinit", "creds").returncode, 0)
        self.assertFalse(os.path.exists(path))
        done = self.run_it("deinit", "creds")
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"there is no {path}", done.stderr)

    def test_another_file_may_be_named(self):
        self.home = self.folder()
        path = os.path.join(self.home, "other")
        self.run_it("init", "creds", "--credsFile", path)
        self.assertTrue(os.path.exists(path))
        self.assertEqual(
            self.run_it("deinit", "creds", f"--credsFile={path}").returncode,
            0)
        self.assertFalse(os.path.exists(path))


if __name__ == "__main__":
    support.main()
