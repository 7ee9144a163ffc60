"""The worked cases of test/golden/billing.json, through the real program:
reports over HTTP in, `report --format json` out."""

import json

import support
from support.desk import Desk
from support.usage import rfc3339_nanos
from support.worked import WorkedCases


class MoneyGoldenCases(WorkedCases, support.TestCase):

    desk_type = Desk

    def send_bare_number(self, case, payer, volume):
        """Refused as a whole, with a pointer."""
        status, answer = case.desk.post(
            f"{payer.name}-admin", json.dumps({
                "report_id": support.new_uuid(),
                "sent_at": rfc3339_nanos(case.desk.now),
                "volumes": [volume]}))
        self.assertEqual(status, 422)
        self.assertEqual(answer["errors"][0]["pointer"], "/volumes/0/bytes")

    def test_each_worked_case_comes_out_as_written(self):
        self.run_all()


if __name__ == "__main__":
    support.main()
