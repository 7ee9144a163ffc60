"""Helpers for tests that drive the real program.

    import support


    class HttpAnswersHealth(support.TestCase):
        def test_a_stranger_may_ask_whether_it_is_alive(self):
            server = self.server()          # a folder of its own, not started
            server.start()                  # returns once it takes requests
            self.assertEqual(server.curl("/healthz").status, 200)
            server.stop()                   # SIGTERM; must exit 0 within 5 s


    if __name__ == "__main__":
        support.main()

The program is $STAT_BINARY (default build/stat.flexfs), run under $STAT_WRAP
when that is set ("valgrind -q --error-exitcode=99").

Running a test file
    main()          runs the file's tests and prints one TAP line for each;
                    the last statement of every test file.
    TestCase        unittest.TestCase plus server(), folder() and
                    wait_until(); a failing test shows its servers' logs.

The server and the command line (module support.server)
    Server          one database folder, a home, and the program on it:
                    start, stop, kill, cli, ok, curl, raw, wait_log,
                    create_account, create_source, create_token, create_rate,
                    send_report, set_clock. See its docstring.
    Result          what cli returns: code, stdout, stderr.
    Answer          what curl returns: status, headers, body; .json().
    Exchange        what raw returns: data, answers, closed.
    Line            what wait_log returns: text, level, event, fields.
    wait_until(condition, what, timeout)
                    the first true value of condition(); fails in words.
    free_port()     a TCP port of 127.0.0.1 that is free right now.

Installing (module support.install)
    make(goal, *words), make_install(*words), remove_tree(folder).

Reports (module support.report)
    make_report(volumes, **members), make_volume(bytes, **members),
    hourly(bytes, start, hours), rfc3339(at), unix(text), new_uuid().

Money (module support.money)
    fraction(text), decimal(fraction, digits), round_to(fraction, digits,
    mode), month_cost(byte_hours, rate, month), largest_remainder(parts,
    total, digits), hours_in_month(month), month_start(month), GIB. Exact
    fractions throughout.

Metrics (module support.metrics)
    scrape(server, token), scrape_own(server): Metrics, whose text is read
    strictly.

The service manager (module support.manager)
    Manager         a notify socket that collects what a server tells it;
                    hand_over makes a server inherit listening sockets.

A second, independent way from reports to documents
    support.usage   Payer, Sample; hours of a volume, as of what was known.
    support.books   Books: bills, closing, corrections, the forecast.
    support.desk    Desk: a server and Books side by side; whatever is sent
                    goes to both, and their answers and documents must agree.
                    Paper: the same with the books alone.
    support.worked  the cases of test/golden/billing.json, told to a desk.
    support.histories
                    Chronicle: a server, its clock, histories at random.

FOCUS files (module support.focus)
    parse(text), Checker().check(text): findings by the rules of
    test/golden/focus-1.2.json; reckon(bill): the rows' costs.

Explanations (module support.explained)
    check(explained)  reckons one from what it says itself; Story is a server
    whose bills are explained line by line.

The ledger behind its back (modules support.story, support.tamper)
    Story           a server with a bit of everything in its database.
    Copy            a copy of a database, to change and to verify; rewrite()
                    computes the hash chain anew.
"""

from .cases import TestCase, main
from .install import make, make_install, remove_tree
from .money import (GIB, decimal, fraction, hours_in_month, largest_remainder,
                    month_cost, month_start, round_to)
from .report import (hourly, make_report, make_volume, new_uuid, rfc3339,
                     unix)
from .server import (Answer, Exchange, Line, Result, Server, binary,
                     free_port, wait_until)

__all__ = [
    "GIB", "Answer", "Exchange", "Line", "Result", "Server", "TestCase",
    "binary", "decimal", "fraction", "free_port", "hourly", "hours_in_month",
    "largest_remainder", "main", "make", "make_install", "make_report",
    "make_volume", "month_cost", "month_start", "new_uuid", "remove_tree",
    "rfc3339", "round_to", "unix", "wait_until",
]
