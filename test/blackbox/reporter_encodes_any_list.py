"""contrib/report-usage makes strict JSON of whatever a list holds, or says
which line is no good, by any shell and any awk."""
# timeout: 300

import json
import os
import random
import shutil
import unicodedata

import support
from support.reporter import Gateway, Reporter

SHELLS = [shell for shell in ("dash", "busybox sh", "bash")
          if shutil.which(shell.split()[0])]
AWKS = [awk for awk in ("mawk", "gawk", "busybox awk", "original-awk")
        if shutil.which(awk.split()[0])]
AT = 1790812800
MAX = 2**63 - 1


def is_text(data):
    """Whether a name may be these bytes, by Python's own decoder."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return len(data) <= 255 and not any(
        c < "\x20" or c == "\x7f" for c in text)


class ReporterEncodesAnyList(support.TestCase):
    def setUp(self):
        seed = int(os.environ.get(
            "SEED", random.SystemRandom().getrandbits(32)))
        self.random = random.Random(seed)
        self.what = f"SEED={seed}"
        self.gateway = Gateway()
        self.gateway.mood = "portal"
        self.addCleanup(self.gateway.close)

    def reporter(self, **options):
        return Reporter(self.folder(), self.gateway.url(), "t", **options)

    def encode(self, reporter, lines, at=AT):
        """(volumes of the report, numbers of the lines that are no good)"""
        reporter.list(lines)
        run = reporter.run(at)
        refused = []
        for line in run.text.splitlines():
            words = line.split()
            if "left out" in line:
                refused.append(int(words[2]))
        body = self.gateway.seen[-1].partition(b"\r\n\r\n")[2] \
            if reporter.waiting() else b'{"volumes":[]}'
        for name in reporter.waiting():
            os.remove(os.path.join(reporter.spool, name))
        report = json.loads(body, parse_float=self.fail)
        self.assertEqual(run.code, 4 if refused and report["volumes"] else
                         1 if refused else 3, run)
        return report["volumes"], refused

    def each(self):
        """A reporter for each awk, under one shell after the other, and
        which they are."""
        self.assertGreaterEqual(len(AWKS), 3, "make deps installs them")
        for n, awk in enumerate(AWKS):
            shell = SHELLS[n % len(SHELLS)]
            yield (self.reporter(awk=awk, shell=shell, gzip_above=10**12),
                   {"awk": awk, "shell": shell, "what": self.what})

    def names(self):
        """Bytes that may be a name, or not quite."""
        rnd = self.random
        odd = [b"", b'"', b"\\", b'\\"', b"\\u0041", b"a\\nb", b"&", b"\\\\&",
               b"%s%d", b"'", b"$HOME `x` $(y)", b"<b>", b"a=b,c;d",
               b"\xc3\xa4", b"\xe2\x82\xac", b"\xf0\x9f\x98\x80",
               b"\xef\xbf\xbf", b"\xed\x9f\xbf", b"\xee\x80\x80",
               b"\xf4\x8f\xbf\xbf", b"x" * 255, b"\xc3\xa4" * 127,
               # No UTF-8: too long, surrogates, too high, cut, alone.
               b"\xc0\x80", b"\xc1\xbf", b"\xe0\x80\x80", b"\xe0\x9f\xbf",
               b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xf0\x80\x80\x80",
               b"\xf0\x8f\xbf\xbf", b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80",
               b"\xff", b"\xfe", b"\x80", b"\xc3", b"\xe2\x82",
               b"\xf0\x9f\x98", b"\xe2\x82\xc3\xa4\xac", b"\xc3x\xa4",
               b"\xc3\xc3\xa4\xa4",
               # Control characters, and too long.
               b"\x00", b"a\x00b", b"\x01", b"\x0b", b"\x1f", b"\x7f",
               b"a\rb", b"x" * 256, b"\xc3\xa4" * 128]
        for _ in range(300):
            size = rnd.randrange(1, 8)
            odd.append(bytes(
                rnd.choice([rnd.randrange(256), rnd.randrange(0xc0, 0x100),
                            rnd.randrange(0x80, 0xc0)])
                for _ in range(size)).replace(b"\n", b"").replace(b"\t", b""))
        for _ in range(100):
            odd.append("".join(
                chr(c) for c in (rnd.randrange(0x20, 0x110000)
                                 for _ in range(6))
                if unicodedata.category(chr(c)) != "Cs").encode())
        return odd

    def test_names(self):
        names = self.names()
        uuids = [support.new_uuid() for _ in names]
        lines = [f"{uuid}\t{n}\t".encode() + name + b"\tacme\n"
                 for n, (uuid, name) in enumerate(zip(uuids, names))]
        for reporter, where in self.each():
            with self.subTest(**where):
                volumes, refused = self.encode(reporter, lines)
                self.assertEqual(
                    refused, [n + 1 for n, name in enumerate(names)
                              if not is_text(name)])
                self.assertEqual(
                    [(v["id"], v.get("name", ""), v["bytes"])
                     for v in volumes],
                    [(uuid, name.decode(), n) for n, (uuid, name) in
                     enumerate(zip(uuids, names)) if is_text(name)])

    def test_sizes_are_exact(self):
        good = {"0": 0, "00": 0, "007": 7, "1": 1, str(2**53 - 1): 2**53 - 1,
                str(2**53): 2**53, str(2**53 + 1): 2**53 + 1,
                "999999999999999": 10**15 - 1, str(10**15): 10**15,
                str(MAX): MAX, "0" * 30 + str(MAX): MAX}
        for _ in range(40):
            n = self.random.getrandbits(self.random.randrange(1, 64))
            good[str(n)] = n
        bad = ["", "-1", "+1", "1.0", "1e3", "0x10", " 1", "1 ", "1,000",
               str(MAX + 1), str(2**64), "9" * 19, "9" * 40, "\u0661", "1;2"]
        lines = [(support.new_uuid(), size) for size in [*good, *bad]]
        for reporter, where in self.each():
            with self.subTest(**where):
                volumes, refused = self.encode(reporter, lines)
                self.assertEqual([int(v["bytes"]) for v in volumes],
                                 list(good.values()))
                for volume in volumes:
                    # What is a number is one that nobody rounds.
                    if not isinstance(volume["bytes"], str):
                        self.assertLess(volume["bytes"], 2**53)
                self.assertEqual(refused, [
                    n + 1 for n in range(len(good), len(lines))])

    def test_columns(self):
        uuid = support.new_uuid()
        time = "2026-01-02T03:04:05Z"
        for reporter, where in self.each():
            with self.subTest(**where):
                volumes, refused = self.encode(reporter, [
                    b"# comment\n", b"\n", b" \t \n",
                    (uuid.upper(), 1, "n", "a-1._b", time, time, "eu", 12),
                    (support.new_uuid(), 2),
                    f"{support.new_uuid()}\t3\tx\r\n".encode(),
                    f"{support.new_uuid()}\t4".encode()])
                self.assertEqual(refused, [])
                self.assertEqual(volumes[0], {
                    "id": uuid, "sampled_at": support.rfc3339(AT), "bytes": 1,
                    "name": "n", "account": "a-1._b", "retired_at": time,
                    "created_at": time, "region": "eu", "inodes": 12})
                self.assertEqual([v["bytes"] for v in volumes], [1, 2, 3, 4])
                self.assertEqual(volumes[2]["name"], "x")

    def test_lines_that_are_no_good(self):
        uuid = support.new_uuid()
        good = [(uuid, 1)]
        bad = [(uuid, 2), (uuid.upper(), 1), (uuid,), ("x", 1),
               (uuid[:-1], 1), (uuid + "0", 1), ("g" + uuid[1:], 1),
               (uuid.replace("-", "0"), 1), ("-" * 36, 1),
               *((support.new_uuid(), 1, "n", account) for account in
                 ("A", ".a", "-", "a b", "a/b", "\u00e4", "a" * 64)),
               *((support.new_uuid(), 1, "", "", when) for when in
                 ("now", "2026-01-01", "2026-01-01 00:00:00Z",
                  "2026-01-01T00:00:00", "1826-01-01T00:00:00Z")),
               (support.new_uuid(), 1, "", "", "", "", "r" * 256),
               (support.new_uuid(), 1, "", "", "", "", "", "many"),
               (support.new_uuid(), 1, "", "", "", "", "", "", "more")]
        for reporter, where in self.each():
            with self.subTest(**where):
                volumes, refused = self.encode(reporter, good + bad)
                self.assertEqual([v["id"] for v in volumes], [uuid])
                self.assertEqual(refused, list(range(2, len(bad) + 2)))
                # Nothing is nothing to report; nothing good is an error.
                self.assertEqual(self.encode(reporter, bad[3:5], AT + 1),
                                 ([], [1, 2]))

    def test_the_server_takes_it_as_it_is(self):
        it = self.server()
        it.create_account("acme")
        token = it.create_source("admin1", "acme")
        it.start()
        names = [name for name in self.names() if is_text(name)]
        lines = [f"{support.new_uuid()}\t{MAX - n}\t".encode() + name + b"\n"
                 for n, name in enumerate(names)]
        reporter = Reporter(self.folder(), it.url(""), token)
        reporter.list(lines)
        self.assertEqual(reporter.run(), (0, ""))
        rows = json.loads(it.ok("list", "volumes", "--output", "json"))
        self.assertEqual(
            sorted((row["name"], int(row["last_bytes"])) for row in rows),
            sorted((name.decode(), MAX - n) for n, name in enumerate(names)))


if __name__ == "__main__":
    support.main()
