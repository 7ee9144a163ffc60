"""make install into a folder of its own."""

import fcntl
import os
import shutil
import subprocess
import tempfile

from .server import TOP, binary


def make(goal, *words):
    """Runs a goal for the program that is tested; returns what it said. One
    at a time: units are written for a prefix, and all in the same folder."""
    folder = os.path.dirname(binary()[-1])
    with open(os.path.join(folder, "install.lock"), "w",
              encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = subprocess.run(
            ["make", "-s", "-C", TOP,
             f"BUILD={os.path.relpath(folder, TOP)}", goal, *words],
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
            check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def make_install(*words):
    """The folder, which is the caller's to remove."""
    place = tempfile.mkdtemp(prefix="install-")
    make("install", f"DESTDIR={place}", *words)
    return place


def remove_tree(place):
    shutil.rmtree(place)
