"""Where the libraries are that make a disk fail, and what steers them."""

import mmap
import os
import struct

from support import binary

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../.."))


def shim(name, **variables):
    """The environment that puts build/test/fault/NAME.so before the libc of
    a server, with these variables more."""
    beside = os.path.dirname(os.path.abspath(binary()[-1]))
    for folder in (beside, os.path.join(TOP, "build")):
        path = os.path.join(folder, "test", "fault", name + ".so")
        if os.path.exists(path):
            break
    else:
        raise AssertionError(
            f"{name}.so is not built: make build/test/fault/{name}.so")
    # A sanitizer wants to be the first library, but works as the second.
    options = [os.environ.get("ASAN_OPTIONS"), "verify_asan_link_order=0"]
    return dict(variables, LD_PRELOAD=path,
                ASAN_OPTIONS=":".join(o for o in options if o))


FIELDS = ("writes", "full_from", "full_before", "syncs", "sync_fails",
          "write_faults", "sync_faults")


class Disk:
    """The control file of disk_fails.so; its fields are attributes."""

    def __init__(self, path):
        with open(path, "w+b") as f:
            f.truncate(8 * len(FIELDS))
            self.__dict__["map"] = mmap.mmap(f.fileno(), 8 * len(FIELDS))

    def __getattr__(self, name):
        return struct.unpack_from("=q", self.map, 8 * FIELDS.index(name))[0]

    def __setattr__(self, name, value):
        struct.pack_into("=q", self.map, 8 * FIELDS.index(name), value)

    def fill(self, after=0, writes=None):
        """Full from the write after the next `after`, for so many writes."""
        first = self.writes + after + 1
        self.full_before = first + writes if writes else 0
        self.full_from = first

    def empty(self):
        self.full_from = 0
