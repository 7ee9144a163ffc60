"""Prometheus' text format, read strictly."""

import re

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"')
SAMPLE = re.compile(rf'({NAME})(?:\{{((?:{LABEL.pattern},?)+)\}})? (\S+)')
SUFFIXES = re.compile(r"_(bucket|sum|count)$")


class Metrics:
    """types is {family: type}, helps {family: text}; values is
    {(name, ((label, value), ..)): number}."""

    def __init__(self, text):
        self.types, self.helps, self.values = {}, {}, {}
        family = None
        assert text.endswith("\n"), text[-80:]
        for line in text[:-1].split("\n"):
            if line.startswith("# HELP "):
                family, _, told = line[7:].partition(" ")
                assert family not in self.helps, line
                self.helps[family] = told
            elif line.startswith("# TYPE "):
                name, kind = line[7:].split(" ")
                assert name == family, line
                self.types[name] = kind
            else:
                self.take(line, family)

    def take(self, line, family):
        found = SAMPLE.fullmatch(line)
        assert found, line
        name = found.group(1)
        if self.types[family] == "histogram":
            assert SUFFIXES.sub("", name) == family, line
        else:
            assert name == family, line
        labels = tuple(
            (key, re.sub(r"\\(.)", lambda m: {"n": "\n"}.get(
                m.group(1), m.group(1)), value))
            for key, value in LABEL.findall(found.group(2) or ""))
        assert (name, labels) not in self.values, line
        self.values[name, labels] = float(found.groups()[-1])

    def get(self, name, **labels):
        """A value, or None. The prefix flexfs_stat_ may be left out."""
        for full in (name, "flexfs_stat_" + name):
            for (known, had), value in self.values.items():
                if known == full and dict(had) == labels:
                    return value
        return None

    def all(self, name):
        """{labels' values: number} of a family."""
        return {tuple(value for _, value in labels): number
                for (known, labels), number in self.values.items()
                if known == "flexfs_stat_" + name}


def scrape(server, token):
    """The metrics of a server, for a reader."""
    answer = server.curl("/metrics", token=token)
    assert answer.status == 200, answer
    assert answer.headers["Content-Type"].startswith(
        "text/plain; version=0.0.4"), answer.headers
    return Metrics(answer.text())


def scrape_own(server):
    """Those on the address of --metricsAddr."""
    line = server.wait_log("metrics.ready")
    answer = server.curl(f"http://{line.fields['bind']}/metrics")
    assert answer.status == 200, answer
    return Metrics(answer.text())
