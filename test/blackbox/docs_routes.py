"""stat.flexfs-api(7), stat.flexfs-read(7) and stat.flexfs-dashboard(7) name
every route with its role, and the first every problem, and no other."""

import glob
import os
import re

import support
from support import manual

PAGE = "stat.flexfs-api.7"
READ_PAGE = "stat.flexfs-read.7"
DASHBOARD = "stat.flexfs-dashboard.7"
# What everybody is answered where anyone may come and it is not 200: the forms
# are sent without what belongs into them.
STRANGERS = {("POST", "/login"): 403, ("POST", "/logout"): 303}


def routes_of_manual():
    """{(method, path): roles}; no roles: anyone. What stands in braces has a
    name for readers only."""
    found = {}
    items = [item for page in (PAGE, READ_PAGE, DASHBOARD)
             for item in manual.section(page, "ROUTES").items]
    for item in items:
        _, method, path = item.head.split()
        role = re.match(r"Role (\w+(?: or \w+)*)|Anyone", item.text())
        found[method, re.sub(r"\{\w+\}", "{}", path)] = frozenset(
            role.group(1).split(" or ") if role.group(1) else ())
    return found


def routes_of_code():
    found = {}
    for method, path, roles in re.findall(
            r'\{"([A-Z]+)", "(/[^"]*)",\s*(ROUTE_\w+(?: \| ROUTE_\w+)*),',
            manual.code("src/gate.c")):
        roles = {role.lower() for role in re.findall(r"ROUTE_(\w+)", roles)}
        found[method, path] = frozenset(roles - {"anyone"})
    for path, role in re.findall(r'\{"(/[^"]*)",\s*ROUTE_(\w+),',
                                 manual.code("src/read_routes.c")):
        found["GET", path] = frozenset({role.lower()})
    return found


def may(roles, role):
    """An operator may do what a reader may."""
    return role in roles or (role == "operator" and "reader" in roles)


def problems_of_manual():
    return {tuple(item.head.split(" Li "))
            for item in manual.section(PAGE, "PROBLEMS").items}


def problems_of_code():
    """Statuses with a type of their own; and those that are said as a bare
    status, whose type is in the table of http_reply.c."""
    table = dict(re.findall(r'\{(\d{3}), "([a-z_]+)", "',
                            manual.code("src/http_reply.c")))
    assert table
    found = set()
    sources = glob.glob(os.path.join(support.server.TOP, "src/*.c"))
    for path in sources + ["lib/httphead.c"]:
        if path.endswith("http_reply.c"):
            continue
        code = manual.code(path)
        found |= set(re.findall(r'\b([45]\d\d),\s*"([a-z_]+)"', code))
        code = re.sub(r'"(?:[^"\\]|\\.)*"', '""', code)
        for call in re.findall(
                r"(?:refuse|refuse_chunk|turn_away)\([^;{]*;"
                r"|\bstatus = \d{3}\b", code):
            for status in re.findall(r"\b[45]\d\d\b", call):
                found.add((status, table[status]))
    return found


class DocsRoutes(support.TestCase):
    def test_the_manual_has_every_route_and_no_other(self):
        self.assertEqual(routes_of_manual(), routes_of_code())

    def test_the_manual_has_every_problem_and_no_other(self):
        self.assertEqual(problems_of_manual(), problems_of_code())

    def test_routes_are_for_whom_the_manual_says(self):
        server = self.server(args=["--mockTime"])
        server.create_account("acme")
        tokens = {"source": server.create_source("admin1", "acme"),
                  "operator": server.create_token("op", "operator"),
                  "reader": server.create_token("r", "reader")}
        server.start()
        for (method, path), roles in routes_of_manual().items():
            path = path.replace("{}", support.new_uuid())
            words = ["-X", method, path]
            data = b"" if method in ("POST", "PUT") else None
            with self.subTest(method=method, path=path):
                answer = server.curl(*words, data=data)
                stranger = STRANGERS.get((method, path), 200)
                if roles:
                    program = path.startswith("/v1/") or path == "/metrics"
                    stranger = 401 if program else 303
                self.assertEqual(answer.status, stranger)
                for name, token in tokens.items():
                    answer = server.curl(*words, data=data, token=token)
                    if roles and not may(roles, name):
                        self.assertEqual(answer.status, 403)
                    elif (method, path) in STRANGERS:
                        self.assertEqual(answer.status, stranger)
                    else:
                        self.assertNotIn(answer.status, (401, 403, 405))

    def test_the_clock_is_a_route_of_the_pretend_clock_only(self):
        server = self.server()
        operator = server.create_token("op", "operator")
        server.start()
        answer = server.curl("/v1/clock", token=operator, json={"now": ""})
        self.assertEqual(answer.status, 404)


if __name__ == "__main__":
    support.main()
