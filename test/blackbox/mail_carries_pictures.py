#!/usr/bin/python3
"""A mail shows its pictures by Content-ID; the process that writes it draws
them, and the server stays free of what that takes."""

import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../smtpd"))
from mailing import Site, parse, support  # noqa: E402
from support.png import Png  # noqa: E402

DUE = "2024-02-01T00:10:00Z"
DRAWING = re.compile(r"lib(cairo|pango|glib|fontconfig|freetype)[^/]*\.so")


class MailCarriesPictures(support.TestCase):
    def test_a_mail_of_the_outbox_shows_two_pictures(self):
        site = Site(self).start()
        site.month("2024-01", acme=5)
        site.clock(DUE)
        site.until(1, "is written", lambda row: row["subject"])
        mail = parse(site.message(1))
        images = [p for p in mail.walk()
                  if p.get_content_type() == "image/png"]
        self.assertEqual([p.get_filename() for p in images],
                         ["picture1.png", "picture2.png"])
        page = next(p for p in mail.walk()
                    if p.get_content_type() == "text/html").get_content()
        shown = re.findall(
            r'<img src="cid:([^"]+)" width="(\d+)" height="(\d+)" '
            r'alt="([^"]+)"', page)
        self.assertEqual([f"<{cid}>" for cid, *_ in shown],
                         [p["Content-ID"] for p in images])
        for (_, width, height, alt), image in zip(shown, images):
            png = Png(image.get_payload(decode=True))
            self.assertEqual((png.width, png.height),
                             (2 * int(width), 2 * int(height)))
            text = next(p for p in mail.walk()
                        if p.get_content_type() == "text/plain")
            self.assertIn(" ".join(alt.split()),
                          " ".join(text.get_content().split()))
        self.assertIn("Stored per day, 2024-01-01 to 2024-01-31: from 5.00 "
                      "GiB (2024-01-01) to 5.00 GiB", shown[0][3])
        self.assertIn("Cost by month in USD: 2024-01 0.15", shown[1][3])
        self.assertEqual(site.server.lines("delivery.failed"), [])

    def test_the_server_itself_cannot_draw(self):
        site = Site(self).start()
        site.month("2024-01", acme=5)
        site.clock(DUE)
        site.until(1, "is written", lambda row: row["subject"])
        with open(f"/proc/{site.server.pid}/maps", encoding="utf-8") as f:
            maps = f.read()
        self.assertIn("libsqlite3", maps)
        self.assertNotRegex(maps, DRAWING)


if __name__ == "__main__":
    support.main()
