"""The completion that make install puts there, in bash and zsh: every verb and
every flag of the program, values that are known, paths."""

import os
import pty
import subprocess

import support
from support import manual

BASH = "/usr/share/bash-completion/completions/stat.flexfs"
ZSH = "/usr/share/zsh/vendor-completions"

# Prints what the words of each line of standard input are completed to.
ASK_BASH = """
source "$1"
while IFS= read -r line; do
    mapfile -t -d $'\\t' COMP_WORDS <<<"$line"
    COMP_WORDS[-1]=${COMP_WORDS[-1]%$'\\n'}
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _stat_flexfs
    (IFS=$'\\t'; echo "${COMPREPLY[*]}")
done
"""

# An interactive shell whose tab key writes the matches to a file.
ASK_ZSH = """
PROMPT='' RPROMPT='' ZLE_REMOVE_SUFFIX_CHARS=''
unsetopt beep
fpath=({place} $fpath)
autoload -Uz compinit
compinit -D -u
compadd() {{
    local -a hits
    builtin compadd -A hits "$@"
    (( $#hits == 0 )) || print -l -- $hits >>{out}
}}
_ask() {{
    : >{out}
    _main_complete
    print -- . >>{out}
    compstate[insert]=''
}}
zle -C ask complete-word _ask
bindkey '^I' ask
bindkey '^U' kill-whole-line
print -- . >{out}
"""


class InstallCompletesLines(support.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = support.make_install()
        rows = [line.split("\t") for line in subprocess.run(
            support.binary() + ["help", "--flags"], check=True,
            capture_output=True, text=True).stdout.splitlines()]
        cls.commands = [row[0] for row in rows if row[1] == "-"]
        cls.flags = [(row[0], row[1], row[4] == "hidden") for row in rows
                     if row[1] != "-"]

    @classmethod
    def tearDownClass(cls):
        support.remove_tree(cls.place)

    def bash(self, lines):
        """The matches of each line; a line is a list of words, the last of
        which is being typed."""
        done = subprocess.run(
            ["bash", "--norc", "-c", ASK_BASH, "bash", self.place + BASH],
            input="".join("\t".join(["stat.flexfs", *words]) + "\n"
                          for words in lines),
            capture_output=True, text=True, check=True, cwd=self.place,
            timeout=60)
        self.assertEqual(done.stderr, "")
        found = [set(filter(None, line.split("\t")))
                 for line in done.stdout.split("\n")[:-1]]
        self.assertEqual(len(found), len(lines))
        return found

    def zsh(self, lines):
        out = os.path.join(self.folder(), "out")
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(self.place)
            os.environ["TERM"] = "dumb"
            os.execv("/bin/zsh", ["zsh", "-f", "-i"])
        try:
            script = os.path.join(os.path.dirname(out), "script")
            with open(script, "w", encoding="utf-8") as f:
                f.write(ASK_ZSH.format(place=self.place + ZSH, out=out))
            return self.ask_zsh(terminal, out, script, lines)
        finally:
            os.close(terminal)  # ends the shell
            os.waitpid(pid, 0)

    def ask_zsh(self, terminal, out, script, lines):
        def answer():
            # The terminal is read, or the shell would wait for that.
            os.set_blocking(terminal, False)
            try:
                os.read(terminal, 65536)
            except BlockingIOError:
                pass
            try:
                with open(out, encoding="utf-8") as f:
                    found = f.read().split("\n")
            except FileNotFoundError:
                return None
            return found if found[-2:] == [".", ""] else None

        def ask(keys):
            if os.path.exists(out):
                os.unlink(out)
            os.write(terminal, keys.encode())
            return set(support.wait_until(answer, f"it answers {keys!r}")[:-2])

        ask(f". {script}\n")
        return [ask("\x15" + " ".join(["stat.flexfs", *words]) + "\t")
                for words in lines]

    def both(self, lines):
        """What both shells say, which is the same."""
        bash = self.bash(lines)
        for words, one, other in zip(lines, bash, self.zsh(lines)):
            self.assertEqual(one, other, words)
        return bash

    def test_every_verb(self):
        follow = {}  # what may follow these words
        for command in self.commands:
            words = command.split()
            for n, word in enumerate(words):
                follow.setdefault(tuple(words[:n]), set()).add(word)
        lines = [[*words, ""] for words in follow]
        self.assertEqual(self.both(lines), list(follow.values()))
        # By its first letters, and behind help.
        lines = [[*words, word[:2]] for words, some in follow.items()
                 for word in some]
        lines += [["help", *line] for line in lines]
        for words, found in zip(lines, self.both(lines)):
            known = follow[tuple(w for w in words[:-1] if w != "help")]
            self.assertEqual(found, {word for word in known if
                                     word.startswith(words[-1])}, words)

    def test_every_flag(self):
        lines = [[*command.split(), "--"] for command in self.commands]
        for command, found in zip(self.commands, self.both(lines)):
            self.assertEqual(
                found, {"--" + flag for name, flag, hidden in self.flags
                        if name == command and not hidden} | {"--help"},
                command)
        # Each by its first letters, the hidden ones, too.
        lines = [[*command.split(), f"--{flag[:3]}"]
                 for command, flag, _ in self.flags]
        for (command, flag, _), found in zip(self.flags, self.both(lines)):
            self.assertIn(f"--{flag}", found, command)
            for other in found:
                self.assertTrue(other.startswith(f"--{flag[:3]}"))

    def test_flags_between_verbs_do_not_confuse_it(self):
        lines = [["--dbFolder=/x", "create", "a"],
                 ["create", "account", "--name", "create", "--maxC"],
                 ["start", "--noSSL", "--verb"]]
        # bash breaks words at =.
        bash = [["--dbFolder", "=", "/x", "create", "a"], *lines[1:]]
        due = [{"account"}, {"--maxCarry"}, {"--verbose"}]
        self.assertEqual(self.bash(bash), due)
        self.assertEqual(self.zsh(lines), due)

    def test_values_that_are_known(self):
        lines = [["list", "mails", "--output", ""],
                 ["list", "mails", "--output", "c"],
                 ["report", "--format", "e"],
                 ["create", "token", "--role", ""]]
        due = [{"text", "json", "csv"}, {"csv"}, {"eml"},
               {"source", "reader", "operator"}]
        self.assertEqual(self.both(lines), due)
        self.assertEqual(
            self.bash([["list", "mails", "--output", "="],
                       ["list", "mails", "--output", "=", "js"],
                       ["start", "--noSSL", "="],
                       ["start", "--bindAddr", "=", ""]]),
            [{"text", "json", "csv"}, {"json"}, {"true", "false"}, set()])
        self.assertEqual(
            self.zsh([["list", "mails", "--output="],
                      ["list", "mails", "--output=js"],
                      ["start", "--noSSL="]]),
            [{"text", "json", "csv"}, {"json"}, {"true", "false"}])

    def test_paths(self):
        os.mkdir(os.path.join(self.place, "aFolder"))
        with open(os.path.join(self.place, "aFile"), "w", encoding="utf-8"):
            pass
        due = {"aFolder", "aFile"}
        lines = [["start", "--dbFolder", "aF"], ["start", "--sslKey", "aF"],
                 ["init", "systemd", "--root", "aF"],
                 ["init", "creds", "--smtpCA", "aF"]]
        self.assertEqual(self.bash(lines), [due] * len(lines))
        for found in self.zsh(lines):
            self.assertEqual({name.rstrip("/") for name in found}, due)

    def test_it_is_made_from_the_table_alone(self):
        done = subprocess.run(
            [os.path.join(manual.TOP, "contrib/make-completion"), "fish",
             support.binary()[-1]], capture_output=True, check=False)
        self.assertEqual(done.returncode, 2)


if __name__ == "__main__":
    support.main()
