"""The pretend clock: only on request, only forward, only for operators."""

import support

START = "2024-01-01T00:00:00Z"
STILL = ("--mockTime", "--mockStart", START, "--mockRate", "0")


class ServerPretendClock(support.TestCase):
    def begin(self, args=STILL):
        self.it = self.server(args=args)
        self.it.create_account("acme")
        self.token = self.it.create_source("admin1", "acme")
        self.operator = self.it.create_token("op", "operator")
        self.it.start()

    def set(self, now, token=None):
        return self.it.curl("/v1/clock", token=token or self.operator,
                            json={"now": now})

    def received_at(self):
        answer = self.it.send_report(self.token, support.make_report([]))
        self.assertEqual(answer.status, 201, answer)
        return answer.json()["received_at"]

    def test_it_stands_still_and_is_set_forward(self):
        self.begin()
        self.assertEqual(self.it.lines("server.ready")[0].fields["clock"],
                         "pretend")
        self.assertEqual(self.received_at(), START)
        answer = self.set("2024-02-01T00:00:00Z")
        self.assertEqual((answer.status, answer.json()),
                         (200, {"now": "2024-02-01T00:00:00Z"}))
        self.assertEqual(self.received_at(), "2024-02-01T00:00:00Z")
        # The same again is no step back.
        self.assertEqual(self.set("2024-02-01T00:00:00Z").status, 200)

    def test_it_is_not_set_back(self):
        self.begin()
        answer = self.set("2023-12-31T23:59:59Z")
        self.assertEqual(answer.status, 409)
        self.assertEqual(answer.json()["type"],
                         "urn:flexfs-stat:problem:conflict")
        self.assertEqual(self.received_at(), START)

    def test_nonsense_is_refused(self):
        self.begin()
        for body in (b"", b"{", b"{}", b"[]", b'{"now":7}', b'{"now":""}',
                     b'{"now":"soon"}', b'{"now":"2024-13-01T00:00:00Z"}',
                     b'{"now":"2024-02-01"}'):
            with self.subTest(body=body):
                answer = self.it.curl("/v1/clock", token=self.operator,
                                      data=body)
                self.assertEqual(answer.status, 400, answer)
        self.assertEqual(self.received_at(), START)

    def test_only_operators_set_it(self):
        self.begin()
        reader = self.it.create_token("r", "reader")
        for token in (self.token, reader):
            self.assertEqual(
                self.set("2024-02-01T00:00:00Z", token).status, 403)
        answer = self.it.curl("/v1/clock",
                              json={"now": "2024-02-01T00:00:00Z"})
        self.assertEqual(answer.status, 401)
        self.assertEqual(self.received_at(), START)

    def test_it_decides_what_is_too_old_and_too_new(self):
        self.begin()
        def send(at):
            told = self.it.send_report(self.token, support.make_report(
                [support.make_volume(1, sampled_at=at)])).json()
            return [q["reason"] for q in told["quarantined"]]

        self.assertEqual(send("2024-01-01T00:05:00Z"), [])
        self.assertEqual(send("2024-01-01T00:05:01Z"), ["future"])
        self.assertEqual(send("2023-11-27T00:00:00Z"), [])
        self.assertEqual(send("2023-11-26T23:59:59Z"), ["too_old"])
        self.set("2024-03-01T00:00:00Z")
        self.assertEqual(send("2024-01-25T23:59:59Z"), ["too_old"])
        self.assertEqual(send("2024-03-01T00:00:00Z"), [])

    def test_it_runs_at_its_rate(self):
        self.begin(("--mockTime", "--mockStart", START,
                    "--mockRate", "86400"))
        self.wait_until(lambda: self.received_at() >= "2024-01-02T00:00:00Z",
                        "a day passes in a second")

    def test_without_mock_time_there_is_no_such_path(self):
        self.begin(())
        self.assertEqual(self.set("2124-02-01T00:00:00Z").status, 404)
        self.assertNotIn("clock", self.it.lines("server.ready")[0].fields)


if __name__ == "__main__":
    support.main()
