"""The pages of the manual lead to each other: what one refers to is there."""

import re

import support
from support import manual


PAGE = r"Xr (stat\.flexfs\S*|flexfs-report-usage) (\d)"


def sections(page):
    return {name for one in manual.page(page) for name in (one.name, one.sub)}


class DocsPages(support.TestCase):
    def test_pages_that_are_referred_to_are_there(self):
        known = set(manual.pages())
        for page in manual.pages():
            named = re.findall(PAGE, manual.read(f"man/{page}"))
            self.assertTrue(named, page)
            for name, section in named:
                with self.subTest(page=page, to=name):
                    self.assertIn(f"{name}.{section}", known)

    def test_every_page_is_found_from_the_first(self):
        first = re.findall(PAGE, manual.read("man/stat.flexfs.8"))
        self.assertEqual({".".join(words) for words in first},
                         set(manual.pages()) - {"stat.flexfs.8"})

    def test_sections_that_are_referred_to_are_there(self):
        for page in manual.pages():
            text = manual.read(f"man/{page}")
            for name in re.findall(r"^\.Sx (.*?)(?: [.,;:)]+)?$", text,
                                   re.MULTILINE):
                with self.subTest(page=page, to=name):
                    self.assertIn(name, sections(page))

    def test_sections_of_other_pages_are_there(self):
        for page in manual.pages():
            for name, other, section in re.findall(
                    r"see ([A-Z][A-Z ]+[A-Z]) in\n\.Xr (\S+) (\d)",
                    manual.read(f"man/{page}")):
                with self.subTest(page=page, to=name):
                    self.assertIn(name, sections(f"{other}.{section}"))


if __name__ == "__main__":
    support.main()
