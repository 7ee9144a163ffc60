"""The second reckoning that money is tested against is itself proven: by the
worked cases of test/golden/billing.json, without the program."""

import support
from support.desk import Paper
from support.worked import WorkedCases


class MoneyReference(WorkedCases, support.TestCase):

    desk_type = Paper

    def test_each_worked_case_comes_out_as_written(self):
        self.run_all()


if __name__ == "__main__":
    support.main()
