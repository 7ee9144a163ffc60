"""contrib/grafana-dashboard.json is one that Grafana takes, asks for metrics
that there are, with labels that they have, and in expressions that Prometheus
understands."""

import json
import os
import re
import shutil
import subprocess

import support
from support import manual

BOARD = "contrib/grafana-dashboard.json"
H = "histogram"
SOURCE = "src/metrics.c"  # has what the server says of itself in a table
ROW = re.compile(r'\] = \{"(\w+)",\s*"(\w+)",\s*\{([^}]*)\}')
NAME = re.compile(r"\b(?:flexfs_stat|process)_\w+")
COLUMNS = 24


def metrics():
    """{metric: labels}; histograms are H."""
    return {name: H if kind == "histogram" else
            " ".join(re.findall(r'"(\w+)"', labels))
            for name, kind, labels in ROW.findall(manual.read(SOURCE))}


def labels_of(name, known):
    """The labels of a series, None when there is none of the name."""
    if name in known and known[name] != H:
        return known[name].split()
    base = re.sub(r"_(bucket|sum|count)$", "", name)
    if base != name and known.get(base) == H:
        return ["le"] if name.endswith("_bucket") else []
    return None


class MetricsDashboard(support.TestCase):

    def setUp(self):
        self.board = json.loads(manual.read(BOARD))
        self.panels = self.board["panels"]
        self.graphs = [p for p in self.panels if p["type"] != "row"]

    def targets(self):
        for panel in self.graphs:
            for target in panel["targets"]:
                yield panel, target

    def test_it_is_a_dashboard(self):
        self.assertIsNone(self.board["id"])
        self.assertGreaterEqual(self.board["schemaVersion"], 36)
        for member in ("uid", "title", "time", "templating", "annotations"):
            self.assertIn(member, self.board)
        ids = [panel["id"] for panel in self.panels]
        self.assertEqual(len(set(ids)), len(ids))
        titles = [panel["title"] for panel in self.graphs]
        self.assertEqual(len(set(titles)), len(titles))
        required = {r["id"] for r in self.board["__requires"]
                    if r["type"] == "panel"}
        self.assertEqual({p["type"] for p in self.graphs}, required)

    def test_panels_lie_side_by_side(self):
        taken = {}
        for panel in self.panels:
            at = panel["gridPos"]
            self.assertLessEqual(at["x"] + at["w"], COLUMNS)
            for x in range(at["x"], at["x"] + at["w"]):
                for y in range(at["y"], at["y"] + at["h"]):
                    self.assertNotIn((x, y), taken, panel["title"])
                    taken[x, y] = panel["title"]
        bottom = max(y for _, y in taken)
        self.assertEqual({y for _, y in taken}, set(range(bottom + 1)))

    def test_the_reader_chooses_data_and_server(self):
        variables = {v["name"]: v for v in self.board["templating"]["list"]}
        self.assertEqual(variables["datasource"]["query"], "prometheus")
        self.assertIn("flexfs_stat_build_info",
                      variables["instance"]["definition"])
        for panel in self.graphs:
            uses = [panel["datasource"]] + [t["datasource"]
                                            for t in panel["targets"]]
            self.assertEqual({use["uid"] for use in uses}, {"${datasource}"})
            refs = [t["refId"] for t in panel["targets"]]
            self.assertEqual(len(set(refs)), len(refs))
        for _, target in self.targets():
            names = NAME.findall(target["expr"])
            self.assertEqual(target["expr"].count('instance=~"$instance"'),
                             len(names), target["expr"])
            used = set(re.findall(r"\$(\w+)", target["expr"]))
            self.assertLessEqual(used, {"instance", "__rate_interval"})

    def test_metrics_and_labels_are_there(self):
        known = metrics()
        self.assertEqual(sorted(known), sorted(set(re.findall(
            r'\{"((?:flexfs_stat|process)_\w+)"', manual.read(SOURCE)))))
        self.assertGreater(len(known), 20)
        for panel, target in self.targets():
            names = NAME.findall(target["expr"])
            self.assertTrue(names, panel["title"])
            labels = {"instance"}
            for name in names:
                found = labels_of(name, known)
                self.assertIsNotNone(found, f"{name} is not there")
                labels |= set(found)
            used = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
            for group in re.findall(r"\b(?:by|on) \(([\w, ]*)\)",
                                    target["expr"]):
                used |= set(group.split(", "))
            used |= set(re.findall(r'(\w+)=~?"', target["expr"]))
            self.assertLessEqual(used, labels, target["expr"])

    def test_what_matters_is_shown(self):
        shown = {re.sub(r"_(bucket|sum|count)$", "", name)
                 for _, target in self.targets()
                 for name in NAME.findall(target["expr"])}
        left_out = {"flexfs_stat_grant_key_present",
                    "flexfs_stat_expected_interval_seconds",
                    "process_virtual_memory_bytes", "process_max_fds",
                    "process_start_time_seconds"}
        self.assertEqual(set(metrics()) - shown, left_out)

    def test_prometheus_understands_every_expression(self):
        if shutil.which("promtool") is None:
            self.skipTest("promtool is not installed")
        rules = [{"record": f"panel:{panel['id']}:{target['refId']}",
                  "expr": target["expr"]
                  .replace("$instance", ".*")
                  .replace("$__rate_interval", "5m")}
                 for panel, target in self.targets()]
        path = os.path.join(self.folder(), "rules.yml")
        with open(path, "w", encoding="utf-8") as f:
            json.dump({"groups": [{"name": "panels", "rules": rules}]}, f)
        done = subprocess.run(["promtool", "check", "rules", path],
                              capture_output=True, text=True, timeout=60,
                              check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn(f"{len(rules)} rules found", done.stdout)


if __name__ == "__main__":
    support.main()
