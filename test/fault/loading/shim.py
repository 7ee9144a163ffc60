"""Where the libraries are that make a disk fail."""

import os

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
