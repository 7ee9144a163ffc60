"""What `create grant` signs is verified by openssl and by jose, and what they
refuse `verify grant` refuses."""

import hashlib
import hmac
import json
import os
import stat
import subprocess
import time

import support
from support import grants

ALG = json.dumps({"alg": "ES256", "typ": "JWT"}).encode()


class GrantIsVerifiedElsewhere(support.TestCase):
    def setUp(self):
        self.it = self.server()
        self.it.create_account("acme")
        self.it.create_source("admin1", "acme")
        self.it.ok("create", "identity", db=False)
        self.keys = grants.folder_of(self.it)
        self.public = os.path.join(self.keys, "public.pem")

    def create(self, *words):
        """A grant of admin1, which stands alone on standard output."""
        out = self.it.ok("create", "grant", "--source", "admin1", *words)
        self.assertEqual(out.count("\n"), 1)
        return out.strip()

    def verify(self, grant, *words):
        """(exit status, what is told of it)"""
        result = self.it.cli("verify", "grant", "--output", "json", *words,
                             stdin=grant, db=False)
        self.assertEqual(result.code != 0, result.stderr != "", result)
        return result.code, json.loads(result.stdout)

    def refuse(self, grant, state="invalid", jose=True):
        code, told = self.verify(grant)
        self.assertEqual((code, told["state"]), (1, state), grant)
        if state == "invalid":
            self.assertEqual(set(told.values()), {"invalid", None})
        if jose:
            self.assertIsInstance(
                grants.jose_verifies(grant, self.public), str)

    def test_openssl_and_jose_verify_it(self):
        before = int(time.time())
        for _ in range(8):
            grant = self.create()
            self.assertTrue(grants.openssl_verifies(grant, self.public))
            seen = grants.jose_verifies(grant, self.public)
            self.assertIsInstance(seen, dict)
            self.assertEqual(seen["header"], {
                "alg": "ES256", "kid": seen["thumbprint"], "typ": "JWT"})
            payload = seen["payload"]
            self.assertEqual(payload["source"], "admin1")
            self.assertEqual(payload["sub"], "admin1")
            self.assertEqual(payload["exp"] - payload["iat"], 30 * 86400)
            self.assertTrue(before <= payload["iat"] <= time.time() + 1)
            code, told = self.verify(grant)
            self.assertEqual((code, told["state"]), (0, "valid"))
            self.assertEqual(told["source"], "admin1")
            self.assertEqual(told["key_id"], seen["thumbprint"])
            self.assertEqual(told["jti"], payload["jti"])
            self.assertEqual(support.unix(told["expires_at"]),
                             payload["exp"])

    def test_a_key_of_openssl_is_as_good(self):
        """As `openssl ecparam` and `openssl genpkey` write them."""
        for words in (["ecparam", "-name", "prime256v1", "-genkey"],
                      ["genpkey", "-algorithm", "EC", "-pkeyopt",
                       "ec_paramgen_curve:P-256"]):
            private = os.path.join(self.keys, "private.pem")
            os.remove(private)
            os.remove(self.public)
            subprocess.run(["openssl", *words, "-out", private], check=True,
                           capture_output=True)
            os.chmod(private, 0o600)
            self.it.ok("create", "identity", db=False)
            grant = self.create()
            self.assertTrue(grants.openssl_verifies(grant, self.public))
            self.assertIsInstance(
                grants.jose_verifies(grant, self.public), dict)

    def test_tampering(self):
        grant = self.create()
        header, payload, signature = grant.split(".")
        claims = grants.pieces(grant)[1]
        later = grants.encode(json.dumps(
            dict(claims, exp=claims["exp"] + 86400)).encode())
        self.refuse(f"{header}.{later}.{signature}")
        other = grants.encode(json.dumps(dict(claims, source="x")).encode())
        self.refuse(f"{header}.{other}.{signature}")
        flipped = bytearray(grants.decode(signature))
        flipped[40] ^= 1
        self.refuse(f"{header}.{payload}.{grants.encode(bytes(flipped))}")
        # s and n - s are both good for ECDSA; half of a signature is not.
        self.refuse(f"{header}.{payload}.{signature[:43]}")
        self.refuse(f"{header}.{payload}.")
        self.refuse(f"{header}.{payload}")
        self.refuse(f"{grant}.{signature}")
        self.refuse(f"{grants.encode(ALG)}.{payload}.{signature}")
        for text in ("x", "..", "{}", "\u00e4.b.c"):
            self.refuse(text, jose=False)
        result = self.it.cli("verify", "grant", stdin="", db=False)
        self.assertEqual(result.code, 1)

    def test_other_algorithms(self):
        """alg none; and HS256 with the public key as the secret."""
        grant = self.create()
        payload = grant.split(".")[1]
        with open(self.public, "rb") as f:
            secret = f.read()
        for alg in ("none", "None", "HS256", "RS256", "ES512"):
            header = grants.encode(json.dumps({"alg": alg}).encode())
            signed = f"{header}.{payload}"
            mac = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
            self.refuse(f"{signed}.")
            self.refuse(f"{signed}.{grants.encode(mac)}")
            self.refuse(f"{signed}.{grant.split('.')[2]}")

    def test_another_key(self):
        grant = self.create()
        self.it.ok("create", "identity", "--force", db=False)
        self.refuse(grant)
        self.assertFalse(grants.openssl_verifies(grant, self.public))
        new = self.create()
        self.assertEqual(self.verify(new)[0], 0)

    def test_time(self):
        grant = self.create("--mockTime", "--mockRate", 0, "--mockStart",
                            "2024-02-01T00:00:00Z", "--expires", "1d")
        end = support.unix("2024-02-02T00:00:00Z")
        for now, state in ((end - 1, "valid"), (end, "expired"),
                           (end - 86401, "not_yet"), (end - 86400, "valid")):
            code, told = self.verify(
                grant, "--mockTime", "--mockRate", 0, "--mockStart",
                support.rfc3339(now))
            self.assertEqual(told["state"], state)
            self.assertEqual(code, 0 if state == "valid" else 1)
            # jose has no opinion about iat.
            self.assertEqual(isinstance(
                grants.jose_verifies(grant, self.public, now), dict),
                state in ("valid", "not_yet"))
        self.refuse(grant, "expired")

    def test_another_source(self):
        grant = self.create()
        self.assertEqual(self.verify(grant, "--source", "admin1")[0], 0)
        code, told = self.verify(grant, "--source", "admin2")
        self.assertEqual((code, told["state"]), (1, "other_source"))

    def test_from_a_file_on_a_machine_with_the_public_key_alone(self):
        there = self.folder()
        path = os.path.join(there, "grant")
        with open(path, "w", encoding="ascii") as f:
            f.write(" " + self.create() + "\r\n")
        with open(self.public, encoding="ascii") as f:
            text = f.read()
        with open(os.path.join(there, "public.pem"), "w",
                  encoding="ascii") as f:
            f.write(text)
        result = self.it.cli("verify", "grant", path, "--keyFolder", there,
                             db=False, env={"HOME": there})
        self.assertEqual(result.code, 0, result)
        self.assertIn("state=valid source=admin1 ", result.stdout)
        result = self.it.cli("verify", "grant", path, "--keyFolder",
                             os.path.join(there, "x"), db=False)
        self.assertEqual((result.code, result.stdout), (1, ""))

    def test_the_key_is_made_once_and_is_nobody_elses(self):
        private = os.path.join(self.keys, "private.pem")
        self.assertEqual(stat.S_IMODE(os.stat(private).st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(os.stat(self.keys).st_mode), 0o700)
        with open(private, "rb") as f:
            before = f.read()
        result = self.it.cli("create", "identity", db=False)
        self.assertEqual(result.code, 1)
        self.assertIn("--force", result.stderr)
        with open(private, "rb") as f:
            self.assertEqual(f.read(), before)
        os.chmod(private, 0o640)
        result = self.it.cli("create", "grant", "--source", "admin1")
        self.assertEqual(result.code, 1)
        self.assertIn("chmod 600", result.stderr)

    def test_what_cannot_be_signed(self):
        for words, code, said in (
                (["--expires", "23h"], 1, "between 1 day and 2 years"),
                (["--expires", "732d"], 1, "between 1 day and 2 years"),
                (["--expires", "2020-01-01T00:00:00Z"], 1, "between 1 day"),
                (["--expires", "soon"], 2, "--expires"),
                (["--source", "nobody"], 1, "no source")):
            source = [] if "--source" in words else ["--source", "admin1"]
            result = self.it.cli("create", "grant", *source, *words)
            self.assertEqual((result.code, result.stdout), (code, ""))
            self.assertIn(said, result.stderr)
        self.it.ok("update", "source", "--name", "admin1", "--disable")
        result = self.it.cli("create", "grant", "--source", "admin1")
        self.assertEqual(result.code, 1)
        self.assertIn("switched off", result.stderr)


if __name__ == "__main__":
    support.main()
