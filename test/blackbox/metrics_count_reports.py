# timeout: 300
"""Metrics say what has just happened to reports, samples and requests."""

import gzip
import json
import os
import resource
import signal
import time

import support
from support.metrics import scrape


class MetricsCountReports(support.TestCase):
    def open(self, **options):
        server = self.server(**options)
        server.create_account("acme")
        server.create_account("other")
        self.token = server.create_source("admin1", "acme")
        self.reader = server.create_token("prom", "reader")
        return server.start()

    def send(self, server, *volumes, **members):
        return server.send_report(
            self.token, support.make_report(volumes, **members))

    def test_all_is_zero_before_anything_happened(self):
        server = self.open()
        m = scrape(server, self.reader)
        self.assertEqual(m.all("reports_total"), {("admin1", "stored"): 0})
        self.assertEqual(m.all("samples_total"), {
            ("stored",): 0, ("duplicate",): 0, ("quarantined",): 0})
        self.assertEqual(m.all("source_last_report_timestamp_seconds"),
                         {("admin1",): 0})
        self.assertEqual(m.all("source_clock_skew_seconds"), {})
        self.assertEqual(m.all("volume_bytes"), {})
        self.assertEqual(m.get("commit_duration_seconds_count"), 0)
        self.assertEqual(m.get("build_info", version=server.ok(
            "version", db=False).split()[-1]), 1)

    def test_each_result_is_counted(self):
        server = self.open()
        report = support.make_report([support.make_volume(5)])
        url = "/v1/reports"
        text = json.dumps(report).encode()
        other = dict(report, volumes=[support.make_volume(6)])
        kind = ("-H", "Content-Type: application/json")
        for expected, words, body in (
                (201, kind, text),
                (200, kind, text),
                (200, kind, text),
                (422, kind, json.dumps(other).encode()),
                (403, kind, json.dumps(support.make_report(
                    [support.make_volume(1, account="other")])).encode()),
                (422, kind, b'{"report_id":1}'),
                (400, kind, b'{"report_id":'),
                (415, ("-H", "Content-Type: text/csv"), text),
                (415, (*kind, "-H", "Content-Encoding: br"), text),
                (400, (*kind, "-H", "Content-Encoding: gzip"), text),
                (413, (*kind, "-H", "Content-Encoding: gzip"),
                 gzip.compress(b" " * (9 << 20)))):
            answer = server.curl(url, *words, token=self.token, data=body)
            self.assertEqual(answer.status, expected, answer)
        m = scrape(server, self.reader)
        self.assertEqual(m.all("reports_total"), {
            ("admin1", "stored"): 1, ("admin1", "replayed"): 2,
            ("admin1", "reused"): 1, ("admin1", "denied"): 1,
            ("admin1", "invalid"): 1, ("admin1", "malformed"): 2,
            ("admin1", "unsupported"): 2, ("admin1", "too_large"): 1})
        self.assertEqual(m.get("samples_total", result="stored"), 1)
        requests = m.all("http_requests_total")
        self.assertEqual(requests, {
            ("POST", "201"): 1, ("POST", "200"): 2, ("POST", "422"): 2,
            ("POST", "403"): 1, ("POST", "400"): 2, ("POST", "415"): 2,
            ("POST", "413"): 1})

    def test_samples_and_quarantine(self):
        server = self.open()
        now = int(time.time())
        fine = support.make_volume(5, sampled_at=now)
        self.send(server, fine, support.make_volume(7, sampled_at=now),
                  support.make_volume(1, sampled_at=now + 9000),
                  support.make_volume(1, sampled_at=now + 9001))
        self.send(server, fine, sent_at=now - 5)
        m = scrape(server, self.reader)
        self.assertEqual(m.all("samples_total"), {
            ("stored",): 2, ("duplicate",): 1, ("quarantined",): 2})
        self.assertEqual(m.get("quarantine_samples"), 2)
        self.assertEqual(m.all("volume_bytes"), {("acme",): 12})
        skew = m.get("source_clock_skew_seconds", source="admin1")
        self.assertTrue(-65 <= skew <= -4, skew)
        last = m.get("source_last_report_timestamp_seconds", source="admin1")
        self.assertTrue(now <= last <= now + 60, (now, last))
        server.ok("discard", "1", "--reason", "wrong clock")
        server.ok("release", "2", "--reason", "right")
        m = scrape(server, self.reader)
        self.assertEqual(m.get("quarantine_samples"), 0)
        self.assertEqual(m.all("volume_bytes"), {("acme",): 13})

    def test_what_was_stored_is_there_after_a_restart(self):
        server = self.open()
        now = int(time.time())
        self.send(server, support.make_volume(5, sampled_at=now),
                  support.make_volume(6, sampled_at=now),
                  support.make_volume(1, sampled_at=now + 9000))
        before = scrape(server, self.reader)
        server.stop()
        server.start()
        after = scrape(server, self.reader)
        self.assertEqual(after.all("volume_bytes"), {("acme",): 11})
        self.assertEqual(after.get("quarantine_samples"), 1)
        self.assertEqual(after.get("reports_total", source="admin1",
                                   result="stored"), 0)
        last = [m.get("source_last_report_timestamp_seconds",
                      source="admin1") for m in (before, after)]
        self.assertTrue(0 <= last[0] - last[1] <= 60, last)

    def test_a_source_that_is_switched_off_is_not_waited_for(self):
        server = self.open()
        self.send(server, support.make_volume(5))
        server.ok("update", "source", "--name", "admin1", "--disable")
        m = scrape(server, self.reader)
        self.assertEqual(m.all("source_last_report_timestamp_seconds"), {})
        self.assertEqual(m.get("reports_total", source="admin1",
                               result="stored"), 1)

    def test_histograms_add_up(self):
        server = self.open()
        for i in range(5):
            self.send(server, *(support.make_volume(1) for _ in range(i * 3)))
        m = scrape(server, self.reader)
        for name, bounds in (("commit_duration_seconds", 14),
                             ("commit_rows", 11),
                             ("http_request_duration_seconds", 13)):
            buckets = [(float(labels[0]), value) for labels, value
                       in m.all(name + "_bucket").items()]
            self.assertEqual(len(buckets), bounds + 1)
            self.assertEqual(buckets, sorted(buckets))
            self.assertEqual([v for _, v in buckets],
                             sorted(v for _, v in buckets))
            self.assertEqual(buckets[-1][0], float("inf"))
            self.assertEqual(buckets[-1][1], m.get(name + "_count"))
            self.assertEqual(m.get(name + "_count"), 5)
            self.assertEqual(m.types["flexfs_stat_" + name], "histogram")
        self.assertEqual(m.get("commit_rows_sum"), 30)
        rows = m.all("commit_rows_bucket")
        self.assertEqual((rows["1",], rows["10",], rows["50",]), (1, 4, 5))
        self.assertGreater(m.get("commit_duration_seconds_sum"), 0)

    def test_a_commit_that_fails_is_counted(self):
        server = self.open()
        self.send(server, support.make_volume(1))
        limit = resource.RLIMIT_FSIZE
        old = resource.prlimit(server.pid, limit, (1, resource.RLIM_INFINITY))
        self.assertEqual(self.send(server, support.make_volume(1)).status, 503)
        resource.prlimit(server.pid, limit, old)
        m = scrape(server, self.reader)
        self.assertEqual(m.get("reports_total", source="admin1",
                               result="failed"), 1)
        self.assertEqual(m.get("commit_failures_total"), 1)
        self.assertEqual(m.get("samples_total", result="stored"), 1)
        self.assertEqual(m.all("volume_bytes"), {("acme",): 1})

    def test_the_machine_is_told_of(self):
        server = self.open(tls=True)
        m = scrape(server, self.reader)
        size = sum(os.path.getsize(os.path.join(server.db, name))
                   for name in ("stat.db", "stat.db-wal"))
        self.assertEqual(m.get("db_size_bytes"), size)
        self.assertEqual(m.get("connections"), 1)
        self.assertEqual(m.get("grant_key_present"), 0)
        end = m.get("cert_expiry_timestamp_seconds") - int(time.time())
        self.assertTrue(364 * 86400 < end < 366 * 86400, end)
        self.assertTrue(
            10 <= m.get("process_open_fds") < m.get("process_max_fds"))
        self.assertGreater(m.get("process_cpu_seconds_total"), 0)
        self.assertGreater(m.get("process_resident_memory_bytes"), 1 << 20)
        started = m.get("process_start_time_seconds")
        self.assertTrue(0 <= time.time() - started <= 300, started)
        # It is the key that the server has, not one that lies there.
        server.ok("create", "identity", db=False)
        self.assertEqual(scrape(server, self.reader).get("grant_key_present"),
                         0)
        server.signal(signal.SIGHUP)
        server.wait_log("server.reloaded")
        self.assertEqual(scrape(server, self.reader).get("grant_key_present"),
                         1)

    def test_clients_cannot_make_labels(self):
        server = self.open()
        for i in range(30):
            server.raw(f"M{i} /p{i}?q={i} HTTP/1.1\r\nHost: h{i}\r\n\r\n"
                       .encode(), answers=1)
        m = scrape(server, self.reader)
        self.assertEqual(m.all("http_requests_total"), {("other", "404"): 30})


if __name__ == "__main__":
    support.main()
