"""Several requests that the server finds at once: one group, one commit."""

import http.client
import signal

from support import wait_until


def is_stopped(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
        return f.read().rpartition(")")[2].split()[0] in "Tt"


def burst(server, token, bodies):
    """Posts the bodies (each of at most some 100 KiB, which the kernel keeps
    for a server that does not read), one connection each, while the server
    is stopped by a signal. Returns [(status, headers, body)] in order; all
    None when there was no whole answer."""
    headers = {"Authorization": f"Bearer {token}",
               "Content-Type": "application/json"}
    connections = []
    answers = []
    try:
        for _ in bodies:
            c = http.client.HTTPConnection("127.0.0.1", server.port,
                                           timeout=30)
            c.request("GET", "/healthz")
            c.getresponse().read()
            connections.append(c)
        server.signal(signal.SIGSTOP)
        wait_until(lambda: is_stopped(server.pid), "the server stands still")
        for c, body in zip(connections, bodies):
            c.request("POST", "/v1/reports", body, headers)
        server.signal(signal.SIGCONT)
        for c in connections:
            try:
                r = c.getresponse()
                answers.append((r.status, r.headers, r.read()))
            except (OSError, http.client.HTTPException):
                answers.append((None, None, None))
    finally:
        server.signal(signal.SIGCONT)
        for c in connections:
            c.close()
    return answers
