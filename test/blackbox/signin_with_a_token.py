"""People sign in with a token in a form, see what it may see, and sign out."""

import os
import sqlite3
import urllib.parse

import support

FORM = "Content-Type: application/x-www-form-urlencoded"


def cookie_of(answer):
    """(name=value, attributes in lower case) of the only Set-Cookie."""
    (line,) = answer.headers.get_all("Set-Cookie")
    pair, *attributes = line.split("; ")
    return pair, {a.lower() for a in attributes}


def enter(server, token, *words, path="/login", **fields):
    form = urllib.parse.urlencode(dict(token=token, **fields))
    return server.curl(path, "-H", FORM, *words, data=form.encode())


def look(server, path, cookie, *words):
    return server.curl(path, "-H", f"Cookie: a=b; {cookie}", *words)


class SigninWithAToken(support.TestCase):

    def start(self, **options):
        server = self.server(**options)
        server.create_account("acme")
        self.reader = server.create_token("r", "reader")
        return server.start()

    def session(self, server, token=None):
        answer = enter(server, token or self.reader)
        self.assertEqual(answer.status, 303, answer.text())
        return cookie_of(answer)[0]

    def test_a_stranger_is_sent_to_the_form_and_back(self):
        server = self.start()
        path = "/periods?account=acme"
        answer = server.curl(path)
        self.assertEqual(answer.status, 303)
        where = answer.headers["Location"]
        self.assertEqual(where, "/login?next=%2Fperiods%3Faccount%3Dacme")
        form = server.curl(where)
        self.assertEqual(form.status, 200)
        self.assertIn('type="password"', form.text())
        self.assertIn(f'name="next" value="{path}"', form.text())
        answer = enter(server, f"  {self.reader}\n", next=path)
        self.assertEqual(answer.status, 303)
        self.assertEqual(answer.headers["Location"], path)
        cookie = cookie_of(answer)[0]
        self.assertNotIn(self.reader, answer.headers.as_string())
        self.assertEqual(look(server, path, cookie).status, 200)
        self.assertEqual(look(server, where, cookie).headers["Location"], path)
        self.assertEqual(server.curl("/").headers["Location"], "/login")

    def test_the_api_tells_strangers_401_and_lets_readers_in(self):
        server = self.start()
        self.assertEqual(server.curl("/v1/accounts").status, 401)
        cookie = self.session(server)
        self.assertEqual(look(server, "/v1/accounts", cookie).status, 200)
        self.assertEqual(look(server, "/v1/accounts", cookie + "0").status,
                         401)
        self.assertEqual(look(server, "/v1/quarantine", cookie).status, 403)
        self.assertEqual(look(server, "/", cookie + "0").status, 303)

    def test_the_cookie_of_tls_is_for_this_host_alone(self):
        server = self.start(tls=True)
        pair, attributes = cookie_of(enter(server, self.reader))
        self.assertTrue(pair.startswith("__Host-stat="))
        self.assertEqual(attributes, {"path=/", "max-age=43200", "httponly",
                                      "samesite=strict", "secure"})
        plain = pair.replace("__Host-stat", "stat")
        self.assertEqual(look(server, "/", pair).status, 200)
        self.assertEqual(look(server, "/", plain).status, 303)

    def test_without_tls_only_this_machine_gets_a_plain_cookie(self):
        server = self.start()
        pair, attributes = cookie_of(enter(server, self.reader))
        self.assertTrue(pair.startswith("stat="))
        self.assertNotIn("secure", attributes)
        self.assertIn("httponly", attributes)
        host = f"127.0.0.1:{server.port}"
        pair, attributes = cookie_of(
            enter(server, self.reader, "-H", f"Origin: https://{host}"))
        self.assertTrue(pair.startswith("__Host-stat="))
        self.assertIn("secure", attributes)
        self.assertEqual(look(server, "/", pair).status, 200)

    def test_it_goes_nowhere_else(self):
        server = self.start()
        for there in ("https://evil.test/", "//evil.test", "/\\evil.test",
                      "javascript:alert(1)", "/a\r\nSet-Cookie: x=y", "x",
                      "/" + "a" * 300):
            answer = enter(server, self.reader, next=there)
            self.assertIn(answer.status, (303, 400), there)
            if answer.status == 303:
                self.assertEqual(answer.headers["Location"], "/", there)
                self.assertEqual(len(answer.headers.get_all("Set-Cookie")), 1)
        form = server.curl("/login?next=%22%3E%3Cscript%3E").text()
        self.assertNotIn("<script", form)

    # --- whose cookie is it --------------------------------------------------

    def test_a_session_ends_with_its_token(self):
        server = self.start()
        cookie = self.session(server)
        self.assertEqual(look(server, "/", cookie).status, 200)
        with sqlite3.connect(f"{server.db}/stat.db", timeout=30) as db:
            db.execute("UPDATE token SET revoked_at = 1")
        db.close()
        self.assertEqual(look(server, "/", cookie).status, 303)
        self.assertEqual(look(server, "/v1/accounts", cookie).status, 401)

    def test_a_session_ends_after_twelve_hours(self):
        server = self.server(
            args=["--mockTime", "--mockRate", "0",
                  "--mockStart", "2026-09-01T00:00:00Z"])
        operator = server.create_token("op", "operator")
        server.start()
        cookie = self.session(server, operator)
        server.set_clock(operator, "2026-09-01T11:59:59Z")
        self.assertEqual(look(server, "/", cookie).status, 200)
        server.set_clock(operator, "2026-09-01T12:00:00Z")
        self.assertEqual(look(server, "/", cookie).status, 303)

    def test_a_restart_keeps_sessions_unless_the_key_is_gone(self):
        server = self.start()
        cookie = self.session(server)
        server.stop()
        server.start()
        self.assertEqual(look(server, "/", cookie).status, 200)
        server.stop()
        os.unlink(f"{server.db}/session.key")
        server.start()
        self.assertEqual(look(server, "/", cookie).status, 303)

    def test_signing_out_takes_the_cookie_away(self):
        server = self.start()
        cookie = self.session(server)
        answer = look(server, "/logout", cookie, "-X", "POST", "-H",
                      "Content-Length: 0")
        self.assertEqual(answer.status, 303)
        self.assertEqual(answer.headers["Location"], "/login")
        lines = answer.headers.get_all("Set-Cookie")
        self.assertTrue(any(line.startswith("stat=;") for line in lines))
        self.assertTrue(all("Max-Age=0" in line for line in lines))
        self.assertEqual(look(server, "/logout", cookie).status, 405)

    # --- who may not ---------------------------------------------------------

    def test_an_unknown_token_and_that_of_a_source_get_no_session(self):
        server = self.start()
        source = server.create_source("admin1", "acme")
        for token in ("ffs_" + "0" * 64, "", "x" * 200, source):
            answer = enter(server, token)
            self.assertEqual(answer.status, 403)
            self.assertIsNone(answer.headers["Set-Cookie"])
            self.assertIn('role="alert"', answer.text())
            if token:
                self.assertNotIn(token, answer.text())
        self.assertIn("signin.refused", server.log_text())
        self.assertNotIn(source, server.log_text())

    def test_attempts_in_vain_are_limited(self):
        server = self.start()
        for _ in range(10):
            self.assertEqual(enter(server, "wrong").status, 403)
        answer = enter(server, self.reader)
        self.assertEqual(answer.status, 429)
        self.assertTrue(0 < int(answer.headers["Retry-After"]) <= 30)
        self.assertIsNone(answer.headers["Set-Cookie"])
        self.assertEqual(
            server.curl("/v1/accounts", token=self.reader).status, 200)

    def test_a_form_is_small_and_a_form(self):
        server = self.start()
        self.assertEqual(
            server.curl("/login", "-H", FORM, data=b"a" * 5000).status, 413)
        self.assertEqual(
            server.curl("/login", "-H", FORM, "-H",
                        "Transfer-Encoding: chunked", data=b"a").status, 411)
        self.assertEqual(server.curl("/login", json={}).status, 415)
        self.assertEqual(
            server.curl("/login", "-H", FORM, data=b"token=a&token=b").status,
            400)
        self.assertEqual(
            server.curl("/login", "-H", FORM, data=b"token=a%00b").status, 400)

    # --- other sites ---------------------------------------------------------

    def test_a_form_of_another_site_is_refused(self):
        server = self.start()
        cookie = self.session(server)
        for words in (("Origin: https://evil.test",), ("Origin: null",),
                      ("Sec-Fetch-Site: cross-site",),
                      ("Sec-Fetch-Site: same-site",)):
            flags = [w for word in words for w in ("-H", word)]
            answer = enter(server, self.reader, *flags)
            self.assertEqual(answer.status, 403, words)
            self.assertIsNone(answer.headers["Set-Cookie"])
            answer = look(server, "/logout", cookie, "-X", "POST", "-H",
                          "Content-Length: 0", *flags)
            self.assertEqual(answer.status, 403, words)
        host = f"127.0.0.1:{server.port}"
        for word in (f"Origin: http://{host}", "Sec-Fetch-Site: same-origin"):
            self.assertEqual(
                enter(server, self.reader, "-H", word).status, 303)

    def test_the_cookie_changes_nothing(self):
        server = self.server(args=["--mockTime"])
        operator = server.create_token("op", "operator")
        server.create_account("acme")
        server.start()
        cookie = self.session(server, operator)
        for path in ("/v1/rates", "/v1/periods/2026-01/close", "/v1/clock",
                     "/v1/quarantine/1/release"):
            answer = server.curl(path, "-H", f"Cookie: {cookie}", json={})
            self.assertEqual(answer.status, 401, path)
            answer = server.curl(path, token=operator, json={})
            self.assertNotIn(answer.status, (401, 403), path)

    # --- what pages say ------------------------------------------------------

    def test_pages_let_nothing_in_and_are_not_kept(self):
        server = self.start()
        cookie = self.session(server)
        for answer in (server.curl("/login"), look(server, "/", cookie),
                       look(server, "/accounts/acme", cookie),
                       look(server, "/accounts/none", cookie)):
            policy = answer.headers["Content-Security-Policy"].split("; ")
            for rule in ("default-src 'none'", "form-action 'self'",
                         "frame-ancestors 'none'", "base-uri 'none'"):
                self.assertIn(rule, policy)
            self.assertNotIn("unsafe", " ".join(policy))
            self.assertEqual(answer.headers["X-Content-Type-Options"],
                             "nosniff")
            self.assertEqual(answer.headers["Referrer-Policy"], "same-origin")
            self.assertEqual(answer.headers.get_all("Cache-Control"),
                             ["no-store"])
            self.assertEqual(answer.headers["Content-Type"],
                             "text/html; charset=utf-8")
            self.assertNotIn("<script", answer.text())
            self.assertNotIn(" style=", answer.text())

    def test_a_token_works_for_pages_too(self):
        server = self.start()
        source = server.create_source("admin1", "acme")
        self.assertEqual(server.curl("/", token=self.reader).status, 200)
        self.assertEqual(server.curl("/", token=source).status, 403)
        self.assertEqual(server.curl("/", token="wrong").status, 401)


if __name__ == "__main__":
    support.main()
