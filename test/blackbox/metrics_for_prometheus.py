# timeout: 400
"""A real Prometheus scrapes the real server, as a reader over TLS and on the
address of --metricsAddr, and its answers are right; promtool finds nothing
wrong with metrics and alerts."""

import json
import os
import subprocess
import time
import urllib.parse
import urllib.request

import support
from support import manual
from support.metrics import scrape, scrape_own

ALERTS = os.path.join(manual.TOP, "contrib", "prometheus-alerts.yml")
RULES = os.path.join(manual.TOP, "test", "golden", "alerts.yml")


def promtool(*words, stdin=""):
    done = subprocess.run(["promtool", *words], input=stdin, text=True,
                          capture_output=True, timeout=120, check=False)
    return done.returncode, done.stdout, done.stderr


class MetricsForPrometheus(support.TestCase):
    def open(self, **options):
        server = self.server(**options)
        server.create_account("acme")
        self.token = server.create_source("admin1", "acme")
        self.reader = server.create_token("prom", "reader")
        return server

    def test_promtool_has_nothing_to_say_of_the_metrics(self):
        server = self.open(args=["--metricsAddr", "localhost:0"]).start()
        server.send_report(self.token, support.make_report(
            [support.make_volume(1)]))
        texts = []
        self.wait_until(
            lambda: texts.append(server.curl(
                "/metrics", token=self.reader).text()) or
            "flexfs_stat_period_hours{" in texts[-1], "periods are told", 60)
        code, out, err = promtool("check", "metrics", stdin=texts[-1])
        # Volume-hours are what bills count in, and no time.
        self.assertEqual((out, err.splitlines()), ("", [
            'flexfs_stat_period_hours use base unit "seconds" instead of '
            '"hours"']))
        self.assertEqual(code, 3)

    def test_alerts_fire_when_they_should(self):
        code, out, err = promtool("check", "rules", ALERTS)
        self.assertEqual((code, err), (0, ""), out)
        code, out, err = promtool("test", "rules", RULES)
        self.assertEqual(code, 0, out + err)

    def test_every_alert_is_tested_and_told_of(self):
        with open(ALERTS, encoding="utf-8") as f:
            alerts = [line.split(": ")[1].strip() for line in f
                      if "- alert:" in line]
        with open(RULES, encoding="utf-8") as f:
            rules = f.read()
        self.assertGreater(len(alerts), 10)
        page = manual.read("man/stat.flexfs-metrics.7")
        for name in alerts:
            self.assertIn(f"alertname: {name}\n", rules)
            self.assertIn(f".It {name}\n", page)

    # --- who gets them ---

    def test_readers_of_all_accounts_get_them(self):
        server = self.open()
        tokens = {"one": server.create_token("one", "reader",
                                             account="acme"),
                  "op": server.create_token("op", "operator"),
                  "source": self.token}
        server.start()
        for name, status in (("one", 403), ("op", 200), ("source", 403)):
            answer = server.curl("/metrics", token=tokens[name])
            self.assertEqual(answer.status, status, answer)
        self.assertEqual(server.curl("/metrics").status, 401)
        self.assertEqual(server.curl("/metrics", "-X", "POST").status, 405)
        head = server.curl("/metrics", "--head", token=self.reader)
        self.assertEqual(head.status, 200)

    def test_their_own_address_has_nothing_else(self):
        for server in (self.open(args=["--metricsAddr", "127.0.0.1:0"]),
                       self.open(config='metrics_addr = "127.0.0.1:0"\n',
                                 tls=True)):
            server.start()
            bind = server.wait_log("metrics.ready").fields["bind"]
            m = scrape_own(server)
            self.assertEqual(m.get("reports_total", source="admin1",
                                   result="stored"), 0)
            for path, status in (("/", 404), ("/healthz", 404),
                                 ("/v1/reports", 404), ("/metrics/", 404),
                                 ("/metrics?x=1", 200)):
                for token in (None, self.reader):
                    answer = server.curl(f"http://{bind}{path}", token=token)
                    self.assertEqual(answer.status, status, path)
            answer = server.curl(f"http://{bind}/metrics", data=b"x")
            self.assertEqual(answer.status, 405)

    def test_the_flag_counts_over_the_setting(self):
        port = support.free_port()
        server = self.open(args=["--metricsAddr", f"127.0.0.1:{port}"],
                           config='metrics_addr = "127.0.0.1:1"\n')
        server.start()
        self.assertEqual(server.wait_log("metrics.ready").fields["bind"],
                         f"127.0.0.1:{port}")

    def test_an_address_that_is_none_is_refused(self):
        server = self.open()
        for address in ("9465", "host:9465", "127.0.0.1", "127.0.0.1:x"):
            done = server.cli("start", "--metricsAddr", address)
            self.assertEqual(done.code, 2, done)
            self.assertIn("--metricsAddr", done.stderr)
        server.write_config('metrics_addr = "host:9465"\n')
        done = server.cli("start", "--checkConfig", "--noSSL")
        self.assertEqual(done.code, 1)
        self.assertIn("metrics_addr: it needs an IPv4 address", done.stderr)

    def test_many_at_once_while_samples_are_read(self):
        server = self.open(args=["--metricsAddr", "127.0.0.1:0"]).start()
        now = int(time.time())
        volumes = [support.make_volume(2) for _ in range(3000)]
        for i in range(4):
            for v in volumes:
                v["sampled_at"] = support.rfc3339(now - i)
            answer = server.send_report(
                self.token, support.make_report(volumes))
            self.assertEqual(answer.status, 201)
        # Another process writes, so that all is read again.
        server.create_account("other")
        bind = server.wait_log("metrics.ready").fields["bind"]
        runs = [subprocess.Popen(
            ["curl", "-sS", "--noproxy", "*", f"http://{bind}/metrics"],
            stdout=subprocess.PIPE, text=True) for _ in range(10)]
        texts = [run.communicate(timeout=60)[0] for run in runs]
        for text in texts:
            self.assertIn('flexfs_stat_volume_bytes{account="acme"} 6000\n',
                          text)

    def test_a_server_that_ends_answers_who_waits(self):
        server = self.open(args=["--metricsAddr", "127.0.0.1:0"]).start()
        scrape_own(server)
        server.stop()

    # --- the real one ---

    def prometheus(self, server):
        folder = self.folder()
        bind = server.wait_log("metrics.ready").fields["bind"]
        with open(os.path.join(folder, "token"), "w",
                  encoding="utf-8") as f:
            f.write(self.reader)
        with open(os.path.join(folder, "prometheus.yml"), "w",
                  encoding="utf-8") as f:
            f.write(f"""
global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
rule_files: [{ALERTS}]
scrape_configs:
  - job_name: reader
    scheme: https
    authorization: {{credentials_file: {folder}/token}}
    tls_config: {{ca_file: {server.cert}}}
    static_configs: [{{targets: ["127.0.0.1:{server.port}"]}}]
  - job_name: own
    static_configs: [{{targets: ["{bind}"]}}]
""")
        port = support.free_port()
        with open(os.path.join(folder, "log"), "w",
                  encoding="utf-8") as log:
            process = subprocess.Popen(
                ["prometheus", f"--config.file={folder}/prometheus.yml",
                 f"--storage.tsdb.path={folder}/data",
                 f"--web.listen-address=127.0.0.1:{port}"],
                stdout=log, stderr=log)
        self.addCleanup(process.wait, 60)
        self.addCleanup(process.terminate)

        def ask(path, **params):
            query = urllib.parse.urlencode(params)
            try:
                with urllib.request.urlopen(
                        f"http://127.0.0.1:{port}/api/v1/{path}?{query}",
                        timeout=30) as answer:
                    return json.load(answer)["data"]
            except OSError:
                return None

        return ask

    def test_prometheus_scrapes_and_answers(self):
        server = self.open(tls=True, args=["--metricsAddr", "127.0.0.1:0"])
        server.start()
        ask = self.prometheus(server)

        def value(query):
            found = ask("query", query=query)
            return {one["metric"].get("job"): float(one["value"][1])
                    for one in found["result"]} if found else None

        both = {"reader": 1, "own": 1}
        self.wait_until(lambda: value("up") == both, "both are scraped",
                        timeout=120)
        server.send_report(self.token, support.make_report(
            [support.make_volume(7), support.make_volume(5)]))
        self.wait_until(
            lambda: value('flexfs_stat_volume_bytes{account="acme"}') ==
            {"reader": 12, "own": 12}, "the sizes are there", timeout=120)
        self.assertEqual(value(
            'flexfs_stat_reports_total{source="admin1",result="stored"}'),
            both)
        self.wait_until(
            lambda: value("histogram_quantile(1, rate("
                          "flexfs_stat_commit_duration_seconds_bucket[1m]))"),
            "there is a quantile", timeout=120)
        rules = ask("rules")["groups"][0]["rules"]
        self.assertGreater(len(rules), 10)
        self.wait_until(
            lambda: all(rule["health"] == "ok"
                        for rule in ask("rules")["groups"][0]["rules"]),
            "all rules were evaluated", timeout=120)
        targets = ask("targets")["activeTargets"]
        self.assertEqual([t["lastError"] for t in targets], ["", ""])

    # --- what takes longer ---

    def test_periods_are_counted_by_a_process(self):
        server = self.open(args=["--mockTime", "--mockStart",
                                 "2026-01-31T23:00:00Z", "--mockRate", "0"])
        operator = server.create_token("op", "operator")
        server.start()
        at = support.unix("2026-01-31T20:00:00Z")
        server.send_report(self.token, support.make_report(
            support.hourly(1 << 30, at, 2), sent_at=at + 7200))
        server.set_clock(operator, "2026-02-01T10:00:00Z")
        scrape(server, self.reader)

        def counted():
            m = scrape(server, self.reader)
            return m.all("periods") and m

        m = self.wait_until(counted, "periods are counted", timeout=60)
        # No rate: both are held, or will be.
        listed = json.loads(server.ok(
            "list", "periods", "--totals", "--output", "json", "--mockTime",
            "--mockStart", "2026-02-01T10:00:00Z", "--mockRate", "0"))
        states = {}
        for row in listed:
            states[row["state"]] = states.get(row["state"], 0) \
                + row["accounts"]
            self.assertEqual(
                [m.get("period_hours", period=row["period"], state=state)
                 for state in ("measured", "estimated", "unbilled")],
                [row["measured"], row["estimated"], row["unbilled"]])
        self.assertEqual({k: v for (k,), v in m.all("periods").items() if v},
                         states)
        self.assertEqual(m.get("period_hours", period="2026-01",
                               state="measured"), 2)


if __name__ == "__main__":
    support.main()
