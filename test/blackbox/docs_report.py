"""stat.flexfs-api(7) describes report and answer as they are, and
stat.flexfs-metering(7) the bill."""

import json
import re

import support
from support import manual

PAGE = "stat.flexfs-api.7"
METERING = "stat.flexfs-metering.7"


def named(items):
    """The names of items `.It Va a , b`."""
    return {word for item in items
            for word in item.head.removeprefix("Va ").split(" , ")}


def lists(title):
    """The items of a section, in one set for each list."""
    found, inside = [], False
    wanted = False
    for line in manual.read(f"man/{PAGE}").splitlines():
        if line.startswith((".Sh", ".Ss")):
            wanted = line.split(" ", 1)[1] == title
        elif wanted and line.startswith(".Bl"):
            found.append([])
            inside = True
        elif line.startswith(".El"):
            inside = False
        elif inside and line.startswith(".It"):
            found[-1].append(manual.Item(line[4:]))
    return [named(items) for items in found]


def members(table):
    """The names of a table of members in the parser."""
    body = re.search(rf"{table}\[\] = \{{(.*?)\}};",
                     manual.code("src/report.c"), re.DOTALL).group(1)
    return set(re.findall(r'MEMBER\("(\w+)"', body))


def examples(title):
    """The literal displays of a section that are JSON objects."""
    section = re.search(rf"\.S[hs] {title}\n(.*?)\n\.S[hs] ",
                        manual.read(f"man/{PAGE}"), re.DOTALL).group(1)
    texts = re.findall(r"\.Bd -literal\n(\{.*?)\n\.Ed", section, re.DOTALL)
    return [json.loads(text) for text in texts]


class DocsReport(support.TestCase):
    def start(self):
        server = self.server(args=[
            "--mockTime", "--mockStart", "2026-11-22T18:00:05Z",
            "--mockRate", "0"])
        server.create_account("acme")
        server.create_rate("acme", "0.03")
        token = server.create_source("admin1", "acme")
        return server.start(), token

    def test_members_of_a_report_are_the_parsers(self):
        report, volume, _ = lists("THE REPORT")
        self.assertEqual(report, members("report_members"))
        self.assertEqual(volume, members("volume_members"))

    def test_members_of_inner_objects_are_named(self):
        text = manual.read(f"man/{PAGE}")
        for name in members("admin_members") | members("bin_members"):
            self.assertRegex(text, rf"\.Va {name}\b")

    def test_the_example_is_taken_and_answered_as_shown(self):
        server, token = self.start()
        report, = examples("THE REPORT")
        shown, = examples("The answer")
        answer = server.send_report(token, report)
        self.assertEqual(answer.status, 201)
        got = answer.json()
        self.assertEqual(list(got), list(shown))
        for name in ("report_id", "received_at", "stored", "duplicates",
                     "quarantined", "unknown_members"):
            self.assertEqual(got[name], shown[name])
        self.assertEqual(named(manual.section(
            PAGE, "THE REPORT", "The answer").items) | {"report_id"},
            set(got) | {"grant"})

    def test_a_problem_looks_as_shown(self):
        server, token = self.start()
        report, = examples("THE REPORT")
        report["volumes"] = [dict(report["volumes"][0], bytes=n)
                             for n in (1, 2, 3, -4)]
        shown, = examples("PROBLEMS")
        self.assertEqual(server.send_report(token, report).json(), shown)

    def test_reasons_of_quarantine_are_the_ledgers(self):
        said = {item.head.removeprefix("Li ") for item in
                manual.section(PAGE, "THE REPORT", "Quarantine").items
                if item.head.startswith("Li ")}
        self.assertEqual(said, set(re.findall(
            r'\[QUARANTINE_\w+\] = "(\w+)"', manual.code(
                "src/quarantine.c"))))

    def test_members_of_a_sample_that_waits_are_the_programs(self):
        server, token = self.start()
        operator = server.create_token("kim", "operator")
        report, = examples("THE REPORT")
        report["volumes"][0]["sampled_at"] = "2020-01-01T00:00:00Z"
        server.send_report(token, report)
        waits, = server.curl("/v1/quarantine", token=operator).json()[
            "quarantine"]
        told = server.curl("/v1/quarantine/1/release", token=operator,
                           json={"reason": "r"}).json()
        self.assertEqual(lists("Quarantine")[-1], set(waits))
        text = " ".join(manual.section(
            PAGE, "THE REPORT", "Quarantine").lines)
        for name in set(told) - set(waits):
            self.assertIn(f".Va {name} ", text + " ")

    def test_states_and_reasons_are_the_bills(self):
        section = manual.section(METERING, "METERING", "States")
        code = manual.code("src/invoice.c")
        states, reasons = (re.search(rf"{name}\[\] = \{{([^}}]*)\}}", code)
                           .group(1) for name in ("states", "reasons"))
        self.assertEqual({i.head.removeprefix("Li ") for i in section.items},
                         set(re.findall(r'"(\w+)"', states)))
        held = "\n".join(next(i for i in section.items
                              if i.head == "Li held").lines)
        self.assertEqual(set(re.findall(r"\.Pq Li (\w+)", held)),
                         set(re.findall(r'"(\w+)"', reasons)))

    def test_members_of_a_bill_are_the_programs(self):
        server, token = self.start()
        report, = examples("THE REPORT")
        server.send_report(token, report)
        bill = json.loads(server.ok(
            "report", "--period", "2026-Q4", "--account", "acme",
            "--format", "json", "--mockTime", "--mockStart",
            "2026-11-22T19:00:00Z", "--mockRate", "0"))
        there = set(bill) | set(bill["hours"]) | set(bill["lines"][0])
        there |= set(re.findall(  # there is nothing to correct
            r'\(w, "(\w+)"', re.search(
                r"^put_correction\(.*?^}", manual.code("src/summary_json.c"),
                re.DOTALL | re.MULTILINE).group()))
        lines = manual.section(METERING, "METERING", "Checking a bill").lines
        said = {word for line in lines if line.startswith(".Va ")
                for word in re.findall(r"\w+", line[4:])}
        self.assertEqual(said - {"Hm"}, there - {"lines"})


if __name__ == "__main__":
    support.main()
