"""/openapi.json is valid OpenAPI 3.1, has every route that programs use and no
other, and every answer is as it says."""
# timeout: 600

import json
import os
import re
import signal
import subprocess

import docs_routes
import support
from support.manual import code
from support.reading import NOW, Shelf

FILE = os.path.join(support.server.TOP, "contrib/openapi.yaml")
NPM = os.path.join(support.server.TOP, "test/npm")
METHODS = ("get", "post", "put")
TYPES = {"json": "application/json", "csv": "text/csv", "txt": "text/plain",
         "html": "text/html", "pdf": "application/pdf", "focus": "text/csv"}
CALLED = "2026-11-03T06:10:00Z"


def description():
    with open(FILE, encoding="utf-8") as f:
        return json.load(f)


def operations():
    """{(METHOD, path with {} for ids): operation}"""
    return {(method.upper(), re.sub(r"\{\w+\}", "{}", path)): operation
            for path, item in description()["paths"].items()
            for method, operation in item.items() if method in METHODS}


def parameters(operation, where):
    """{name: parameter} of an operation."""
    shared = description()["components"]["parameters"]
    found = {}
    for one in operation.get("parameters", []):
        if "$ref" in one:
            one = shared[one["$ref"].rpartition("/")[2]]
        if one["in"] == where:
            found[one["name"]] = one
    return found


def is_for_programs(path):
    return path.startswith("/v1/") or path in (
        "/healthz", "/readyz", "/metrics", "/openapi.json")


def read_table():
    """{path: (parameters, formats)} of the table in the code."""
    text = code("src/read_routes.c")
    words = {"JSON": ["json"], "CSV": ["csv"], "TEXT": ["txt"],
             "DOCUMENT": ["json", "csv", "txt", "html", "pdf", "focus"]}
    found = {}
    for path, params, formats in re.findall(
            r'\{"(/[^"]*)",\s*ROUTE_\w+,\s*"([^"]*)",\s*([A-Z |]+),', text):
        found[path] = (set(params.split()), {
            form for word in formats.split("|")
            for form in words.get(word.strip(), [])})
    return found


def check(answers):
    """What is wrong with the file, or with answers to (path, method)."""
    lines = "".join(json.dumps(answer) + "\n" for answer in answers)
    done = subprocess.run(["node", "openapi.mjs", FILE], cwd=NPM,
                          input=lines.encode(), capture_output=True,
                          check=False, timeout=120)
    return done.returncode, (done.stdout + done.stderr).decode()


class OpenapiDescribesEveryRoute(support.TestCase):
    def test_it_is_valid(self):
        self.assertEqual(check([]), (0, ""))

    def test_what_is_wrong_is_found(self):
        """The check itself can fail."""
        answer = {"path": "/healthz", "method": "get", "status": 200,
                  "type": "application/json", "body": {"alive": True}}
        self.assertEqual(check([answer])[0], 0)
        for change in ({"body": {"alive": 1}}, {"body": {}}, {"status": 404},
                       {"type": "text/csv"}, {"path": "/health"},
                       {"body": {"alive": True, "odd": 1}}):
            with self.subTest(change=change):
                self.assertEqual(check([{**answer, **change}])[0], 1)

    def test_it_has_every_route_with_its_role(self):
        routes = {route: roles
                  for route, roles in docs_routes.routes_of_code().items()
                  if is_for_programs(route[1])}
        told = operations()
        self.assertEqual(set(told), set(routes))
        for route, roles in routes.items():
            with self.subTest(route=route):
                if not roles:
                    self.assertEqual(told[route]["security"], [])
                    continue
                self.assertNotIn("security", told[route])
                self.assertEqual(told[route]["description"],
                                 f"Role {' or '.join(sorted(roles))}.")

    def test_it_has_every_parameter_and_format(self):
        told = operations()
        table = {path: row for path, row in read_table().items()
                 if is_for_programs(path)}
        for path, (params, formats) in table.items():
            operation = told["GET", path]
            queried = parameters(operation, "query")
            content = operation["responses"]["200"]["content"]
            with self.subTest(path=path):
                self.assertEqual(set(queried), params)
                if "format" in params:
                    self.assertEqual(
                        set(queried["format"]["schema"]["enum"]), formats)
                self.assertEqual(set(content), {TYPES[f] for f in formats})
        for (method, path), operation in told.items():
            if path not in table:
                self.assertEqual(parameters(operation, "query"), {}, path)
            self.assertEqual(len(parameters(operation, "path")),
                             path.count("{}"), path)

    def test_it_is_served_as_it_is_in_the_file(self):
        server = self.server().start()
        answer = server.curl("/openapi.json")
        with open(FILE, "rb") as f:
            self.assertEqual(answer.body, f.read())
        again = server.curl("/openapi.json", "-H",
                            "If-None-Match: " + answer.headers["ETag"])
        self.assertEqual((again.status, again.body), (304, b""))


class Caller:
    """Calls operations, and keeps the answers as check() wants them."""

    def __init__(self, shelf):
        self.shelf = shelf
        self.answers = []

    def call(self, method, path, ids=(), query="", who="operator", json=None,
             words=()):
        at = path
        for value in ids:
            at = re.sub(r"\{\w+\}", str(value), at, count=1)
        more = ["-X", method.upper()] if method != "get" else []
        answer = self.shelf.it.curl(
            at + query, *more, *words, json=json,
            token=self.shelf.tokens.get(who, who))
        kind = answer.headers.get("Content-Type", "").split(";")[0] or None
        self.answers.append({
            "path": path, "method": method, "status": answer.status,
            "type": kind, "body": answer.json() if kind and
            kind.endswith("json") and answer.body else None})
        return answer


def report(**members):
    return support.make_report(
        [support.make_volume(5, sampled_at="2026-11-03T06:00:00Z",
                             account="acme")], sent_at=NOW, **members)


class AnswersAreAsDescribed(support.TestCase):
    def setUp(self):
        self.shelf = Shelf(self)
        self.caller = Caller(self.shelf)
        self.call = self.caller.call

    def expect_all_described(self):
        self.assertEqual(check(self.caller.answers), (0, ""))

    def ids(self, path):
        number = self.shelf.numbers()["acme"]
        known = {"volume_id": self.shelf.volumes["shared"],
                 "period": "2026-10", "number": number, "line": 1,
                 "sample_id": 1, "report_id": support.new_uuid()}
        return [known[name] for name in re.findall(r"\{(\w+)\}", path)]

    def test_everything_that_is_read(self):
        required = "from=2026-10-01&to=2026-11-01&"
        for path, item in description()["paths"].items():
            if "get" not in item or path in ("/v1/reports/{report_id}",
                                             "/v1/grant"):
                continue
            query = parameters(item["get"], "query")
            must = required if "step" in query else ""
            ids = self.ids(path)
            forms = query.get("format", {"schema": {"enum": [""]}})
            for form in forms["schema"]["enum"]:
                word = "?" + must + (f"format={form}" if form else "")
                answer = self.call("get", path, ids, word)
                self.assertEqual(answer.status, 200, (path, answer))
            if item["get"].get("security") == []:
                continue
            for status, who in ((401, "nobody"),
                                (403, self.shelf.sources["acme"])):
                answer = self.call("get", path, ids, who=who)
                self.assertEqual(answer.status, status, (path, answer))
            if not query:
                continue
            tag = self.call("get", path, ids, "?" + must).headers["ETag"]
            for status, words in ((304, ["If-None-Match: " + tag]),
                                  (406, ["Accept: image/png"])):
                answer = self.call("get", path, ids, "?" + must,
                                   words=["-H", *words])
                self.assertEqual(answer.status, status, (path, answer))
            answer = self.call("get", path, ids, "?odd=1")
            self.assertEqual(answer.status, 400, (path, answer))
            if "account" in query:
                answer = self.call("get", path, ids,
                                   f"?{must}account=nobody")
                self.assertEqual(answer.status, 404)
        for query in ("step=hour&group_by=bin", "step=month&group_by=account"):
            self.call("get", "/v1/usage", (), "?" + required + query)
        for period in ("2026-11", "2026-Q4"):
            self.call("get", "/v1/periods/{period}", [period])
        for volume in self.shelf.volumes.values():
            self.call("get", "/v1/volumes/{volume_id}", [volume], who="acme")
            self.call("get", "/v1/volumes/{volume_id}/hours", [volume],
                      "?from=2026-10-01&to=2026-11-04", who="acme")
        self.call("get", "/v1/quarantine", (), "?state=all")
        self.expect_all_described()

    def test_reports(self):
        source = self.shelf.sources["acme"]
        body = report()
        for method, path, status in (
                ("post", "/v1/reports", 201), ("post", "/v1/reports", 200),
                ("put", "/v1/reports/{report_id}", 200)):
            answer = self.call(method, path, [body["report_id"]], who=source,
                               json=body)
            self.assertEqual(answer.status, status, answer)
        self.call("get", "/v1/reports/{report_id}", [body["report_id"]],
                  who=source)
        other = report()
        answer = self.call("put", "/v1/reports/{report_id}",
                           [other["report_id"]], who=source, json=other)
        self.assertEqual(answer.status, 201)
        for status, words in ((404, {"method": "get"}),
                              (422, {"method": "put", "json": {"a": 1}}),
                              (401, {"method": "get", "who": "nobody"}),
                              (403, {"method": "get", "who": "all"})):
            answer = self.call(**{"path": "/v1/reports/{report_id}",
                                  "ids": [support.new_uuid()], "who": source,
                                  **words})
            self.assertEqual(answer.status, status, answer)
        future = support.make_report([support.make_volume(
            1, sampled_at="2027-01-01T00:00:00Z", account="acme")],
            sent_at=NOW)
        self.call("post", "/v1/reports", who=source, json=future)
        self.expect_all_described()

    def test_grants(self):
        for status, who in ((404, self.shelf.sources["acme"]), (403, "all"),
                            (401, "nobody")):
            answer = self.call("get", "/v1/grant", who=who)
            self.assertEqual(answer.status, status, answer)
        key = os.path.join(self.shelf.it.home, ".flexfs/license")
        self.shelf.it.ok("create", "identity", "--keyFolder", key, db=False)
        self.shelf.it.signal(signal.SIGHUP)
        self.wait_until(
            lambda: self.call("get", "/v1/grant",
                              who=self.shelf.sources["acme"]).status == 200,
            "a grant")
        self.expect_all_described()

    def test_what_operators_do(self):
        release = "/v1/quarantine/{sample_id}/release"
        discard = "/v1/quarantine/{sample_id}/discard"
        close = "/v1/periods/{period}/close"
        reason = {"reason": "r"}
        for status, path, ids, body in (
                (200, release, [1], reason), (409, release, [1], reason),
                (404, release, [99], reason), (422, release, [2], {}),
                (200, discard, [2], reason), (409, discard, [2], reason),
                (404, discard, [99], reason),
                (201, "/v1/rates", [], {"account": "gamma", "rate": "1"}),
                (409, "/v1/rates", [], {"account": "gamma", "rate": "2",
                                        "from": "2000-01-01T00:00:00Z"}),
                (404, "/v1/rates", [], {"account": "nobody", "rate": "2"}),
                (422, "/v1/rates", [], {"account": "gamma", "rate": 2}),
                (409, close, ["2026-10"], {"account": "acme"}),
                (404, close, ["2026-10"], {"account": "nobody"}),
                (422, close, ["2026-10"], {}),
                (200, "/v1/clock", [], {"now": "2026-11-04T00:00:00Z"}),
                (409, "/v1/clock", [], {"now": "2026-10-01T00:00:00Z"})):
            answer = self.call("post", path, ids, json=body)
            self.assertEqual(answer.status, status, (path, answer))
        for path in (release, discard, close, "/v1/rates", "/v1/clock"):
            for status, who in ((403, "all"), (401, "nobody")):
                answer = self.call("post", path, self.ids(path), who=who,
                                   json={})
                self.assertEqual(answer.status, status)
        self.expect_all_described()


if __name__ == "__main__":
    support.main()
