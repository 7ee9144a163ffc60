"""Every page in Chromium, narrow and wide, light and dark, for who sees all and
for who sees one account: nothing that axe-core calls serious, no word on the
console, no report of the policy, nothing wider than the window.

PICTURES=FOLDER keeps a picture of each page there.
"""
# timeout: 900

import json
import os
import shutil
import subprocess
import unittest

import support
from support.gallery import Gallery

NPM = os.path.join(support.server.TOP, "test/npm")
BROWSER = shutil.which("chromium")


def why_not():
    if BROWSER is None:
        return "there is no chromium"
    if shutil.which("node") is None:
        return "there is no node"
    if not os.path.isdir(os.path.join(NPM, "node_modules/playwright-core")):
        return "test/npm is not installed: make deps"
    return None


def pages_of(gallery):
    number = gallery.number_of("acme", "2026-10")
    volume = f"/volumes/{gallery.acme[8]}"
    line = f"/invoices/{number}/lines"
    return ["/", "/accounts/acme", "/periods", f"{volume}?month=2026-10",
            f"{volume}?year=2026", f"{volume}?day=2026-11-06",
            f"/volumes/{gallery.acme[2]}", f"/invoices/{number}", f"{line}/1",
            f"{line}/1?day=2026-10-02", f"{line}/13"]


def pages_of_all(gallery):
    return ["/accounts/beta", "/accounts/gamma", "/accounts/many",
            f"/invoices/{gallery.number_of('beta', '2026-10')}",
            f"/volumes/{gallery.beta}", "/sources", "/mails"]


@unittest.skipIf(why_not(), why_not())
class PagesInABrowser(support.TestCase):

    def walk(self, server, paths, readers):
        job = {"url": server.url(""), "paths": paths, "readers": readers,
               "sizes": [[380, 760], [1600, 900]],
               "schemes": ["light", "dark"], "browser": BROWSER,
               "folder": os.environ.get("PICTURES")}
        done = subprocess.run(
            ["node", os.path.join(NPM, "walk.js")], text=True,
            input=json.dumps(job), capture_output=True, timeout=800,
            check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout), [])

    def test_pages_are_sound(self):
        gallery = Gallery(self, tls=True)
        self.walk(gallery.server, pages_of(gallery) + pages_of_all(gallery),
                  {"reader": gallery.reader})
        self.walk(gallery.server, pages_of(gallery),
                  {"limited": gallery.limited})

    def test_pages_without_anything_are_sound(self):
        server = self.server()
        reader = server.create_token("r", "reader")
        server.start()
        self.walk(server, ["/", "/periods", "/sources", "/mails"],
                  {"nobody": reader})


if __name__ == "__main__":
    support.main()
