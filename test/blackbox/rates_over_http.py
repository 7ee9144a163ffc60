"""Rates are set and listed over HTTP as they are by command, by operators;
a reader of one account sees that one."""

import json

import support

TYPE = "urn:flexfs-stat:problem:"
NOW = "2026-11-02T06:10:00Z"


class RatesOverHttp(support.TestCase):
    def setUp(self):
        self.it = self.server(args=[
            "--mockTime", "--mockStart", NOW, "--mockRate", "0"])
        self.it.create_account("acme")
        self.it.create_account("beta", currency="JPY")
        self.tokens = {
            "source": self.it.create_source("admin1", "acme"),
            "operator": self.it.create_token("kim", "operator"),
            "reader": self.it.create_token("rita", "reader"),
            "beta": self.it.create_token("bob", "reader", account="beta")}
        self.it.start()

    def post(self, body, who="operator"):
        return self.it.curl("/v1/rates", json=body,
                            token=self.tokens.get(who))

    def set(self, **body):
        answer = self.post(body)
        self.assertEqual(answer.status, 201, answer)
        return answer.json()

    def get(self, query="", who="operator"):
        return self.it.curl("/v1/rates" + query, token=self.tokens.get(who))

    def rates(self, query="", who="operator"):
        answer = self.get(query, who)
        self.assertEqual(answer.status, 200, answer)
        return answer.json()["rates"]

    def expect(self, answer, status, kind, *pointers):
        self.assertEqual(answer.status, status, answer)
        self.assertEqual(answer.json()["type"], TYPE + kind)
        self.assertEqual([e["pointer"] for e in
                          answer.json().get("errors", [])], list(pointers))
        return answer.json()["detail"]

    def test_a_rate_is_set_as_by_command(self):
        told = self.set(account="acme", rate="0.03")
        due = {"account": "acme", "currency": "USD", "max_age": None,
               "from": "2000-01-01T00:00:00Z", "rate": "0.03",
               "created_at": NOW}
        self.assertEqual(told, due)
        # A later one holds from the next whole hour.
        self.assertEqual(self.set(account="acme", rate="0.04")["from"],
                         "2026-11-02T07:00:00Z")
        told = self.set(account="acme", rate="0.5", max_age="720h",
                        **{"from": "2026-12-01T00:30:00+02:00"})
        self.assertEqual((told["max_age"], told["from"]),
                         ("30d", "2026-11-30T23:00:00Z"))
        self.set(account="acme", rate="1", max_age=None,
                 **{"from": "2027-01-01T00:00:00Z"})
        self.it.wait_log("rate.set", account="acme", rate="0.03",
                         who="operator:kim")
        listed = json.loads(self.it.ok("list", "rates", "--output", "json"))
        self.assertEqual(
            sorted((r["from"], r["rate"], r["max_age"]) for r in listed),
            [("2000-01-01T00:00:00Z", "0.03", ""),
             ("2026-11-02T07:00:00Z", "0.04", ""),
             ("2026-11-30T23:00:00Z", "0.5", "30d"),
             ("2027-01-01T00:00:00Z", "1", "")])

    def test_the_bill_follows(self):
        volume = support.make_volume(100 * support.GIB, sampled_at=NOW)
        self.it.send_report(self.tokens["source"], support.make_report(
            [volume], sent_at=NOW))
        flags = ("--period", "2026-11", "--account", "acme", "--format",
                 "json", "--mockTime", "--mockRate", "0", "--mockStart", NOW)
        self.assertIsNone(json.loads(self.it.ok("report", *flags))["total"])
        self.set(account="acme", rate="72")
        cost = support.month_cost(100 * support.GIB, "72", "2026-11")
        self.assertEqual(json.loads(self.it.ok("report", *flags))["total"],
                         support.decimal(support.round_to(cost)))

    def test_who_sees_which(self):
        self.set(account="beta", rate="5")
        self.set(account="acme", rate="0.03")
        self.set(account="acme", rate="0.04", max_age="1d")
        self.assertEqual([(r["account"], r["currency"], r["rate"])
                          for r in self.rates()],
                         [("acme", "USD", "0.03"), ("acme", "USD", "0.04"),
                          ("beta", "JPY", "5")])
        self.assertEqual(self.rates(), self.rates(who="reader"))
        beta = self.rates("?account=beta")
        self.assertEqual([r["rate"] for r in beta], ["5"])
        self.assertEqual(self.rates(who="beta"), beta)
        self.assertEqual(self.rates("?account=beta", who="beta"), beta)
        for name in ("acme", "nobody"):
            self.expect(self.get(f"?account={name}", who="beta"), 404,
                        "not_found")
        for name in ("nobody", "", "ACME"):
            self.expect(self.get(f"?account={name}"), 404, "not_found")
        for query in ("?account=acme&account=acme", "?max_age=1d", "?a"):
            self.expect(self.get(query), 400, "bad_request")

    def test_roles(self):
        body = {"account": "acme", "rate": "0.03"}
        self.assertEqual(self.get(who="source").status, 403)
        self.assertEqual(self.get(who=None).status, 401)
        for who in ("source", "reader", "beta"):
            self.assertEqual(self.post(body, who).status, 403)
        self.assertEqual(self.post(body, None).status, 401)
        self.assertEqual(self.rates(), [])

    def test_a_rate_is_never_edited(self):
        self.set(account="acme", rate="0.03")
        body = {"account": "acme", "rate": "0.04",
                "from": "1999-12-31T23:30:00Z"}
        self.assertIn("a rate from 2000-01-01T00:00:00Z already",
                      self.expect(self.post(body), 409, "conflict"))
        self.assertEqual([r["rate"] for r in self.rates()], ["0.03"])

    def test_members_are_checked(self):
        for change, pointer in (
                ({"account": None}, "/account"), ({"account": 7}, "/account"),
                ({"account": "a" * 64}, "/account"), ({"rate": None}, "/rate"),
                ({"rate": 0.03}, "/rate"), ({"rate": ""}, "/rate"),
                ({"rate": "-1"}, "/rate"), ({"rate": "1e3"}, "/rate"),
                ({"rate": ".5"}, "/rate"), ({"rate": "1."}, "/rate"),
                ({"rate": "0,03"}, "/rate"), ({"rate": "1" * 13}, "/rate"),
                ({"rate": "0." + "1" * 13}, "/rate"),
                ({"rate": "1" * 50}, "/rate"),
                ({"from": "tomorrow"}, "/from"), ({"from": ""}, "/from"),
                ({"from": "2026-11-02"}, "/from"), ({"from": 1}, "/from"),
                ({"from": "1969-12-31T23:59:59Z"}, "/from"),
                ({"max_age": "30"}, "/max_age"), ({"max_age": 30}, "/max_age"),
                ({"max_age": "0d"}, "/max_age"),
                ({"max_age": "123456d"}, "/max_age"),
                ({"maxAge": "30d"}, "/maxAge")):
            body = {"account": "acme", "rate": "0.03"}
            body.update(change)
            with self.subTest(change=change):
                self.expect(self.post(body), 422, "invalid_request", pointer)
        self.expect(self.post({"rate": "x", "from": "y", "odd": 1}), 422,
                    "invalid_request", "/odd", "/account", "/rate", "/from")
        self.expect(self.post({"account": "nobody", "rate": "1"}), 404,
                    "not_found")
        self.expect(self.post({str(i): i for i in range(30)}), 422,
                    "invalid_request", *[f"/{i}" for i in range(20)])
        self.assertEqual(self.rates(), [])


if __name__ == "__main__":
    support.main()
