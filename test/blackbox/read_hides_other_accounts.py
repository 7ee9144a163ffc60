"""A reader of one account gets 404 for everything of another, by the very same
bytes as for what does not exist, and finds none of it in lists; on every path
that programs read. (Pages are looked at by pages_keep_accounts_apart.)"""
# timeout: 600

import json

import support
from support.reading import NOW, Shelf, routes

NOBODY = "nobody"
NEVER = "2099-99999"


def cases(shelf):
    """{path: [(target of beta's, the same of what is not there)]}."""
    beta, none = shelf.volumes["beta"], support.new_uuid()
    number = shelf.numbers()["beta"]
    by_account = [("?account=beta", "?account=" + NOBODY)]
    one_hour = "/hours?from=2026-10-02T00:00:00Z&to=2026-10-02T01:00:00Z"
    both = {
        "/v1/accounts": [],
        "/v1/volumes": by_account,
        "/v1/volumes/{}": [("/" + beta, "/" + none)],
        "/v1/volumes/{}/hours": [
            (f"/{beta}/hours", f"/{none}/hours"),
            (f"/{beta}{one_hour}", f"/{none}{one_hour}"),
            (f"/{beta}/hours?from=x", f"/{none}/hours?from=x")],
        "/v1/usage": [("?from=2026-10-01&to=2026-11-01&account=beta",
                       f"?from=2026-10-01&to=2026-11-01&account={NOBODY}")],
        "/v1/periods": by_account,
        "/v1/periods/{}": [("/2026-10?account=beta",
                            "/2026-10?account=" + NOBODY),
                           ("/2026-10?account=beta",
                            "/2026-99?account=acme")],
        "/v1/invoices": by_account,
        "/v1/invoices/{}": [
            ("/" + number + form, "/" + NEVER + form)
            for form in ("", "?format=csv", "?format=html", "?format=txt",
                         "?format=pdf", "?format=focus")],
        "/v1/invoices/{}/lines/{}/explain": [
            (f"/{number}/lines/{n}/explain", f"/{NEVER}/lines/{n}/explain")
            for n in (1, 2, 99, "x")],
        "/v1/rates": by_account,
    }
    start = {path: path.split("/{}")[0] for path in both}
    return {path: [(start[path] + theirs, start[path] + nothing)
                   for theirs, nothing in pairs]
            for path, pairs in both.items()}


def lists(shelf):
    """Targets that answer something to a reader of acme."""
    mine, shared = shelf.volumes["acme"], shelf.volumes["shared"]
    number = shelf.numbers()["acme"]
    span = "from=2026-10-01T00:00:00Z&to=2026-11-04T00:00:00Z"
    return ["/v1/accounts", "/v1/volumes", f"/v1/volumes/{mine}",
            f"/v1/volumes/{shared}", f"/v1/volumes/{mine}/hours?{span}",
            f"/v1/volumes/{shared}/hours?{span}", "/v1/periods",
            "/v1/periods/2026-10", "/v1/periods/2026-11", "/v1/invoices",
            f"/v1/invoices/{number}", "/v1/rates",
            *(f"/v1/usage?{span}&step={step}&group_by={group}"
              for step in ("hour", "day", "month")
              for group in ("account", "volume", "bin")),
            f"/v1/invoices/{number}/lines/1/explain",
            f"/v1/invoices/{number}/lines/2/explain"]


def bare(answer):
    """What a client can tell answers apart by, but for the time."""
    return (answer.status, answer.body,
            sorted((k, v) for k, v in answer.headers.items() if k != "Date"))


class ReadHidesOtherAccounts(support.TestCase):
    def setUp(self):
        self.shelf = Shelf(self)
        self.secrets = [b"beta", self.shelf.volumes["beta"].encode(),
                        self.shelf.numbers()["beta"].encode(), b"gamma",
                        b"archive", b"\"new\"", b"of-beta"]

    def expect_no_secret(self, target, answer):
        self.assertEqual(answer.status, 200, answer)
        for secret in self.secrets:
            self.assertNotIn(secret, answer.body, (target, secret))
            self.assertNotIn(secret.decode(), str(answer.headers), target)

    def test_every_path_has_its_cases(self):
        limited = {path for path in routes() if path.startswith("/v1/") and
                   path != "/v1/quarantine"}
        self.assertEqual(set(cases(self.shelf)), limited)
        with_ids = "\n".join(lists(self.shelf))
        for path in limited:
            start = path.split("/{}")[0]
            self.assertIn(start, with_ids, path)
        # Operators only, and those are not limited.
        self.assertEqual(self.shelf.get("/v1/quarantine", "acme").status, 403)
        self.assertEqual(self.shelf.it.cli(
            "create", "token", "--name", "x", "--role", "operator",
            "--account", "acme").code, 1)

    def test_what_is_another_accounts_is_as_if_it_were_not_there(self):
        for path, pairs in cases(self.shelf).items():
            for theirs, nothing in pairs:
                with self.subTest(target=theirs):
                    got = self.shelf.get(theirs, "acme")
                    self.assertEqual(got.status, 404, got)
                    self.assertEqual(
                        bare(got), bare(self.shelf.get(nothing, "acme")))
                    # It is there, for those who may see it.
                    seen = self.shelf.get(theirs, "beta")
                    self.assertNotEqual(
                        (seen.status, "x" in theirs.split("=")[-1][:1] or
                         "99" in theirs or "/x/" in theirs), (404, False))
                    tagged = self.shelf.get(
                        theirs, "acme", "-H", "If-None-Match: *")
                    self.assertEqual(bare(got), bare(tagged))

    def test_nothing_of_another_account_is_in_answers(self):
        for target in lists(self.shelf):
            forms = ["json", "txt"] if target.endswith("explain") else \
                ["json", "csv"]
            for form in forms:
                whole = target + ("&" if "?" in target else "?") + \
                    "format=" + form
                with self.subTest(target=whole):
                    self.expect_no_secret(
                        whole, self.shelf.get(whole, "acme"))

    def test_cursors_tell_of_nothing(self):
        """A cursor only says behind what to go on, be it there or not."""
        for target in ("/v1/accounts", "/v1/volumes", "/v1/periods",
                       "/v1/invoices", "/v1/rates"):
            seen = self.shelf.json(target + "?limit=1")
            while seen["next"] is not None:
                cursor = seen["next"]
                answer = self.shelf.get(
                    f"{target}?limit=1&cursor={cursor}", "acme")
                with self.subTest(target=target, cursor=cursor):
                    self.expect_no_secret(target, answer)
                seen = self.shelf.json(f"{target}?limit=1&cursor={cursor}")
            self.assertIsNone(self.shelf.json(target, "gamma").get("next"))

    def test_a_shared_volume_is_seen_in_parts(self):
        shelf, shared = self.shelf, self.shelf.volumes["shared"]
        whole = shelf.json(f"/v1/volumes/{shared}")
        self.assertEqual((whole["account"], whole["state"], whole["names"]),
                         ("beta", "live", ["old", "new"]))
        self.assertEqual([a["account"] for a in whole["accounts"]],
                         ["acme", "beta"])
        left = shelf.json(f"/v1/volumes/{shared}", "acme")
        self.assertEqual((left["account"], left["state"], left["last_bytes"],
                          left["name"], left["names"]),
                         (None, "gone", None, "old", ["old"]))
        right = shelf.json(f"/v1/volumes/{shared}", "beta")
        self.assertEqual((right["account"], right["name"], right["names"]),
                         ("beta", "new", ["new"]))
        self.assertEqual(right["last_bytes"], 30 * support.GIB)
        for who, count in (("all", 3), ("acme", 1), ("beta", 2),
                           ("gamma", 0)):
            self.assertEqual(
                len(shelf.json("/v1/volumes", who)["volumes"]), count)
        span = "from=2026-10-16T04:00:00Z&to=2026-10-16T07:00:00Z"
        hours = f"/v1/volumes/{shared}/hours?{span}"
        self.assertEqual(
            [(h["account"], h["mean_bytes"], h["samples"])
             for h in shelf.json(hours)["hours"]],
            [("acme", str(10 * support.GIB), 1),
             ("acme", str(5 * support.GIB), 2),
             ("beta", str(15 * support.GIB), 2),
             ("beta", str(30 * support.GIB), 1)])
        self.assertEqual(
            [(h["from"], h["samples"])
             for h in shelf.json(hours, "acme")["hours"]],
            [("2026-10-16T04:00:00Z", 1), ("2026-10-16T05:00:00Z", None)])

    def test_an_explanation_has_own_samples_only(self):
        shelf, number = self.shelf, self.shelf.numbers()["acme"]
        target = f"/v1/invoices/{number}/lines/2/explain"
        hour = "?hour=2026-10-16T05:00:00Z"
        whole = shelf.json(target + hour)
        mine = shelf.json(target + hour, "acme")

        def samples(explained):
            return [s["account"] for h in explained["hours"]
                    for s in h["samples"]]
        self.assertEqual(samples(whole), ["acme", "beta"])
        self.assertEqual(samples(mine), ["acme"])
        self.assertEqual([h["mean_bytes"] for h in mine["hours"]],
                         [h["mean_bytes"] for h in whole["hours"]])

    def test_a_shell_sees_as_little(self):
        get = ("get", "--account", "acme", "--mockTime", "--mockStart", NOW,
               "--mockRate", "0")
        volume = self.shelf.volumes["beta"]
        done = self.shelf.it.cli(*get, f"/v1/volumes/{volume}")
        self.assertEqual((done.code, done.stdout), (1, ""))
        self.assertIn("there is nothing at this path", done.stderr)
        told = self.shelf.it.ok(*get, "/v1/volumes")
        self.assertEqual(json.loads(told),
                         self.shelf.json("/v1/volumes", "acme"))


if __name__ == "__main__":
    support.main()
