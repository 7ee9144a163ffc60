"""stat.flexfs-metrics(7) names every metric with its type and its labels, and
no other; and the server tells what the program lists."""

import os
import re
import subprocess

import support
from support import manual
from support.metrics import scrape

PAGE = "stat.flexfs-metrics.7"


def listed():
    """{name: (type, labels, sentence)} of the program."""
    text = subprocess.run(
        support.binary() + ["help", "--metrics"], check=True,
        stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=20).stdout
    return {line.split("\t")[0]: tuple(line.split("\t")[1:])
            for line in text.splitlines()}


def described():
    """The same of the manual."""
    found = {}
    for item in manual.section(PAGE, "METRICS").items:
        name, kind = re.fullmatch(r"Li (\S+) Pq (\w+)", item.head).groups()
        labels = []
        lines = item.lines
        if lines[0] == "By":
            until = next(i for i, line in enumerate(lines)
                         if line.endswith(" ."))
            labels = [line.split()[1] for line in lines[1:until + 1]
                      if line.startswith(".Ar")]
            lines = lines[until + 1:]
        found[name] = (kind, " ".join(labels),
                       manual.plain(lines).split(". ")[0].rstrip("."))
    return found


class DocsMetrics(support.TestCase):
    def test_the_manual_has_every_metric_and_no_other(self):
        self.assertGreater(len(listed()), 25)
        self.assertEqual(described(), listed())

    def test_the_server_tells_what_is_listed(self):
        server = self.server(tls=True)
        server.create_account("acme")
        token = server.create_source("admin1", "acme")
        reader = server.create_token("prom", "reader")
        server.start()
        server.send_report(token, support.make_report(
            [support.make_volume(1)]))
        told = {}

        def all_told():
            m = scrape(server, reader)
            told.update({name: (kind, m.helps[name])
                         for name, kind in m.types.items()})
            return "flexfs_stat_period_hours" in told

        self.wait_until(all_told, "periods are counted", timeout=60)
        self.assertEqual(told, {name: (kind, sentence) for
                                name, (kind, _, sentence) in listed().items()})
        labels = {}
        for name, pairs in scrape(server, reader).values:
            family = re.sub(r"_(bucket|sum|count)$", "", name)
            names = [key for key, _ in pairs if key != "le"]
            if names:
                labels[family] = " ".join(names)
        for name, names in labels.items():
            self.assertEqual(names, listed()[name][1])

    def test_the_alerts_are_where_the_manual_says(self):
        page = manual.read(f"man/{PAGE}")
        path = re.search(r"/usr/share/doc/\S+\.yml", page).group(0)
        done = subprocess.run(
            ["make", "-n", "install", "DESTDIR=/d"], cwd=manual.TOP,
            env={k: v for k, v in os.environ.items() if "MAKE" not in k},
            check=True, capture_output=True, text=True, timeout=60)
        self.assertIn("/d" + path, done.stdout)


if __name__ == "__main__":
    support.main()
