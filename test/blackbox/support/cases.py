"""The test case all Python tests use, and a runner that prints TAP."""

import os
import shutil
import sys
import tempfile
import traceback
import unittest

from .server import Server, wait_until


class TestCase(unittest.TestCase):
    """A test with servers; they and their folders are gone after it."""

    maxDiff = None

    def server(self, **options):
        """A Server with a folder of its own; options as its constructor's.
        Not started. When the test is over it is stopped as stop()
        does, so every test sees a clean end; its log is shown when the test
        fails."""
        server = Server(self.folder(), **options)
        self.addCleanup(server.close)
        self._servers = getattr(self, "_servers", []) + [server]
        return server

    def forget_servers(self):
        """Those so far did well: their logs are not shown."""
        self._servers = []

    def folder(self):
        """A new empty folder, removed after the test."""
        path = tempfile.mkdtemp(prefix="t-")
        if not os.environ.get("KEEP"):
            self.addCleanup(shutil.rmtree, path, ignore_errors=True)
        return path

    def wait_until(self, condition, what, timeout=20):
        return wait_until(condition, what, timeout)

    def logs(self):
        return "".join(
            f"log of {server.folder}:\n{server.log_text()}"
            for server in getattr(self, "_servers", []))


def describe(err):
    """The traceback without unittest's own frames."""
    told = traceback.TracebackException(*err)
    told.stack = traceback.StackSummary.from_list(
        [f for f in told.stack if "/unittest/" not in f.filename])
    return "".join(told.format())


class TapResult(unittest.TestResult):
    """One line per test, printed when it is over; details behind '# '."""

    def __init__(self, stream):
        super().__init__()
        self.stream = stream
        self.count = 0
        self.bad = False
        self.verdict = None  # (word, skip reason, details) of the running test

    def say(self, test, word, skip="", details=""):
        self.count += 1
        name = getattr(test, "_testMethodName", None) or str(test)
        name = name.removeprefix("test_").replace("_", " ")
        tail = f" # SKIP {skip}" if skip else ""
        lines = [f"{word} {self.count} - {name}{tail}"]
        lines += [f"# {line}" for line in details.splitlines()]
        self.stream.write("\n".join(lines) + "\n")
        self.stream.flush()
        if word != "ok":
            self.bad = True

    def startTest(self, test):
        super().startTest(test)
        self.verdict = None

    def stopTest(self, test):
        if self.verdict is None:
            self.verdict = ("ok", "", "")
        self.say(test, *self.verdict)
        self.verdict = None
        super().stopTest(test)

    def blame(self, test, err):
        details = describe(err)
        if isinstance(test, TestCase):
            details += test.logs()
        if not isinstance(test, unittest.TestCase):
            self.say(test, "not ok", "", details)  # setUpClass and its like
            return
        if self.verdict is not None and self.verdict[0] == "not ok":
            details = self.verdict[2] + details
        self.verdict = ("not ok", "", details)

    def addError(self, test, err):
        self.blame(test, err)

    def addFailure(self, test, err):
        self.blame(test, err)

    def addSubTest(self, test, subtest, err):
        if err is not None:
            told = (err[0], type(err[1])(f"{subtest._subDescription()}: "
                                         f"{err[1]}"), err[2]) \
                if issubclass(err[0], AssertionError) else err
            self.blame(test, told)

    def addSkip(self, test, reason):
        reason = " ".join(reason.split()) or "no reason given"
        if not isinstance(test, unittest.TestCase):
            self.say(test, "ok", reason)
        elif self.verdict is None:
            self.verdict = ("ok", reason, "")

    def addExpectedFailure(self, test, err):
        self.blame(test, err)

    def addUnexpectedSuccess(self, test):
        self.verdict = ("not ok", "", "an expected failure did not happen")


def main():
    """Runs the tests of the calling file (or those named as arguments:
    Class or Class.test_name) and exits 0 if none failed."""
    module = sys.modules["__main__"]
    loader = unittest.TestLoader()
    if len(sys.argv) > 1:
        tests = loader.loadTestsFromNames(sys.argv[1:], module)
    else:
        tests = loader.loadTestsFromModule(module)
    result = TapResult(sys.stdout)
    tests.run(result)
    print(f"1..{result.count}", flush=True)
    sys.exit(1 if result.bad or result.count == 0 else 0)
