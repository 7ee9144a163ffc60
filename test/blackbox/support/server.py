"""The real program: as a server, and as a command."""

import collections
import email.message
import http.client
import io
import json as jsonlib
import os
import re
import shlex
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../.."))

Result = collections.namedtuple("Result", "code stdout stderr")
Result.__doc__ = "What a command did: exit status and two texts."

Exchange = collections.namedtuple("Exchange", "data answers closed")
Exchange.__doc__ = """What came back on a raw connection: all bytes, the
answers found in them (1xx ones, too), and whether the server closed it."""


class Answer(collections.namedtuple("Answer", "status headers body")):
    """An HTTP answer: an int, a message (headers["Allow"], get_all) whose
    names may be written in any case, and bytes."""

    def json(self):
        return jsonlib.loads(self.body)

    def text(self):
        return self.body.decode()


class Line(collections.namedtuple("Line", "text level event fields")):
    """A log line: `2026-11-26T10:24:25.123Z info server.ready
    bind=127.0.0.1:8443 note="two words"` has level info, event server.ready
    and fields {"bind": ..., "note": ...}. Lines without a time are some that
    no server wrote.
    """

    TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z ")
    FIELD = re.compile(r'([A-Za-z0-9_.]+)=("(?:[^"\\]|\\.)*"|\S*)')

    @classmethod
    def parse(cls, text):
        words = cls.TIME.sub("", text, count=1).split(" ", 2) + ["", ""]
        fields = {}
        for key, value in cls.FIELD.findall(words[2]):
            if len(value) > 1 and value[0] == value[-1] == '"':
                value = value[1:-1]
            fields[key] = value
        return cls(text, words[0], words[1], fields)


def binary():
    """The words that start the program: $STAT_WRAP, then $STAT_BINARY."""
    program = os.environ.get("STAT_BINARY", "build/stat.flexfs")
    return shlex.split(os.environ.get("STAT_WRAP", "")) + [
        os.path.join(TOP, program)]


def free_port():
    """A TCP port of 127.0.0.1 that nobody listens on right now."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until(condition, what, timeout=20):
    """Calls condition() until it is true and returns what it returned."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"after {timeout} s still not: {what}")
        time.sleep(0.02)


def flags(options):
    """{"display_name": "A", "from_": "t", "to": ["a", "b"], "now": True}
    becomes --displayName A --from t --to a --to b --now."""
    words = []
    for name, value in options.items():
        head, *rest = name.rstrip("_").split("_")
        flag = "--" + head + "".join(part.capitalize() for part in rest)
        for one in value if isinstance(value, (list, tuple)) else [value]:
            if one is True:
                words.append(flag)
            elif one is not None and one is not False:
                words += [flag, str(one)]
    return words


class Server:
    """The program on one folder.

    folder    holds everything: db/ (--dbFolder), home/ ($HOME, so every
              default path of the program is below it), ssl/
    args      more flags for start, e.g. ("--mockTime", "--mockRate", "0")
    tls       serve TLS with the certificate the program makes itself
    config    text for ~/.flexfs/stat/config
    env       more environment variables
    wrap      words in front of the program when it is started as a server
    pass_fds  descriptors that it inherits

    Commands (cli, create_...) work before the server is started, too.
    """

    def __init__(self, folder=None, args=(), tls=False, config=None, env=None,
                 wrap=(), pass_fds=()):
        self.folder = folder or tempfile.mkdtemp(prefix="server-")
        self.args = list(args)
        self.tls = tls
        self.wrap = list(wrap)
        self.pass_fds = pass_fds
        self.db = os.path.join(self.folder, "db")
        self.home = os.path.join(self.folder, "home")
        self.cert = os.path.join(self.folder, "ssl", "cert")
        self.key = os.path.join(self.folder, "ssl", "key")
        self.port = None
        self.process = None
        self.exit_code = None
        self._lines = []
        self._news = threading.Condition()
        self._reader = None
        for path in (self.db, self.home, os.path.dirname(self.cert)):
            os.makedirs(path, mode=0o700, exist_ok=True)
        self.env = dict(os.environ, HOME=self.home)
        self.env.update(env or {})
        if config is not None:
            self.write_config(config)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is None:
            self.close()
        else:
            self.kill()

    def write_config(self, text):
        """Writes the settings file (a running server wants a SIGHUP)."""
        path = os.path.join(self.home, ".flexfs", "stat", "config")
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            os.fchmod(f.fileno(), 0o600)
            f.write(text)

    # --- life ----------------------------------------------------------------

    def start(self, *more, ready=True, timeout=30, port=0):
        """Starts the server and waits until it takes requests; returns self.
        ready=False: returns at once. more: flags for this start only."""
        assert not self.running(), "it runs already"
        words = ["start", "--bindAddr", f"127.0.0.1:{port}",
                 "--dbFolder", self.db]
        if self.tls:
            words += ["--sslCert", self.cert, "--sslKey", self.key]
        else:
            words += ["--noSSL"]
        self.exit_code = None
        mark = self.mark()
        with open(os.path.join(self.folder, "stdout"), "ab") as out:
            self.process = subprocess.Popen(
                self.wrap + binary() + words + self.args + list(more),
                stdin=subprocess.DEVNULL, stdout=out, pass_fds=self.pass_fds,
                stderr=subprocess.PIPE, env=self.env, cwd=self.folder)
        self._reader = threading.Thread(
            target=self._read_log, args=(self.process,), daemon=True)
        self._reader.start()
        if ready:
            line = self.wait_log("server.ready", timeout, after=mark)
            self.port = int(line.fields["bind"].rpartition(":")[2])
        return self

    def _read_log(self, process):
        for raw in process.stderr:
            text = raw.decode(errors="replace").rstrip("\n")
            with self._news:
                self._lines.append(Line.parse(text))
                self._news.notify_all()
        process.stderr.close()
        with self._news:
            self._news.notify_all()

    def running(self):
        return self.process is not None and self.process.poll() is None

    @property
    def pid(self):
        return self.process.pid

    def signal(self, number):
        self.process.send_signal(number)

    def wait_exit(self, timeout=5):
        """Waits for the end of the process; returns its exit status."""
        try:
            self.exit_code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(
                f"still running after {timeout} s\n{self.log_text()}") from None
        self._reader.join(5)
        return self.exit_code

    def stop(self, timeout=5, code=0):
        """SIGTERM; the server must exit with code within timeout s."""
        assert self.process is not None, "it was never started"
        if self.running():
            self.signal(signal.SIGTERM)
        got = self.wait_exit(timeout * (4 if os.environ.get("STAT_WRAP")
                                        else 1))
        self.process = None
        assert got == code, f"exit status {got}\n{self.log_text()}"

    def kill(self):
        """SIGKILL; fine if it does not run."""
        if self.process is None:
            return
        self.process.kill()
        self.wait_exit()
        self.process = None

    def close(self):
        """Stops it if it still runs, and kills it if it does not obey."""
        if self.process is None:
            return
        try:
            self.stop()
        finally:
            self.kill()

    # --- log -----------------------------------------------------------------

    def mark(self):
        """A place in the log, for wait_log(after=...)."""
        with self._news:
            return len(self._lines)

    def lines(self, event=None, after=0):
        """The log lines so far, or those of one event."""
        with self._news:
            return [line for line in self._lines[after:]
                    if event is None or line.event == event]

    def log_text(self):
        return "".join(f"    {line.text}\n" for line in self.lines())

    def wait_log(self, event, timeout=20, after=0, **fields):
        """The first line of this event whose fields have these values, read
        after the mark. Fails when the server ends or time runs out first."""
        deadline = time.monotonic() + timeout
        at = after
        with self._news:
            while True:
                while at < len(self._lines):
                    line = self._lines[at]
                    at += 1
                    if line.event == event and all(
                            line.fields.get(k) == str(v)
                            for k, v in fields.items()):
                        return line
                left = deadline - time.monotonic()
                if self._reader is None or not self._reader.is_alive():
                    why = "the server ended"
                    break
                if left <= 0:
                    why = f"{timeout} s passed"
                    break
                self._news.wait(min(left, 0.5))
        raise AssertionError(
            f"{why} without a line {event} {fields or ''}\n{self.log_text()}")

    # --- command line --------------------------------------------------------

    def cli(self, *words, db=True, stdin=None, env=None, timeout=60):
        """Runs a command on the same database folder (db=False: without
        --dbFolder) and returns a Result. stdin and the outputs are text."""
        command = binary() + [str(w) for w in words]
        if db:
            command += ["--dbFolder", self.db]
        done = subprocess.run(
            command, input=(stdin or "").encode(), capture_output=True,
            env=dict(self.env, **(env or {})), cwd=self.folder,
            timeout=timeout, check=False)
        return Result(done.returncode, done.stdout.decode(errors="replace"),
                      done.stderr.decode(errors="replace"))

    def ok(self, *words, **options):
        """As cli, but it must exit 0; returns standard output."""
        result = self.cli(*words, **options)
        assert result.code == 0, f"{' '.join(map(str, words))}: {result}"
        return result.stdout

    def create_account(self, name, **options):
        """create account --name ...; options as in
        display_name="A", currency="JPY", gap_policy="zero"."""
        self.ok("create", "account", "--name", name, *flags(options))

    def create_source(self, name, *accounts, **options):
        """Returns the new source's token."""
        return self.ok("create", "source", "--name", name,
                       *flags({"account": accounts}), *flags(options)).strip()

    def create_token(self, name, role, **options):
        """Returns the new token; role is reader or operator."""
        return self.ok("create", "token", "--name", name, "--role", role,
                       *flags(options)).strip()

    def create_rate(self, account, rate, **options):
        """rate is money per GiB-month as text; from_="...", max_age="30d"."""
        self.ok("create", "rate", "--account", account, "--rate", rate,
                *flags(options))

    # --- HTTP ----------------------------------------------------------------

    def url(self, path="/"):
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}" \
               + path

    def curl(self, *words, token=None, json=None, data=None, check=True,
             timeout=30):
        """Runs curl and returns an Answer. A word that starts with / is a
        path of this server; other words are curl's own. json (a value) or
        data (bytes) make a POST. Fails when curl does; check=False returns
        an Answer with status 0 then."""
        command = ["curl", "-q", "-sS", "--http1.1", "--path-as-is",
                   "--globoff", "--noproxy", "*", "--max-time", str(timeout)]
        if self.tls:
            command += ["--cacert", self.cert]
        if token is not None:
            command += ["-H", f"Authorization: Bearer {token}"]
        if json is not None:
            data = jsonlib.dumps(json).encode()
            command += ["-H", "Content-Type: application/json"]
        if data is not None:
            command += ["--data-binary", "@-"]
        command += [self.url(w) if w.startswith("/") else w for w in words]
        with tempfile.TemporaryDirectory() as place:
            head = os.path.join(place, "head")
            body = os.path.join(place, "body")
            done = subprocess.run(
                command + ["--dump-header", head, "--output", body],
                input=data or b"", capture_output=True, check=False)
            if done.returncode != 0:
                if check:
                    raise AssertionError(
                        f"curl: exit {done.returncode}: "
                        f"{done.stderr.decode(errors='replace')}"
                        f"{self.log_text()}")
                return Answer(0, email.message.Message(), b"")
            return Answer(*parse_head(read_file(head)), read_file(body))

    def send_report(self, token, report):
        """POST /v1/reports; report as made by make_report."""
        return self.curl("/v1/reports", token=token, json=report)

    def set_clock(self, token, now):
        """Sets a pretend clock forward (--mockTime; operator's token)."""
        answer = self.curl("/v1/clock", token=token, json={"now": now})
        assert answer.status // 100 == 2, answer

    def connect(self, timeout=10, tls=None):
        """A connected socket, with TLS (unverified) if the server has it."""
        s = socket.create_connection(("127.0.0.1", self.port), timeout)
        if self.tls if tls is None else tls:
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            s = context.wrap_socket(s, server_hostname="localhost")
        return s

    def raw(self, data, answers=None, timeout=10, half_close=False, tls=None):
        """Writes bytes (or a list of them, one send each) and reads until
        the server closes, until so many final answers have come, or until
        timeout; returns an Exchange."""
        got = b""
        closed = False
        with self.connect(timeout, tls) as s:
            try:
                for piece in [data] if isinstance(data, bytes) else data:
                    s.sendall(piece)
                if half_close:
                    s.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # it may answer and close before it has read all
            deadline = time.monotonic() + timeout
            while answers is None or final(split_answers(got)) < answers:
                s.settimeout(max(0.01, deadline - time.monotonic()))
                try:
                    more = s.recv(65536)
                except TimeoutError:
                    break
                except OSError:
                    more = b""
                if not more:
                    closed = True
                    break
                got += more
        return Exchange(got, split_answers(got, closed), closed)


def read_file(path):
    try:
        with open(path, "rb") as f:
            return f.read()
    except FileNotFoundError:
        return b""


def parse_head(data):
    """(status, headers) of the last answer in curl's dump."""
    blocks = [b for b in data.split(b"\r\n\r\n") if b.startswith(b"HTTP/")]
    if not blocks:
        raise AssertionError(f"no HTTP answer in {data[:200]!r}")
    first, _, rest = blocks[-1].partition(b"\r\n")
    headers = http.client.parse_headers(io.BytesIO(rest + b"\r\n\r\n"))
    return int(first.split()[1]), headers


def final(answers):
    return sum(1 for a in answers if a.status >= 200)


def split_answers(data, closed=False):
    """The complete answers at the start of data (to anything but HEAD)."""
    found = []
    while True:
        head, end, rest = data.partition(b"\r\n\r\n")
        if not end or not head.startswith(b"HTTP/"):
            return found
        status, headers = parse_head(head + end)
        if status < 200 or status in (204, 304):
            body = b""
        elif headers.get("Transfer-Encoding", "").lower() == "chunked":
            body, rest, whole = read_chunks(rest)
            if not whole:
                return found
        elif headers.get("Content-Length") is not None:
            length = int(headers["Content-Length"])
            if len(rest) < length:
                return found
            body, rest = rest[:length], rest[length:]
        elif closed:
            body, rest = rest, b""
        else:
            return found
        found.append(Answer(status, headers, body))
        data = rest


def read_chunks(data):
    """(body, what follows, whether the last chunk was there)."""
    body = b""
    while True:
        size, end, rest = data.partition(b"\r\n")
        if not end:
            return body, data, False
        length = int(size.split(b";")[0], 16)
        if len(rest) < length + 2:
            return body, data, False
        body += rest[:length]
        data = rest[length + 2:]
        if length == 0:
            return body, data, True
