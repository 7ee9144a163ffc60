#!/usr/bin/python3
"""A mail server that does one thing wrong, on purpose.

Used from Python:

    with FaultSmtpd(cert='good.pem', hang='dot') as server:
        ... server.port, server.mails, server.commands ...

or as a command, which prints `port N` and serves until its standard input
ends; accepted messages become files in --folder:

    fault_smtpd.py --cert good.pem --drop data --folder mails

What it can do wrong (all default to nothing):

  greeting TEXT    greet with this line ("421 busy", "554 no")
  no_starttls      do not offer STARTTLS
  inject WHERE     words of somebody in the middle: `behind` the 220 of
                   STARTTLS, `early` behind the answer to EHLO, `long` in a
                   220 line of more than 1023 bytes
  hang WHERE       say nothing more: connect, ehlo, starttls, auth, mail, rcpt,
                   data (in the middle of the message), dot, half (of the
                   answer to the message), quit
  drop WHERE       close the connection there; the same places
  drip             send every answer one byte a second
  soft, hard ADDR  answer RCPT for this address with 451, 550
  refuse_mail TEXT, refuse_data TEXT, refuse_message TEXT
                   answer MAIL, DATA, the whole message with this line
  size N           offer SIZE N, and answer 552 to more
  users            {name: password}; AUTH is offered, and needed, if not empty
  auth             the mechanisms to offer, in this order
  echo_auth        quote the credentials in the answer to AUTH
  auth_before_tls  offer AUTH before STARTTLS as well
  chunking, pipelining
                   offer these
  tls              the highest version: 1.2 or 1.3
"""
import argparse
import base64
import os
import socket
import ssl
import sys
import threading
import time

PLACES = ('connect', 'ehlo', 'starttls', 'auth', 'mail', 'rcpt', 'data', 'dot',
          'half', 'quit')


class Gone(Exception):
    """The connection is over."""


class Session:
    def __init__(self, server, sock):
        self.server = server
        self.sock = sock
        self.tls = False
        self.user = None
        self.held = b''
        self.reset()

    def reset(self):
        self.sender = None
        self.rcpts = []
        self.chunks = b''

    def at(self, place):
        """Where something may go wrong."""
        if self.server.hang == place:
            self.server.stopping.wait()
            raise Gone
        if self.server.drop == place:
            raise Gone

    def send(self, data):
        if not self.server.drip:
            self.sock.sendall(data)
            return
        for i in range(len(data)):
            self.sock.sendall(data[i:i + 1])
            if self.server.stopping.wait(1):
                raise Gone

    def answer(self, *lines):
        code = lines[-1][:3]
        for line in lines[:-1]:
            assert line[:3] == code
        out = ''.join(line[:3] + '-' + line[4:] + '\r\n' for line in lines[:-1])
        self.send((out + lines[-1] + '\r\n').encode())

    def more(self):
        data = self.sock.recv(65536)
        if not data:
            raise Gone
        self.held += data

    def line(self):
        while b'\n' not in self.held:
            self.more()
        line, self.held = self.held.split(b'\n', 1)
        return line.rstrip(b'\r').decode('latin-1')

    def run(self):
        server = self.server
        self.at('connect')
        self.answer(server.greeting or '220 fault.test ESMTP')
        if server.greeting:
            raise Gone
        while True:
            line = self.line()
            server.commands.append(line)
            verb = line.split(' ', 1)[0].upper()
            handler = getattr(self, 'do_' + verb.lower(), None)
            if handler is None:
                self.answer('502 5.5.1 not known')
            else:
                handler(line)

    def do_ehlo(self, line):
        self.at('ehlo')
        server = self.server
        words = ['250 fault.test', '250 ENHANCEDSTATUSCODES']
        if not self.tls and not server.no_starttls and server.cert:
            words.append('250 STARTTLS')
        if server.users and (self.tls or server.auth_before_tls):
            words.append('250 AUTH ' + server.auth)
        if server.size:
            words.append('250 SIZE %d' % server.size)
        if server.chunking:
            words.append('250 CHUNKING')
        if server.pipelining:
            words.append('250 PIPELINING')
        words.append('250 8BITMIME')
        if server.inject == 'early' and not self.tls:
            out = '\r\n'.join(w[:3] + '-' + w[4:] for w in words[:-1])
            self.send((out + '\r\n' + words[-1] + '\r\n220 go\r\n'
                       '250-evil.test\r\n250 AUTH PLAIN\r\n').encode())
        else:
            self.answer(*words)

    def do_helo(self, line):
        self.answer('250 fault.test')

    def do_starttls(self, line):
        server = self.server
        self.at('starttls')
        go = b'220 2.0.0 go\r\n'
        if server.inject == 'behind':
            go += b'250-evil.test\r\n250 AUTH PLAIN\r\n'
        elif server.inject == 'long':
            go = b'220 ' + b'x' * 1019 + b'250-evil\r\n'
        self.send(go)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(server.cert)
        if server.tls == '1.2':
            context.maximum_version = ssl.TLSVersion.TLSv1_2
        try:
            self.sock = context.wrap_socket(self.sock, server_side=True)
        except (ssl.SSLError, OSError) as error:
            server.tls_errors.append(str(error))
            raise Gone
        server.swap(self)
        self.tls = True
        self.held = b''

    def decide(self, user, password, sent):
        if self.server.users.get(user) == password:
            self.user = user
            self.answer('235 2.7.0 welcome')
        elif self.server.echo_auth:
            self.answer('535-5.7.8 you said %s' % sent,
                        '535 5.7.8 %s and "%s"' % (user, password))
        else:
            self.answer('535 5.7.8 wrong user or password')

    def do_auth(self, line):
        self.server.auth_attempts += 1
        self.at('auth')
        words = line.split()
        mechanism = words[1].upper()
        if mechanism not in self.server.auth.upper().split():
            self.answer('504 5.5.4 no such mechanism')
        elif mechanism == 'PLAIN' and len(words) == 3:
            _, user, password = base64.b64decode(words[2]).decode().split('\0')
            self.decide(user, password, words[2])
        elif mechanism == 'LOGIN':
            self.auth_login(words)
        else:
            self.auth_strange()

    def auth_login(self, words):
        sent = []
        if len(words) == 3:
            sent.append(words[2])
        else:
            self.answer('334 ' + base64.b64encode(b'Username:').decode())
            sent.append(self.line())
        self.answer('334 ' + base64.b64encode(b'Password:').decode())
        sent.append(self.line())
        user, password = (base64.b64decode(s).decode() for s in sent)
        self.decide(user, password, ' '.join(sent))

    def auth_strange(self):
        self.answer('334 ')
        said = self.line()
        self.server.strange_words.append(said)
        self.answer('501 5.7.0 cancelled' if said == '*' else '535 5.7.8 no')

    def do_mail(self, line):
        self.at('mail')
        server = self.server
        if server.refuse_mail:
            return self.answer(server.refuse_mail)
        if server.users and self.user is None:
            return self.answer('530 5.7.0 log in first')
        upper = line.upper()
        if server.size and ' SIZE=' in upper:
            if int(upper.split(' SIZE=')[1].split()[0]) > server.size:
                return self.answer('552 5.3.4 message too big')
        self.reset()
        self.sender = line
        self.answer('250 2.1.0 ok')

    def do_rcpt(self, line):
        self.at('rcpt')
        address = line[line.find('<') + 1:line.rfind('>')]
        if address in self.server.soft:
            self.answer('451 4.2.0 <%s> later' % address)
        elif address in self.server.hard:
            self.answer('550 5.1.1 <%s> unknown' % address)
        else:
            self.rcpts.append(address)
            self.answer('250 2.1.5 ok')

    def do_data(self, line):
        server = self.server
        if server.refuse_data:
            return self.answer(server.refuse_data)
        if not self.rcpts:
            return self.answer('554 5.5.1 no valid recipients')
        self.answer('354 go')
        if server.hang == 'data' or server.drop == 'data':
            while len(self.held) < 100:
                self.more()
            self.at('data')
        lines = []
        while True:
            end = self.held.find(b'\r\n')
            if end < 0:
                self.more()
                continue
            one, self.held = self.held[:end + 2], self.held[end + 2:]
            if one == b'.\r\n':
                break
            lines.append(one[1:] if one.startswith(b'.') else one)
        self.accept(b''.join(lines))

    def do_bdat(self, line):
        words = line.split()
        size = int(words[1])
        if self.server.hang == 'data' or self.server.drop == 'data':
            self.at('data')
        while len(self.held) < size:
            self.more()
        if not self.rcpts:
            self.held = self.held[size:]
            return self.answer('503 5.5.1 no valid recipients')
        self.chunks += self.held[:size]
        self.held = self.held[size:]
        if len(words) > 2 and words[2].upper() == 'LAST':
            self.accept(self.chunks)
        else:
            self.answer('250 2.0.0 %d bytes' % size)

    def accept(self, message):
        server = self.server
        if server.refuse_message:
            self.answer(server.refuse_message)
            return self.reset()
        server.keep(self.sender, list(self.rcpts), message)
        self.at('dot')
        if 'half' in (server.hang, server.drop):
            self.send(b'250-2.0.0 taken\r\n')
            self.at('half')
        self.answer('250 2.0.0 taken as %d' % len(server.mails))
        self.reset()

    def do_rset(self, line):
        self.reset()
        self.answer('250 2.0.0 ok')

    def do_noop(self, line):
        self.answer('250 2.0.0 ok')

    def do_quit(self, line):
        self.at('quit')
        self.answer('221 2.0.0 bye')
        raise Gone


class FaultSmtpd:
    def __init__(self, cert=None, host='127.0.0.1', port=0, folder=None,
                 greeting=None, no_starttls=False, inject=None, hang=None,
                 drop=None, drip=False, soft=(), hard=(), refuse_mail=None,
                 refuse_data=None, refuse_message=None, size=0, users=None,
                 auth='PLAIN LOGIN', echo_auth=False, auth_before_tls=False,
                 chunking=False, pipelining=False, tls='1.3'):
        assert hang is None or hang in PLACES
        assert drop is None or drop in PLACES
        vars(self).update({k: v for k, v in locals().items() if k != 'self'})
        self.users = users or {}
        self.mails = []         # (MAIL line, recipients, bytes)
        self.commands = []
        self.tls_errors = []
        self.strange_words = []
        self.auth_attempts = 0
        self.stopping = threading.Event()
        self.sessions = {}
        self.lock = threading.Lock()
        family = socket.AF_INET6 if ':' in host else socket.AF_INET
        self.listener = socket.socket(family, socket.SOCK_STREAM)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((host, port))
        self.listener.listen(50)
        self.port = self.listener.getsockname()[1]
        self.acceptor = threading.Thread(target=self.accept_all)
        self.acceptor.start()

    def keep(self, sender, rcpts, message):
        with self.lock:
            self.mails.append((sender, rcpts, message))
            if self.folder:
                name = os.path.join(self.folder, '%d.eml' % len(self.mails))
                with open(name, 'wb') as out:
                    out.write(message)

    def swap(self, session):
        """The session's socket is another object now."""
        self.sessions[threading.current_thread()] = session.sock

    def accept_all(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self.serve, args=(sock,))
            with self.lock:
                self.sessions[thread] = sock
            thread.start()

    def serve(self, sock):
        session = Session(self, sock)
        try:
            session.run()
        except (Gone, OSError, ValueError):
            pass
        finally:
            session.sock.close()
            with self.lock:
                self.sessions.pop(threading.current_thread(), None)

    def close(self):
        self.stopping.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.acceptor.join()
        with self.lock:
            left = list(self.sessions.items())
        for thread, sock in left:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            thread.join()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()


def main():
    parser = argparse.ArgumentParser(
        description='a mail server that does one thing wrong')
    for name in ('cert', 'folder', 'greeting', 'refuse_mail', 'refuse_data',
                 'refuse_message'):
        parser.add_argument('--' + name)
    parser.add_argument('--host', default='127.0.0.1')
    parser.add_argument('--auth', default='PLAIN LOGIN')
    parser.add_argument('--tls', choices=('1.2', '1.3'), default='1.3')
    parser.add_argument('--inject', choices=('behind', 'early', 'long'))
    parser.add_argument('--hang', choices=PLACES)
    parser.add_argument('--drop', choices=PLACES)
    parser.add_argument('--port', type=int, default=0)
    parser.add_argument('--size', type=int, default=0)
    for name in ('soft', 'hard'):
        parser.add_argument('--' + name, action='append', default=[])
    parser.add_argument('--user', action='append', default=[],
                        metavar='NAME:PASSWORD')
    for name in ('no_starttls', 'drip', 'echo_auth', 'auth_before_tls',
                 'chunking', 'pipelining'):
        parser.add_argument('--' + name, action='store_true')
    options = vars(parser.parse_args())
    options['users'] = dict(u.split(':', 1) for u in options.pop('user'))
    with FaultSmtpd(**options) as server:
        print('port %d' % server.port, flush=True)
        sys.stdin.read()


if __name__ == '__main__':
    main()
