"""A sample that waits is settled once, with a reason, by an operator; what
is refused changes nothing."""

import json

import support

TYPE = "urn:flexfs-stat:problem:"
NOW = "2026-11-02T06:00:00Z"


class QuarantineIsSettledOnce(support.TestCase):
    def setUp(self):
        self.it = self.server(args=[
            "--mockTime", "--mockStart", NOW, "--mockRate", "0"])
        self.it.create_account("acme")
        self.it.create_account("other")
        self.tokens = {
            "source": self.it.create_source("admin1", "acme"),
            "reader": self.it.create_token("rita", "reader"),
            "operator": self.it.create_token("kim", "operator")}
        self.it.start()

    def wait_some(self, count=1):
        """Has so many samples set aside; returns their ids."""
        before = set(self.ids("all"))
        answer = self.it.send_report(
            self.tokens["source"], support.make_report(
                [support.make_volume(i, sampled_at="2026-11-02T07:00:00Z")
                 for i in range(count)], sent_at=NOW))
        self.assertEqual(len(answer.json()["quarantined"]), count)
        return sorted(set(self.ids("all")) - before)

    def ids(self, state):
        return [row["id"] for row in self.rows("--state", state)]

    def rows(self, *words):
        return json.loads(self.it.ok(
            "list", "quarantine", "--output", "json", *words))

    def post(self, number, verb, body, token="operator"):
        return self.it.curl(f"/v1/quarantine/{number}/{verb}", json=body,
                            token=self.tokens.get(token, token))

    def expect(self, answer, status, kind, pointer=None):
        self.assertEqual(answer.status, status, answer)
        problem = answer.json()
        self.assertEqual(problem["type"], TYPE + kind)
        if pointer:
            self.assertEqual([e["pointer"] for e in problem["errors"]],
                             [pointer])
        return problem["detail"]

    def command(self, code, *words):
        done = self.it.cli(*words, "--mockTime", "--mockRate", "0",
                           "--mockStart", NOW)
        self.assertEqual((done.code, done.stdout), (code, ""), done)
        return done.stderr

    def test_twice_over_http(self):
        first, second = self.wait_some(2)
        body = {"reason": "a wrong clock"}
        self.assertEqual(self.post(first, "release", body).status, 200)
        for verb in ("release", "discard"):
            said = self.expect(self.post(first, verb, body), 409, "conflict")
            self.assertEqual(said, f"sample {first} of the quarantine was "
                             f"released already, by operator:kim at {NOW}")
        self.assertEqual(self.post(second, "discard", body).status, 200)
        said = self.expect(self.post(second, "release", body), 409,
                           "conflict")
        self.assertIn("was discarded already", said)
        self.assertEqual((self.ids("released"), self.ids("discarded")),
                         ([first], [second]))

    def test_twice_by_command(self):
        number, = self.wait_some()
        said = self.command(0, "discard", number, "--reason", "a test")
        self.assertEqual(said, f"sample {number} discarded\n")
        for verb in ("release", "discard"):
            said = self.command(1, verb, number, "--reason", "again")
            self.assertRegex(said, "was discarded already, by operator:")

    def test_of_what_is_not_there(self):
        for number in (0, 1, 9999999999, "x", "-1", "1x", "%31x",
                       "9" * 30):
            answer = self.post(number, "release", {"reason": "r"})
            self.expect(answer, 404, "not_found")
        self.assertIn("there is no sample 7", self.command(
            1, "release", 7, "--reason", "r"))
        for word in ("x", "1x", "-", ""):
            self.assertIn("id is a number", self.command(
                2, "release", word, "--reason", "r"))

    def test_a_reason_over_http(self):
        number, = self.wait_some()
        for body, pointer in (
                ({}, "/reason"), ({"reason": None}, "/reason"),
                ({"reason": ""}, "/reason"), ({"reason": "  "}, "/reason"),
                ({"reason": 7}, "/reason"), ({"reason": "x" * 256}, "/reason"),
                ({"reason": "a\nb"}, "/reason"),
                ({"reason": "r", "force": True}, "/force"),
                ({"reason": "r", "a/b~c": 1}, "/a~1b~0c")):
            for verb in ("release", "discard"):
                with self.subTest(body=body, verb=verb):
                    self.expect(self.post(number, verb, body), 422,
                                "invalid_request", pointer)
        path = f"/v1/quarantine/{number}/discard"
        for data, status, kind in (
                (b"", 400, "malformed"), (b"[]", 400, "malformed"),
                (b"{", 400, "malformed"), (b'"reason"', 400, "malformed"),
                (b'{"reason":"a","reason":"b"}', 400, "malformed")):
            with self.subTest(data=data):
                self.expect(self.it.curl(
                    path, "-H", "Content-Type: application/json", data=data,
                    token=self.tokens["operator"]), status, kind)
        for words in (["-H", "Content-Type: text/plain"],
                      ["-H", "Content-Type: application/json",
                       "-H", "Content-Encoding: gzip"]):
            self.expect(self.it.curl(
                path, *words, data=b'{"reason":"r"}',
                token=self.tokens["operator"]), 415, "unsupported_media_type")
        self.assertEqual(self.ids("open"), [number])
        reason = 'x"\\ ä' + "y" * 249
        self.assertEqual(len(reason.encode()), 255)
        told = self.post(number, "discard", {"reason": reason}).json()
        self.assertEqual(told["settled_reason"], reason)

    def test_a_reason_by_command(self):
        number, = self.wait_some()
        for words in ([], ["--reason", ""], ["--reason", "  "],
                      ["--reason", "a\nb"], ["--reason", "x" * 256]):
            for verb in ("release", "discard"):
                with self.subTest(verb=verb, words=words):
                    self.assertIn("reason", self.command(
                        2, verb, number, *words))
        self.assertEqual(self.ids("open"), [number])

    def test_only_operators(self):
        number, = self.wait_some()
        for verb in ("release", "discard"):
            for who, status in (("source", 403), ("reader", 403),
                                ("unknown", 401)):
                answer = self.post(number, verb, {"reason": "r"}, token=who)
                self.assertEqual(answer.status, status)
            self.assertEqual(self.post(
                number, verb, {"reason": "r"}, token=None).status, 401)
        for who, status in (("source", 403), ("reader", 403),
                            ("operator", 200)):
            self.assertEqual(self.it.curl(
                "/v1/quarantine", token=self.tokens[who]).status, status)
        self.assertEqual(self.ids("open"), [number])

    def test_paths_and_methods(self):
        number, = self.wait_some()
        for path, allow in (("/v1/quarantine", "GET, HEAD"),
                            (f"/v1/quarantine/{number}/release", "POST")):
            answer = self.it.curl(path, "-X", "PUT", data=b"{}",
                                  token=self.tokens["operator"])
            self.assertEqual((answer.status, answer.headers["Allow"]),
                             (405, allow))
        for path in (f"/v1/quarantine/{number}", "/v1/quarantine/",
                     f"/v1/quarantine/{number}/", "/v1/quarantine//release",
                     f"/v1/quarantine/{number}/keep"):
            self.expect(self.it.curl(path, json={"reason": "r"},
                                     token=self.tokens["operator"]),
                        404, "not_found")
        # An id may be written with escapes.
        self.assertEqual(self.post(f"%3{number}", "discard",
                                   {"reason": "r"}).status, 200)

    def test_the_ledger_says_who_and_why(self):
        first, second = self.wait_some(2)
        self.post(first, "release", {"reason": "by http"})
        self.command(0, "release", second, "--reason", "by command")
        rows = {row["id"]: row for row in self.rows("--state", "released")}
        self.assertEqual(
            (rows[first]["settled_by"], rows[first]["settled_reason"]),
            ("operator:kim", "by http"))
        self.assertRegex(rows[second]["settled_by"], "^operator:")
        self.assertEqual(rows[second]["settled_reason"], "by command")
        self.assertEqual(rows[second]["settled_at"], NOW)
        self.it.wait_log("quarantine.released", id=first)


if __name__ == "__main__":
    support.main()
