"""Who sees one account only is told of another's volumes, invoices and periods
what he is told of those that do not exist: nothing."""
# timeout: 600

import re

import support
from support.gallery import DISPLAY, HOSTILE, LONG, Gallery


class PagesKeepAccountsApart(support.TestCase):

    @classmethod
    def paths(cls, gallery):
        number = gallery.number_of("acme", "2026-10")
        volume = f"/volumes/{gallery.acme[0]}"
        return ["/accounts/acme", "/accounts/acme?page=1",
                "/periods?account=acme", volume, f"{volume}?month=2026-10",
                f"{volume}?year=2026", f"{volume}?day=2026-10-02",
                f"/invoices/{number}", f"/invoices/{number}/lines/1",
                f"/invoices/{number}/lines/1?day=2026-10-02",
                f"/invoices/{number}/lines/13"]

    def nothing(self, gallery, path, token):
        """The page that says that there is nothing; it names no path."""
        answer = gallery.server.curl(path, token=token)
        self.assertEqual(answer.status, 404, path)
        return answer

    def test_what_each_reader_sees(self):
        gallery = Gallery(self)
        server = gallery.server
        self.all_is_there_for_its_account(gallery)
        self.another_account_sees_nothing(gallery)
        self.no_page_names_another(gallery)
        self.names_stay_text(gallery)
        self.pages_add_up(gallery)
        self.assertEqual(server.curl("/sources", token=gallery.limited).status,
                         404)
        self.assertEqual(server.curl("/mails", token=gallery.limited).status,
                         404)

    def all_is_there_for_its_account(self, gallery):
        for token in (gallery.operator, gallery.reader, gallery.limited):
            for path in self.paths(gallery):
                answer = gallery.server.curl(path, token=token)
                self.assertEqual(answer.status, 200, path)

    def another_account_sees_nothing(self, gallery):
        none = self.nothing(gallery, "/accounts/none", gallery.other)
        for path in self.paths(gallery) + [
                f"/volumes/{support.new_uuid()}", "/invoices/2026-09999",
                "/invoices/2026-09999/lines/1"]:
            answer = self.nothing(gallery, path, gallery.other)
            self.assertEqual(answer.body, none.body, path)
            self.assertEqual(answer.headers.keys(), none.headers.keys())

    def no_page_names_another(self, gallery):
        number = gallery.number_of("beta", "2026-10")
        paths = ["/", "/periods", "/accounts/beta", f"/invoices/{number}",
                 f"/invoices/{number}/lines/1", f"/volumes/{gallery.beta}"]
        for path in paths:
            answer = gallery.server.curl(path, token=gallery.other)
            self.assertEqual(answer.status, 200, path)
            for word in ("acme", "Acme", "gamma", "admin1", "admin2", LONG,
                         "stat.flexfs create", "stat.flexfs list"):
                self.assertNotIn(word, answer.text(), path)

    def names_stay_text(self, gallery):
        number = gallery.number_of("acme", "2026-10")
        for path in ("/", "/accounts/acme", f"/volumes/{gallery.acme[2]}",
                     f"/invoices/{number}"):
            text = gallery.server.curl(path, token=gallery.reader).text()
            for name in (HOSTILE, DISPLAY, "<script", "\u202e"):
                self.assertNotIn(name, text, path)
            # Every attribute is closed where it was begun.
            self.assertIsNone(re.search(r'<\w[^<>]*<', text), path)

    def pages_add_up(self, gallery):
        """The pages say what the bill says."""
        number = gallery.number_of("acme", "2026-10")
        total = next(i["total"] for i in gallery.invoices()
                     if i["number"] == number)
        page = gallery.server.curl(f"/invoices/{number}",
                                   token=gallery.reader).text()
        self.assertIn(f"USD {total}", page)
        self.assertIn("10 estimated", page)
        self.assertIn("24 missing", page)
        page = gallery.server.curl("/", token=gallery.reader).text()
        for words in ("2026-09 of", "is held", "1 sample is in quarantine",
                      "1 source has not reported"):
            self.assertIn(words, page)
        page = gallery.server.curl(f"/invoices/{number}/lines/13",
                                   token=gallery.reader).text()
        self.assertIn("before  measured", page)
        self.assertNotIn("\ufffd", page)
        page = gallery.server.curl("/sources", token=gallery.reader).text()
        self.assertIn("silent", page)
        self.assertIn("-30.000 s", page)
        page = gallery.server.curl("/accounts/many?page=2",
                                   token=gallery.reader).text()
        self.assertIn("201 to 205 of 205", page)


if __name__ == "__main__":
    support.main()
