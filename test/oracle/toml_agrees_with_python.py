"""lib/toml.c reads a document as python3's tomllib does, or refuses it: what
is outside of its subset is never misread."""

import json
import os
import random
import subprocess
import sys
import tomllib

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../blackbox"))

import support  # noqa: E402

DOCUMENTS = 3000
SEED = 20261005

# TOML that tomllib knows and the subset does not.
OUTSIDE = [
    'a.b = 1', '"a" = 1', "'a' = 1", '"" = 1', "a = 1.5", "a = 1e3",
    "a = 0x1f", "a = 0o17", "a = 0b11", "a = inf", "a = -nan",
    "a = 1979-05-27", "a = 07:32:00", "a = 1979-05-27T07:32:00Z",
    "a = 1979-05-27 07:32:00", "a = {}", "a = {b = 1}", "a = [[1], [2]]",
    "a = [{b = 1}]", 'a = """x"""', "a = '''x'''", 'a = """\nx\ny"""',
    "a = [1.5]", "[a.b]", "[[a.b]]", '["a"]', "[ a . b ]",
    "a = 9223372036854775808", "a = -9223372036854775809", r'a = "\u0000"',
    "[[a]]\n[a.b]", "a = [1, 1979-05-27]",
]

# What is no TOML at all, on one line.
WRONG = [
    "a", "a =", "= 1", "a = 1 b", "a = [1 2]", "a = [,]", "a = [1,,2]",
    "a = yes", "a = True", 'a = "x', "a = 'x", r'a = "\q"', r'a = "\u12"',
    r'a = "\ud800"', r'a = "\U00110000"', "a = 012", "a = 1__0", "a = _1",
    "a = 1_", "a = +", "a = --1", "a = +-1", "a = 0_0", "[", "[]", "[[]]",
    "[b", "[[b]", "[[b] ]", "[ [b]]", "[b] x", "[b c]", "[b]]", "a b = 1",
    "a = 1 = 2", "é = 1", 'a = "\x01"', "a = '\x7f'", "# \x00", "# \x1f",
    'a = "x"y', "a = truefalse", "a = true1", "a = 1,", "a = 1]", "a == 1",
    "a: 1", "\ufeffa = 1", 'a = "\x00"', "[b]\x0c",
]

CHARS = ('abz09 \t"\'\\#=[]{},.-_\u00e9\u20ac\U0001f600\u200f'
         '\u0001\u001f\u007f\n\r')
KEYS = ["a", "b", "name", "A-b_9", "-", "_", "7", "true", "x" * 40]


class Writer:
    """A random document of the subset."""

    def __init__(self, rng):
        self.rng = rng

    def blank(self):
        return self.rng.choice(["", "", " ", "\t", "  "])

    def comment(self):
        if self.rng.random() < 0.7:
            return ""
        text = "".join(self.rng.choice("ab #\"'[]=\\é€\t")
                       for _ in range(self.rng.randrange(8)))
        return "#" + text

    def newline(self):
        return self.rng.choice(["\n", "\n", "\n", "\r\n"])

    def string(self):
        text = "".join(self.rng.choice(CHARS)
                       for _ in range(self.rng.randrange(12)))
        if self.rng.random() < 0.3:
            kept = "".join(c for c in text if c not in "'\n\r\x01\x1f\x7f")
            return f"'{kept}'"
        out = ""
        for c in text:
            short = {"\t": "\\t", "\n": "\\n", "\r": "\\r", '"': '\\"',
                     "\\": "\\\\"}.get(c)
            if short is not None and (c != "\t" or self.rng.random() < 0.5):
                out += short
            elif c in "\x01\x1f\x7f" or self.rng.random() < 0.1:
                form = "\\u%04x" if ord(c) < 0x10000 and \
                    self.rng.random() < 0.5 else "\\U%08X"
                out += form % ord(c)
            else:
                out += c
        return f'"{out}"'

    def integer(self):
        number = self.rng.choice(
            [0, 1, -1, 7, 2**63 - 1, -2**63, self.rng.getrandbits(62),
             -self.rng.getrandbits(40), self.rng.randrange(1000)])
        text = str(abs(number))
        if self.rng.random() < 0.2:
            text = f"{abs(number):_}"
        sign = "-" if number < 0 else self.rng.choice(["", "", "+"])
        return sign + text

    def single(self):
        return self.rng.choice([self.string, self.string, self.integer,
                                lambda: self.rng.choice(["true", "false"])])()

    def gap(self):
        """Between the items of an array."""
        if self.rng.random() < 0.7:
            return self.blank()
        return self.blank() + self.comment() + self.newline() + self.blank()

    def array(self):
        items = [self.gap() + self.single() + self.gap()
                 for _ in range(self.rng.randrange(5))]
        last = "," if items and self.rng.random() < 0.3 else ""
        return "[" + ",".join(items) + last + self.gap() + "]"

    def value(self):
        return self.array() if self.rng.random() < 0.3 else self.single()

    def end(self):
        return self.blank() + self.comment() + self.newline()

    def pairs(self):
        out = ""
        for key in self.rng.sample(KEYS, self.rng.randrange(4)):
            if self.rng.random() < 0.3:
                out += self.end()
            out += self.blank() + key + self.blank() + "=" + self.blank() + \
                self.value() + self.end()
        return out

    def document(self):
        out = self.pairs()
        # Names that no key of the top table has.
        names = ["t", "limits", "report", "u-1"]
        arrays = {n for n in names if self.rng.random() < 0.5}
        order = [n for n in names for _ in range(
            self.rng.randrange(3) if n in arrays else self.rng.randrange(2))]
        self.rng.shuffle(order)
        for name in order:
            left, right = ("[[", "]]") if name in arrays else ("[", "]")
            out += self.blank() + left + self.blank() + name + \
                self.blank() + right + self.end() + self.pairs()
        return out


def spoil(rng, text):
    """The document with a few bytes changed, lost or doubled."""
    data = bytearray(text.encode())
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(data) + 1)
        kind = rng.randrange(4)
        if kind == 0 and at < len(data):
            data[at] = rng.choice(b"\"'[]=#,\\\n\r\t .0u{}-+_\x00\xff\x80eEx:T")
        elif kind == 1 and at < len(data):
            del data[at:at + rng.randrange(1, 6)]
        elif kind == 2:
            data[at:at] = bytes([rng.choice(b"\"'[]=#,\\\n .0{}\xc3_")])
        else:
            start = rng.randrange(len(data) + 1)
            data[at:at] = data[start:start + rng.randrange(12)]
    return bytes(data)


def ask(documents):
    """What the program makes of each (bytes): a value, or an error's text."""
    program = os.path.join(os.path.dirname(support.binary()[-1]),
                           "test/oracle/toml_print")
    done = subprocess.run(
        support.binary()[:-1] + [program], check=True, capture_output=True,
        timeout=100,
        input=b"".join(b"%d\n%s" % (len(d), d) for d in documents))
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(documents)
    return answers


def rebuild(answer):
    """The document of an answer, as tomllib gives it."""
    def plain(value):
        if isinstance(value, dict):
            return int(value["int"])
        return [plain(v) for v in value] if isinstance(value, list) else value

    whole = {}
    for name, element, _, pairs in answer["tables"]:
        table = {key: plain(value) for key, _, value in pairs}
        if name == "":
            whole.update(table)
        elif element:
            whole.setdefault(name, []).append(table)
        else:
            assert name not in whole
            whole[name] = table
    return whole


def same(a, b):
    """Equal, with types: 1 is not true."""
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


def python_reads(data):
    """The document, or None when it is no TOML."""
    try:
        return tomllib.loads(data.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return None


class TomlAgreesWithPython(support.TestCase):
    def check_same(self, data, answer):
        self.assertNotIn("error", answer, data)
        theirs = python_reads(data)
        self.assertIsNotNone(theirs, ("no TOML, but taken", data))
        self.assertTrue(same(rebuild(answer), theirs),
                        (data, rebuild(answer), theirs))

    def test_documents_of_the_subset_are_read_the_same(self):
        rng = random.Random(SEED)
        documents = [Writer(rng).document().encode()
                     for _ in range(DOCUMENTS)]
        self.assertGreater(sum(b"[[" in d for d in documents), DOCUMENTS / 4)
        for data, answer in zip(documents, ask(documents)):
            self.check_same(data, answer)

    def test_spoiled_documents_are_read_the_same_or_refused(self):
        rng = random.Random(SEED + 1)
        documents = [spoil(rng, Writer(rng).document())
                     for _ in range(3 * DOCUMENTS)]
        taken = refused = 0
        for data, answer in zip(documents, ask(documents)):
            if "error" in answer:
                refused += 1
                self.assertRegex(answer["error"], r"\Adoc:\d+: ")
            else:
                taken += 1
                self.check_same(data, answer)
        self.assertGreater(min(taken, refused), DOCUMENTS / 10)

    def test_the_rest_of_toml_is_refused_with_its_line(self):
        documents = [f"x = 1\n\n{text}\n".encode() for text in OUTSIDE]
        for data, answer in zip(documents, ask(documents)):
            self.assertIsNotNone(
                python_reads(data), ("this is no TOML at all", data))
            self.assertIn("error", answer, data)
            line = 4 if b"[[a]]\n" in data else 3
            self.assertTrue(answer["error"].startswith(f"doc:{line}: "),
                            (data, answer))

    def test_what_is_no_toml_is_refused_with_its_line(self):
        rng = random.Random(SEED + 2)
        documents, lines = [], []
        for text in WRONG:
            self.assertIsNone(python_reads(text.encode()), text)
            before = Writer(rng).document() + "[last-one]\n"
            documents.append((before + text + "\n").encode())
            lines.append(before.count("\n") + 1)
        for data, line, answer in zip(documents, lines, ask(documents)):
            self.assertIn("error", answer, data)
            # The end of an array that was not closed is found further on.
            self.assertTrue(
                answer["error"].startswith(f"doc:{line}: "), (data, answer))

    def test_a_name_given_twice_is_refused(self):
        documents = [t.encode() for t in (
            "a = 1\na = 2", "[t]\na = 1\na = 2", "[t]\n[t]", "[[t]]\n[t]",
            "[t]\n[[t]]", "t = 1\n[t]", "t = []\n[[t]]",
            "[[t]]\na = 1\na = 2")]
        for data, answer in zip(documents, ask(documents)):
            self.assertIsNone(python_reads(data), data)
            self.assertIn("error", answer, data)


if __name__ == "__main__":
    support.main()
