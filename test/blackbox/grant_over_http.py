"""GET /v1/grant and want_grant: who is given a grant, when it is a new one,
and that the answer to a report stays the same."""

import json
import os
import signal
import subprocess

import support
from support import grants

START = "2026-03-01T00:00:00Z"


class GrantOverHttp(support.TestCase):
    def open(self, identity=True, **options):
        it = self.server(args=("--mockTime", "--mockStart", START,
                               "--mockRate", "0"), **options)
        it.create_account("acme")
        self.token = it.create_source("admin1", "acme")
        self.other = it.create_source("admin2", "acme")
        self.operator = it.create_token("op", "operator")
        if identity:
            it.ok("create", "identity", db=False)
        self.public = os.path.join(grants.folder_of(it), "public.pem")
        return it.start()

    def get(self, it, token=None):
        answer = it.curl("/v1/grant", token=token or self.token)
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.headers["Cache-Control"], "no-store")
        return answer.json()

    def hang_up(self, it, event="server.reloaded"):
        mark = it.mark()
        it.signal(signal.SIGHUP)
        return it.wait_log(event, after=mark)

    def report(self, **members):
        return json.dumps(support.make_report(
            [], sent_at=support.unix(START), **members)).encode()

    def send(self, it, body):
        answer = it.curl("/v1/reports", "-H", "Content-Type: application/json",
                         token=self.token, data=body)
        self.assertIn(answer.status, (200, 201))
        return answer

    def test_a_source_is_given_its_own(self):
        it = self.open()
        told = self.get(it)
        start = support.unix(START)
        seen = grants.jose_verifies(told["grant"], self.public, start + 60)
        self.assertIsInstance(seen, dict)
        self.assertEqual(seen["payload"]["source"], "admin1")
        self.assertEqual(seen["payload"]["iat"], start)
        self.assertEqual(seen["payload"]["exp"], start + 30 * 86400)
        self.assertEqual(told["source"], "admin1")
        self.assertEqual(told["issued_at"], START)
        self.assertEqual(told["expires_at"], "2026-03-31T00:00:00Z")
        self.assertTrue(grants.openssl_verifies(told["grant"], self.public))
        self.assertEqual(self.get(it, self.other)["source"], "admin2")
        # Nobody else is given one.
        self.assertEqual(it.curl("/v1/grant").status, 401)
        self.assertEqual(
            it.curl("/v1/grant", token=self.operator).status, 403)
        it.ok("update", "source", "--name", "admin2", "--disable")
        self.assertEqual(it.curl("/v1/grant", token=self.other).status, 403)

    def test_it_is_given_again_and_then_renewed(self):
        it = self.open(config='grant_expiry = "20d"\n')
        first = self.get(it)
        self.assertEqual(first["expires_at"], "2026-03-21T00:00:00Z")
        it.set_clock(self.operator, "2026-03-02T23:59:59Z")
        self.assertEqual(self.get(it), first)
        it.set_clock(self.operator, "2026-03-03T00:00:00Z")
        second = self.get(it)
        self.assertEqual(second["expires_at"], "2026-03-23T00:00:00Z")
        rows = json.loads(it.ok("list", "sources", "--output", "json"))
        self.assertEqual([row["grant_expires"] for row in rows],
                         [second["expires_at"], None])
        # Each is in the ledger, once.
        self.assertEqual(it.cli("verify", "--deep").code, 0)
        self.assertIn(" 2 grants,", it.ok("verify"))
        # Another length counts at once.
        it.write_config('grant_expiry = "1d"\n')
        self.hang_up(it)
        self.assertEqual(self.get(it)["expires_at"], "2026-03-04T00:00:00Z")

    def test_a_report_that_wants_one_is_answered_the_same_again(self):
        it = self.open()
        body = self.report(want_grant=True)
        first = self.send(it, body)
        self.assertEqual(first.status, 201)
        grant = first.json()["grant"]
        self.assertEqual(grant, self.get(it)["grant"])
        it.set_clock(self.operator, "2026-04-20T00:00:00Z")
        self.assertNotEqual(self.get(it)["grant"], grant)
        again = self.send(it, body)
        self.assertEqual((again.status, again.body), (200, first.body))
        report_id = json.loads(body)["report_id"]
        self.assertEqual(
            it.curl(f"/v1/reports/{report_id}", token=self.token).body,
            first.body)
        # Also when there is another key, or none, or the server was down.
        it.ok("create", "identity", "--force", db=False)
        self.hang_up(it)
        self.assertEqual(self.send(it, body).body, first.body)
        os.rename(grants.folder_of(it), grants.folder_of(it) + ".away")
        it.stop()
        it.start()
        self.assertEqual(self.send(it, body).body, first.body)
        self.assertNotIn("grant", self.send(
            it, self.report(want_grant=True)).json())
        self.assertEqual(it.cli("verify").code, 0)

    def test_a_report_that_wants_none_has_none(self):
        it = self.open()
        self.assertNotIn("grant", self.send(it, self.report()).json())
        self.assertNotIn("grant", self.send(
            it, self.report(want_grant=False)).json())

    def test_without_a_key_all_else_is_served(self):
        it = self.open(identity=False)
        it.wait_log("server.no_grant_key")
        answer = it.curl("/v1/grant", token=self.token)
        self.assertEqual(answer.status, 404)
        self.assertEqual(answer.json()["type"],
                         "urn:flexfs-stat:problem:no_grant_key")
        body = self.report(want_grant=True)
        first = self.send(it, body)
        self.assertEqual(first.status, 201)
        self.assertNotIn("grant", first.json())
        # A key that is made is taken after SIGHUP; what was answered stays.
        it.ok("create", "identity", db=False)
        self.assertEqual(self.hang_up(it).fields["grants"], "yes")
        self.assertIn("grant", self.get(it))
        self.assertEqual(self.send(it, body).body, first.body)
        self.assertEqual(len(it.lines("server.no_grant_key")), 1)

    def test_a_key_that_is_no_good_changes_nothing(self):
        it = self.open()
        first = self.get(it)
        private = os.path.join(grants.folder_of(it), "private.pem")
        os.chmod(private, 0o640)
        error = self.hang_up(it, "server.reload_refused").fields["error"]
        self.assertIn("chmod 600", error)
        os.chmod(private, 0o600)
        subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt",
                        "ec_paramgen_curve:P-384", "-out", private],
                       check=True, capture_output=True)
        error = self.hang_up(it, "server.reload_refused").fields["error"]
        self.assertIn("P-256", error)
        self.assertEqual(self.get(it), first)
        it.stop()
        it.start(ready=False)
        self.assertEqual(it.wait_exit(60), 1)
        it.process = None
        self.assertIn("P-256", it.lines("server.failed")[-1].text)
        result = it.cli("start", "--checkConfig")
        self.assertEqual(result.code, 1)
        self.assertIn("P-256", result.stderr)

    def test_another_folder(self):
        it = self.open(identity=False)
        there = os.path.join(self.folder(), "deep", "keys")
        it.ok("create", "identity", "--keyFolder", there, db=False)
        it.stop()
        it.start("--keyFolder", there)
        grant = self.get(it)["grant"]
        self.assertTrue(grants.openssl_verifies(
            grant, os.path.join(there, "public.pem")))


if __name__ == "__main__":
    support.main()
