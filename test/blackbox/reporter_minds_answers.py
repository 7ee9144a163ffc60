"""contrib/report-usage by the server's answers: what is sent again, what is
set aside, what is told; and bounds, locks, secrets, certificates."""
# timeout: 300

import gzip
import json
import os
import re
import subprocess
import time

import support
from support import manual
from support.reporter import SCRIPT, Gateway, Reporter

UUID = "1b4e28ba-2fa1-41d2-883f-0016d3cca42"


class ReporterMindsAnswers(support.TestCase):
    def open(self, tls=False, gateway=False, **settings):
        self.it = self.server(tls=tls)
        self.it.create_account("acme")
        self.it.create_account("other")
        self.token = self.it.create_source("admin1", "acme")
        self.it.start()
        self.gateway = Gateway(self.it.port) if gateway else None
        if gateway:
            self.addCleanup(self.gateway.close)
        url = self.gateway.url() if gateway else self.it.url("")
        reporter = Reporter(self.folder(), url, self.token, **settings)
        reporter.list([(UUID + "0", 1024)])
        self.now = int(time.time())
        return reporter

    def volumes(self):
        return json.loads(self.it.ok("list", "volumes", "--output", "json"))

    # --- answers -------------------------------------------------------------

    def test_it_is_sent_and_gone(self):
        reporter = self.open()
        run = reporter.run()
        self.assertEqual(run, (0, ""))
        self.assertEqual(reporter.waiting(), [])
        volume, = self.volumes()
        self.assertEqual(volume["last_bytes"], 1024)
        self.assertLess(abs(support.unix(
            volume["last_sampled_at"]) - self.now), 60)
        self.assertEqual(reporter.run(None, "--sendOnly"), (0, ""))

    def test_the_oldest_goes_first_with_the_same_bytes(self):
        reporter = self.open(gateway=True)
        self.gateway.mood = "lose"
        times = [self.now - 3600 * n for n in (5, 4, 3)]
        for at in times:
            self.assertEqual(reporter.run(at).code, 3)
        self.gateway.mood = "pass"
        first = self.gateway.seen[0]
        self.assertEqual(self.gateway.seen, [first] * 3)
        self.assertEqual(reporter.run(self.now).code, 0)
        bodies = [json.loads(seen.partition(b"\r\n\r\n")[2])
                  for seen in self.gateway.seen[2:]]
        self.assertEqual(
            [support.unix(b["volumes"][0]["sampled_at"]) for b in bodies],
            [times[0], times[0], times[1], times[2], self.now])
        self.assertEqual(self.gateway.seen[3], first)
        self.assertEqual(len({b["report_id"] for b in bodies}), 4)

    def test_what_will_never_be_taken_is_set_aside(self):
        reporter = self.open()
        # A time that only looks like one.
        reporter.list([(UUID + "0", 1, "", "", "2026-13-31T00:00:00Z")])
        run = reporter.run(self.now - 60)
        self.assertEqual(run.code, 4)
        self.assertIn("422", run.text)
        self.assertIn("retired_at", run.text)
        name, words = reporter.rejected()
        self.assertEqual(words, name + ".answer")
        self.assertEqual(reporter.waiting(), [])
        with open(os.path.join(reporter.spool, "rejected", words),
                  encoding="utf-8") as f:
            self.assertEqual(json.load(f)["status"], 422)
        # It keeps no other one, and is not forgotten.
        reporter.list([(UUID + "0", 2)])
        run = reporter.run(self.now)
        self.assertEqual(run.code, 0)
        self.assertIn("rejected reports, to be looked at", run.text)
        self.assertEqual(self.volumes()[0]["last_bytes"], 2)

    def test_each_status(self):
        for status, code, kept in (
                (400, 4, "rejected"), (413, 4, "rejected"),
                (422, 4, "rejected"), (401, 4, "waiting"),
                (403, 4, "waiting"), (404, 4, "waiting"),
                (405, 4, "waiting"), (415, 4, "waiting"),
                (302, 4, "waiting"), (204, 4, "waiting"),
                (429, 3, "waiting"), (500, 3, "waiting"),
                (502, 3, "waiting"), (503, 3, "waiting")):
            with self.subTest(status=status):
                gateway = Gateway()
                self.addCleanup(gateway.close)
                gateway.mood = ("answer", status, b'{"detail":"a b \\"c\\""}')
                reporter = Reporter(self.folder(), gateway.url(), "t")
                reporter.list([(UUID + "0", 1)])
                run = reporter.run(1790812800)
                self.assertEqual(run.code, code)
                self.assertIn(str(status), run.text)
                if status != 204:
                    self.assertIn('a b \\"c\\"', run.text)
                self.assertEqual(len(reporter.waiting()), kept == "waiting")
                self.assertEqual(
                    len(reporter.rejected()), 2 * (kept == "rejected"))
                # One that waits is not passed by, whatever is behind it.
                reporter.run(1790812800 + 3600)
                self.assertEqual(len(gateway.seen), 2)
                same = gateway.seen[0] == gateway.seen[1]
                self.assertEqual(same, kept == "waiting")

    def test_a_page_of_somebody_else_is_no_answer(self):
        reporter = self.open(gateway=True)
        self.gateway.mood = "portal"
        run = reporter.run(self.now)
        self.assertEqual(run.code, 3)
        self.assertIn("not as stat.flexfs does", run.text)
        self.gateway.mood = ("answer", 200, json.dumps(
            {"report_id": support.new_uuid()}).encode())
        self.assertEqual(reporter.run(None, "--sendOnly").code, 3)
        self.gateway.mood = "pass"
        self.assertEqual(reporter.run(None, "--sendOnly"), (0, ""))

    def test_a_token_that_is_not_known(self):
        reporter = self.open()
        reporter.write_token("ffs_" + "0" * 64)
        run = reporter.run(self.now - 3600)
        self.assertEqual(run.code, 4)
        self.assertIn("401", run.text)
        self.assertEqual(len(reporter.waiting()), 1)
        reporter.write_token(self.token)
        self.assertEqual(reporter.run(self.now).code, 0)
        self.assertEqual(reporter.waiting(), [])

    def test_an_account_that_is_not_the_sources(self):
        reporter = self.open()
        reporter.list([(UUID + "0", 1, "", "other")])
        run = reporter.run(self.now)
        self.assertEqual(run.code, 4)
        self.assertIn('403 this source may not report for', run.text)
        self.assertEqual(len(reporter.waiting()), 1)
        self.it.ok("update", "source", "--name", "admin1", "--account",
                   "acme", "--account", "other")
        self.assertEqual(reporter.run(None, "--sendOnly"), (0, ""))

    def test_nobody_answers(self):
        port = support.free_port()
        reporter = Reporter(self.folder(), f"http://127.0.0.1:{port}", "t")
        reporter.list([(UUID + "0", 1)])
        run = reporter.run()
        self.assertEqual(run.code, 3)
        self.assertIn("does not answer: curl: (7)", run.text)
        self.assertEqual(len(reporter.waiting()), 1)

    # --- bounds --------------------------------------------------------------

    def test_nothing_is_thrown_away_when_the_spool_is_full(self):
        for bound in ({"max_reports": 3}, {"max_bytes": 700}):
            with self.subTest(**bound):
                port = support.free_port()
                reporter = Reporter(
                    self.folder(), f"http://127.0.0.1:{port}", "t", **bound)
                reporter.list([(UUID + "0", 1)])
                for n in range(3):
                    self.assertEqual(
                        reporter.run(1790812800 + 3600 * n).code, 3)
                before = reporter.waiting()
                self.assertEqual(len(before), 3)
                run = reporter.run(1790812800 + 3600 * 3)
                self.assertEqual(run.code, 1)
                self.assertIn("is full", run.text)
                self.assertIn("are not kept", run.text)
                self.assertEqual(reporter.waiting(), before)

    def test_a_full_spool_that_is_sent_has_room(self):
        """Also for the sizes that there was none for."""
        reporter = self.open(gateway=True, max_reports=2)
        self.gateway.mood = "busy"
        for n in (4, 3):
            self.assertEqual(reporter.run(self.now - 3600 * n).code, 3)
        self.gateway.mood = "pass"
        run = reporter.run(self.now - 7200)
        self.assertEqual(run.code, 0)
        self.assertIn("kept after all", run.text)
        self.assertEqual(len(self.gateway.seen), 5)

    def test_a_list_that_cannot_be_had(self):
        reporter = self.open(gateway=True)
        self.gateway.mood = "busy"
        self.assertEqual(reporter.run(self.now - 3600).code, 3)
        self.gateway.mood = "pass"
        reporter.settings.update(
            list_file=None, list_command=f"echo '{UUID}0\t1'; exit 7")
        run = reporter.run(self.now)
        self.assertEqual(run.code, 1)
        self.assertIn("could not be had", run.text)
        # What was there was sent all the same.
        self.assertEqual(reporter.waiting(), [])
        self.assertEqual(self.volumes()[0]["last_bytes"], 1024)
        reporter.settings.update(
            list_command=f"printf '{UUID}0\\t%s\\n' 77")
        self.assertEqual(reporter.run(self.now), (0, ""))
        self.assertEqual(self.volumes()[0]["last_bytes"], 77)

    def test_from_standard_input(self):
        reporter = self.open()
        run = reporter.run(None, "--listFile", "-",
                           stdin=f"{UUID}0\t5\n".encode())
        self.assertEqual(run, (0, ""))
        self.assertEqual(self.volumes()[0]["last_bytes"], 5)

    def test_more_volumes_than_a_report_may_have(self):
        reporter = self.open(gateway=True, complete="yes")
        reporter.list([(support.new_uuid(), n, "n" * 200)
                       for n in range(20005)])
        run = reporter.run(self.now)
        self.assertEqual(run.code, 0)
        self.assertIn("too long for one report", run.text)
        reports = []
        for seen in self.gateway.seen:
            head, _, body = seen.partition(b"\r\n\r\n")
            self.assertEqual(b"Content-Encoding: gzip" in head,
                             body[:2] == b"\x1f\x8b")
            if body[:2] == b"\x1f\x8b":
                body = gzip.decompress(body)
            self.assertLess(len(body), 8 << 20)
            reports.append(json.loads(body))
        self.assertGreater(len(reports), 1)
        self.assertEqual({r["complete"] for r in reports}, {False})
        self.assertEqual(len(self.volumes()), 20005)

    def test_what_a_complete_list_leaves_out_is_missing(self):
        reporter = self.open(complete="yes")
        reporter.list([(UUID + "0", 1), (UUID + "1", 1)])
        self.assertEqual(reporter.run(self.now - 10).code, 0)
        # With a line that is no good it is not complete.
        reporter.list([(UUID + "0", 1), (UUID + "1", "many")])
        self.assertEqual(reporter.run(self.now - 5).code, 4)
        self.assertEqual({v["state"] for v in self.volumes()}, {"live"})
        reporter.list([(UUID + "0", 1)])
        self.assertEqual(reporter.run(self.now).code, 0)
        self.assertEqual({v["volume_id"]: v["state"] for v in self.volumes()},
                         {UUID + "0": "live", UUID + "1": "missing"})
        reporter.list([])
        self.assertEqual(reporter.run(self.now + 1).code, 0)
        self.assertEqual({v["state"] for v in self.volumes()}, {"missing"})

    # --- at once -------------------------------------------------------------

    def test_several_runs_at_once(self):
        reporter = self.open(gateway=True)
        self.gateway.mood = "busy"
        self.assertEqual(reporter.run(self.now - 7200).code, 3)
        self.gateway.mood = "pass"
        runs = [reporter.start(self.now - 60 * (n % 3)) for n in range(6)]
        self.assertEqual([run.wait(120) for run in runs], [0] * 6)
        self.assertEqual(reporter.waiting(), [])
        self.assertEqual(reporter.leftovers(), [])
        # Each instant once, whoever was first.
        self.assertEqual(len(self.gateway.seen), 1 + 1 + 3)

    # --- secrets -------------------------------------------------------------

    def test_the_token_is_shown_to_nobody(self):
        reporter = self.open()
        seen = reporter.path("seen")
        for tool in ("curl", "awk", "sed", "mv"):
            real = subprocess.run(
                ["sh", "-c", f"command -v {tool}"], check=True,
                capture_output=True, text=True).stdout.strip()
            reporter.put_before(tool, f"""
                tr '\\0' '\\n' </proc/$$/cmdline >>{seen}
                tr '\\0' '\\n' </proc/$$/environ >>{seen}
                exec {real} "$@" """)
        self.assertEqual(reporter.run().code, 0)
        with open(seen, encoding="utf-8", errors="replace") as f:
            text = f.read()
        self.assertIn("--data-binary", text)
        self.assertIn("PATH=", text)
        self.assertNotIn(self.token, text)
        for folder, _, names in os.walk(reporter.folder):
            for name in names:
                path = os.path.join(folder, name)
                with open(path, "rb") as f:
                    if path != reporter.token_file:
                        self.assertNotIn(self.token.encode(), f.read(), path)

    def test_a_token_that_others_can_read(self):
        reporter = self.open()
        for mode in (0o640, 0o604, 0o620):
            os.chmod(reporter.token_file, mode)
            run = reporter.run()
            self.assertEqual(run.code, 2)
            self.assertIn("chmod 600", run.text)
        os.chmod(reporter.token_file, 0o400)
        self.assertEqual(reporter.run().code, 0)

    # --- TLS -----------------------------------------------------------------

    def pin(self, path):
        key = subprocess.run(
            f"openssl x509 -in {path} -noout -pubkey |"
            " openssl pkey -pubin -outform der |"
            " openssl dgst -sha256 -binary | openssl base64", shell=True,
            check=True, capture_output=True, text=True).stdout.strip()
        return f"sha256//{key}"

    def test_certificates(self):
        reporter = self.open(tls=True)
        run = reporter.run(self.now - 30)
        self.assertEqual(run.code, 3)
        self.assertIn("certificate", run.text)
        reporter.settings["ca_file"] = self.it.cert
        self.assertEqual(reporter.run(self.now - 20).code, 0)
        good = self.pin(self.it.cert)
        reporter.settings.update(pinned_key=good)
        self.assertEqual(reporter.run(self.now - 10).code, 0)
        reporter.settings.update(ca_file=None)
        self.assertEqual(reporter.run(self.now - 5).code, 0)
        reporter.settings.update(pinned_key=good[:8] + "A" * 43 + "=")
        self.assertEqual(reporter.run(self.now).code, 3)
        self.assertEqual(len(reporter.waiting()), 1)

    # --- grants --------------------------------------------------------------

    def test_the_grant_is_kept(self):
        reporter = self.open()
        reporter.settings["grant_file"] = reporter.path("grant")
        self.assertEqual(reporter.run(self.now - 5).code, 0)
        self.assertFalse(os.path.exists(reporter.path("grant")))
        self.it.ok("create", "identity", db=False)
        self.it.stop()
        self.it.start(port=self.it.port)
        self.assertEqual(reporter.run(self.now).code, 0)
        self.assertIn("state=valid source=admin1 ", self.it.ok(
            "verify", "grant", reporter.path("grant"), db=False))

    # --- settings ------------------------------------------------------------

    def test_wrong_settings(self):
        for name, value, said in (
                ("url", "http://stat.example.com", "https://"),
                ("url", "ftp://127.0.0.1", "https://"),
                ("url", 'https://x"', "characters"),
                ("url", "", "url is not set"),
                ("spool", "spool", "whole path"),
                ("complete", "maybe", "no such setting or value"),
                ("max_reports", "many", "no such setting or value"),
                ("timeout", "0", "above 0"),
                ("token", "x", "no such setting or value"),
                ("PATH", "x", "no such setting or value"),
                ("ca_file", "/nowhere", "cannot read"),
                ("token_file", "/nowhere", "cannot read"),
                ("list_file", None, "neither list_command nor list_file")):
            with self.subTest(name=name, value=value):
                reporter = Reporter(
                    self.folder(), "http://127.0.0.1:1", "t")
                reporter.settings[name] = value
                run = reporter.run()
                self.assertEqual(run.code, 2)
                self.assertIn(said, run.text)
        for words in (["--at", "now"], ["--at"], ["--nothing"], ["x"]):
            run = reporter.run(None, *words)
            self.assertEqual(run.code, 2)

    def test_the_manual_has_every_setting_flag_and_status(self):
        page = manual.read("man/flexfs-report-usage.8")
        sample = manual.read("contrib/report-usage.conf")
        names = set(re.findall(r"^#?(\w+) =", sample, re.MULTILINE))
        self.assertEqual(
            set(re.findall(r"^\.It Va (\w+)$", page, re.MULTILINE)), names)
        script = manual.read("contrib/report-usage")
        begin = script.index("config_file=")
        defaults = dict(re.findall(
            r"^(\w+)=(.*)$", script[begin:script.index("\n# By how much")],
            re.MULTILINE))
        path = defaults.pop("config_file")
        self.assertIn(f".Pa {path} .", page)
        self.assertEqual(set(defaults), names)
        for name, value in re.findall(r"^#(\w+) = ?(.*)$", sample,
                                      re.MULTILINE):
            if name != "pinned_key":
                self.assertEqual(defaults[name], value, name)
            if value and name != "pinned_key":
                item = page[page.index(f".It Va {name}\n"):]
                self.assertRegex(item[:item.index("\n.It", 1)],
                                 rf"Default:\n?(\.Pa | |\.Ql )"
                                 rf"{re.escape(value)}\b")
        flags = set(re.findall(r"^  (--\w+)", subprocess.run(
            [SCRIPT, "--help"], check=True,
            capture_output=True, text=True).stdout, re.MULTILINE))
        self.assertEqual({f"--{name}" for name in re.findall(
            r"^\.It Fl Fl (\w+)", page, re.MULTILINE)}, flags)
        statuses = page[page.index(".Sh EXIT STATUS"):]
        self.assertEqual(re.findall(r"^\.It (\d)$", statuses, re.MULTILINE),
                         ["0", "1", "2", "3", "4"])


if __name__ == "__main__":
    support.main()
