"""A wrong command line ends with 2, says why and names the nearest."""

import subprocess

import support


class CliWrongLines(support.TestCase):
    def run_it(self, *words, **options):
        options.setdefault("stdout", subprocess.PIPE)
        return subprocess.run(
            support.binary() + list(words), stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True, timeout=20, check=False,
            **options)

    def expect(self, words, sentence):
        done = self.run_it(*words)
        with self.subTest(words=words):
            self.assertEqual(done.returncode, 2)
            self.assertEqual(done.stdout, "")
            self.assertIn(sentence, done.stderr)

    def test_the_nearest_verb_is_named(self):
        self.expect(["verson"], 'did you mean "version"?')
        self.expect(["int", "creds"], 'did you mean "init"?')
        self.expect(["init", "cred"], 'did you mean "creds"?')
        self.expect(["Version"], 'did you mean "version"?')

    def test_the_nearest_flag_is_named(self):
        self.expect(["init", "creds", "--smtpadr", "x"],
                    "unknown flag --smtpadr; did you mean --smtpAddr?")
        self.expect(["init", "creds", "--smtpP", "x"],
                    "unknown flag --smtpP; did you mean --smtp")
        self.expect(["version", "--hlep"], "did you mean --help?")

    def test_verbs_and_values_must_be_there(self):
        self.expect([], "a command is missing")
        self.expect(["init"], "stat.flexfs init: a command is missing: ")
        self.expect(["init", "creds", "--smtpTo"], "--smtpTo needs a value")
        self.expect(["init", "creds", "--force=1"],
                    '--force is true or false, not "1"')
        self.expect(["version", "x"], 'unexpected "x"')
        self.expect(["help", "me"], "there is no such command")
        self.expect(["version", ""], 'unexpected ""')

    def test_the_way_to_help_is_shown(self):
        self.expect(["version", "-x"], "Try 'stat.flexfs version --help'.")

    def test_output_that_is_lost_is_a_failure(self):
        with open("/dev/full", "wb") as full:
            done = self.run_it("license", stdout=full)
        self.assertEqual(done.returncode, 1)
        self.assertIn("cannot write to standard output", done.stderr)


if __name__ == "__main__":
    support.main()
