"""Grants, taken apart and verified by other programs than the one that signs
them: the openssl command line, and jose under node."""

import base64
import json
import os
import subprocess
import tempfile

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../.."))
SCRIPT = os.path.join(TOP, "test/npm/verify_jws.mjs")
MODULE = os.path.join(TOP, "test/npm/node_modules/jose")


def folder_of(server):
    """Where its keys are by default."""
    return os.path.join(server.home, ".flexfs", "license")


def decode(piece):
    return base64.urlsafe_b64decode(piece + "=" * (-len(piece) % 4))


def encode(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def pieces(grant):
    """(header, payload, signature) of a grant: two values and bytes."""
    header, payload, signature = grant.split(".")
    return (json.loads(decode(header)), json.loads(decode(payload)),
            decode(signature))


def to_der(raw):
    """r and s, 32 bytes each, as the SEQUENCE of two INTEGERs that openssl
    reads (X.690)."""
    def integer(data):
        data = data.lstrip(b"\0") or b"\0"
        if data[0] & 0x80:
            data = b"\0" + data
        return bytes([2, len(data)]) + data

    assert len(raw) == 64, len(raw)
    body = integer(raw[:32]) + integer(raw[32:])
    return bytes([0x30, len(body)]) + body


def openssl_verifies(grant, public):
    """Whether the openssl command does, with the key in the file public."""
    signed, _, signature = grant.rpartition(".")
    with tempfile.NamedTemporaryFile() as f:
        f.write(to_der(decode(signature)))
        f.flush()
        done = subprocess.run(
            ["openssl", "dgst", "-sha256", "-verify", public, "-signature",
             f.name], input=signed.encode(), capture_output=True, check=False)
    return done.returncode == 0 and b"Verified OK" in done.stdout


def jose_verifies(grant, public, now=None):
    """What jose makes of it: {"header", "payload", "thumbprint"}; or, as a
    str, why it refuses."""
    assert os.path.isdir(MODULE), "make deps installs jose"
    done = subprocess.run(
        ["node", SCRIPT, public] + ([str(now)] if now else []),
        input=grant, capture_output=True, text=True, check=False, timeout=60)
    return json.loads(done.stdout) if done.returncode == 0 else done.stderr
