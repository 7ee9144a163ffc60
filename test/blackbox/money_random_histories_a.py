"""Histories made at random, part a: see support.histories.

    MONEY_SEED=7 MONEY_FIRST=300 python3 test/blackbox/money_random_...

Without MONEY_SEED the seed is 1, so that a plain run always does the same.
"""
# timeout: 600

import support
from support.histories import RandomHistories


class MoneyRandomHistories(RandomHistories, support.TestCase):

    def test_every_history_is_billed_as_reckoned(self):
        self.run_part("a")


if __name__ == "__main__":
    support.main()
