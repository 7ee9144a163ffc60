"""Clients that send report after report and remember every answer."""

import http.client
import json
import random
import threading
import time
import uuid

VOLUMES = 3  # in each report
# A report says it was sampled in one fixed second, and its number is the
# fraction: 10^9 different samples of a volume, none of them old.
SAMPLED_BEFORE_SECS = 7200


class Report:
    """One report, the same bytes at every attempt, and its first answer.
    more: so many volumes that nobody saw before, besides its three; pad:
    so many bytes that mean nothing."""

    def __init__(self, source, volumes, base, number, more=0, pad=0):
        self.source = source
        self.id = str(uuid.uuid4())
        when = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(base))
        sampled = f"{when}.{number:09d}Z"
        self.hour, second = divmod(base, 3600)
        self.nanos = second * 10**9 + number
        self.volumes = [
            {"id": volumes[0], "name": "first", "sampled_at": sampled,
             "bytes": number},
            {"id": volumes[1], "sampled_at": sampled, "bytes": number + 7,
             "size_bins": [{"max_age": "30d", "bytes": number},
                           {"max_age": None, "bytes": 7}]},
            {"id": volumes[2], "name": "dritter \u2603",
             "sampled_at": sampled, "bytes": str(2**62 + number),
             "inodes": number, "retired_bytes": 5},
        ] + [{"id": str(uuid.uuid4()), "sampled_at": sampled,
              "bytes": number + i} for i in range(more)]
        body = {"report_id": self.id, "sent_at": when + "Z",
                "volumes": self.volumes}
        if pad:
            body["padding"] = "." * pad
        self.body = json.dumps(body).encode()
        self.attempts = 0
        self.answer = None  # the body of its first 2xx


class Client(threading.Thread):
    def __init__(self, crowd, source, token, seed):
        super().__init__(daemon=True)
        self.crowd = crowd
        self.source = source
        self.headers = {"Authorization": f"Bearer {token}",
                        "Content-Type": "application/json"}
        self.random = random.Random(seed)
        self.volumes = [str(uuid.uuid4()) for _ in range(VOLUMES)]
        self.base = int(time.time()) - SAMPLED_BEFORE_SECS
        self.connection = None
        self.answered = []  # reports, in the order of their answers
        self.unlucky = 0    # attempts without an answer
        self.refused = 0    # 503
        self.stored_unheard = 0  # taken at an attempt whose answer was lost
        self.replays = 0

    def ask(self, method, path, body=None):
        """(status, body) of a whole answer, or None."""
        if self.connection is None:
            self.connection = http.client.HTTPConnection(
                "127.0.0.1", self.crowd.port, timeout=20)
        try:
            self.connection.request(method, path, body, self.headers)
            response = self.connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException):
            self.connection.close()
            self.connection = None
            return None

    def insist(self, method, path, body=None):
        """Asks until there is an answer that is no 503; returns it and the
        number of times it asked, or None when time is up."""
        attempts = 0
        while time.monotonic() < self.crowd.deadline:
            attempts += 1
            got = self.ask(method, path, body)
            if got is None:
                self.unlucky += 1
            elif got[0] == 503:
                self.refused += 1
            else:
                return got, attempts
            # Until it can; that is what this loop waits for.
            time.sleep(0.01 if got is None else 0.03)
        self.crowd.blame(f"{method} {path} had no answer in time")
        return None

    def send(self, report):
        got = self.insist("POST", "/v1/reports", report.body)
        if got is None:
            return
        (status, body), attempts = got
        if status not in (200, 201):
            self.crowd.blame(f"report {report.id}: {status} {body[:300]!r}")
        elif status == 200 and attempts == 1:
            self.crowd.blame(f"report {report.id} was known before it came")
        else:
            report.answer = body
            self.stored_unheard += status == 200
            self.answered.append(report)

    def send_again(self, report):
        """A report that was answered: the same answer, however often."""
        self.replays += 1
        got = self.insist("POST", "/v1/reports", report.body)
        if got is not None and got[0] != (200, report.answer):
            self.crowd.blame(f"report {report.id}, again: {got[0]!r} instead "
                             f"of 200 {report.answer!r}")

    def ask_after(self, report):
        got = self.insist("GET", "/v1/reports/" + report.id)
        if got is not None and got[0] != (200, report.answer):
            self.crowd.blame(f"report {report.id}, asked after: {got[0]!r} "
                             f"instead of 200 {report.answer!r}")

    def run(self):
        number = 0
        while not self.crowd.ending.wait(self.crowd.pause_secs):
            number += 1
            self.send(Report(self.source, self.volumes, self.base, number))
            if self.answered and self.random.random() < 0.05:
                self.send_again(self.random.choice(self.answered))
        for report in self.random.sample(
                self.answered, min(len(self.answered), 250)):
            self.ask_after(report)
        if self.connection is not None:
            self.connection.close()


class Crowd:
    """clients threads, dealt to the sources, against 127.0.0.1:port, each
    with a pause between its reports."""

    def __init__(self, port, tokens, clients=8, seed=0, timeout=300,
                 pause_secs=0):
        self.port = port
        self.pause_secs = pause_secs
        self.deadline = time.monotonic() + timeout
        self.ending = threading.Event()
        self.faults = []
        names = list(tokens)
        self.clients = [
            Client(self, names[i % len(names)], tokens[names[i % len(names)]],
                   seed * 1000 + i)
            for i in range(clients)]

    def blame(self, sentence):
        if len(self.faults) < 20:
            self.faults.append(sentence)

    def start(self):
        for client in self.clients:
            client.start()

    def finish(self):
        """Lets every client have its answer, ask after what it has sent, and
        end."""
        self.ending.set()
        for client in self.clients:
            client.join(max(1, self.deadline - time.monotonic()) + 20)
            if client.is_alive():
                self.blame("a client does not end")

    def give_up(self):
        """Ends the clients, whatever they wait for."""
        self.deadline = 0
        self.ending.set()
        for client in self.clients:
            client.join(30)

    def reports(self):
        return [r for client in self.clients for r in list(client.answered)]

    def count(self, what="answered"):
        values = [getattr(client, what) for client in self.clients]
        return sum(v if isinstance(v, int) else len(v) for v in values)

    def __str__(self):
        return (f"{self.count()} reports answered, {self.count('unlucky')} "
                f"attempts without an answer, {self.count('refused')} refused "
                f"for now, {self.count('stored_unheard')} stored unheard, "
                f"{self.count('replays')} sent again")
