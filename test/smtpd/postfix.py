#!/usr/bin/python3
"""A private Postfix with a private Dovecot for its logins.

    server = postfix.start()
    server.port, server.ca_file, server.user, server.password
    server.mails()      bytes of every mail delivered so far
    server.stop()

Submission with STARTTLS on a free port of 127.0.0.1 (and ::1, where there is
one), AUTH PLAIN and LOGIN, every mail for the domain rcpt.test into one
Maildir; nobody@rcpt.test is refused with 550, later@rcpt.test with 450.
Everything lives in a temporary folder; nothing outside it is changed. Needs
root and the Debian packages postfix and dovecot-core; missing() says what is
not there.
"""
import os
import pwd
import grp
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import certs  # noqa: E402

MASTER = '/usr/lib/postfix/sbin/master'
DOVECOT = '/usr/sbin/dovecot'

MAIN_CF = """\
compatibility_level = 3.6
queue_directory = {dir}/queue
data_directory = {dir}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = localhost
mydestination =
mynetworks =
inet_interfaces = all
inet_protocols = all
alias_maps =
alias_database =
maillog_file_prefixes = {dir}
maillog_file = {dir}/mail.log
message_size_limit = {size}
smtpd_tls_security_level = encrypt
smtpd_tls_chain_files = {dir}/good.pem
smtpd_tls_auth_only = yes
smtpd_tls_loglevel = 0
tls_random_source = dev:/dev/urandom
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = private/auth
smtpd_client_restrictions =
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions =
    check_recipient_access inline:{{{{nobody@rcpt.test = 550 5.1.1 unknown}}, {{later@rcpt.test = 450 4.2.1 later}}}},
    permit_sasl_authenticated, reject
virtual_transport = virtual
virtual_mailbox_domains = rcpt.test
virtual_mailbox_base = {dir}/mail
virtual_mailbox_maps = static:all/
virtual_mailbox_limit = 0
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
"""

MASTER_CF = """\
cleanup   unix  n - n -    0 cleanup
qmgr      unix  n - n 300  1 qmgr
tlsmgr    unix  - - n 1000 1 tlsmgr
rewrite   unix  - - n -    - trivial-rewrite
bounce    unix  - - n -    0 bounce
defer     unix  - - n -    0 bounce
trace     unix  - - n -    0 bounce
flush     unix  n - n 1000 0 flush
proxymap  unix  - - n -    - proxymap
virtual   unix  - n n -    - virtual
error     unix  - - n -    - error
retry     unix  - - n -    - error
anvil     unix  - - n -    1 anvil
postlog   unix-dgram n - n - 1 postlogd
"""

DOVECOT_CONF = """\
protocols =
base_dir = {dir}/dovecot
state_dir = {dir}/dovecot
log_path = {dir}/dovecot.log
ssl = no
listen = 127.0.0.1
auth_mechanisms = plain login
auth_failure_delay = 0 secs
default_internal_user = dovecot
default_login_user = dovenull
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {dir}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={dir}
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service auth {{
  unix_listener {dir}/queue/private/auth {{
    mode = 0600
    user = postfix
    group = postfix
  }}
}}
"""

# folder: (owner, group, mode); as postfix's own post-install makes them
QUEUE = {name: ('postfix', 'root', 0o700) for name in (
    'active', 'bounce', 'corrupt', 'defer', 'deferred', 'flush', 'hold',
    'incoming', 'private', 'saved', 'trace')}
QUEUE.update({'maildrop': ('postfix', 'postdrop', 0o730),
              'public': ('postfix', 'postdrop', 0o710),
              'pid': ('root', 'root', 0o755)})


def missing():
    """Why there can be no server here, or None."""
    if os.geteuid() != 0:
        return 'postfix needs root'
    for path, package in ((MASTER, 'postfix'), (DOVECOT, 'dovecot-core')):
        if not os.access(path, os.X_OK):
            return 'package %s is not installed' % package
    return None


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as s:
            s.bind(('::1', 0))
        return True
    except OSError:
        return False


def until(condition, secs, what):
    end = time.monotonic() + secs
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError('%s: not within %d s' % (what, secs))
        time.sleep(0.02)


class Server:
    def __init__(self, size):
        self.user, self.password = 'stat@sender.test', 'correct horse'
        self.dir = tempfile.mkdtemp(prefix='stat-postfix-')
        self.processes = []
        try:
            self.prepare(size)
            self.launch()
        except BaseException:
            self.stop()
            raise

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def write(self, name, text, mode=0o644):
        with open(self.path(name), 'w') as out:
            os.fchmod(out.fileno(), mode)
            out.write(text)

    def folder(self, name, owner, group, mode):
        os.makedirs(self.path(name), exist_ok=True)
        os.chown(self.path(name), pwd.getpwnam(owner).pw_uid,
                 grp.getgrnam(group).gr_gid)
        os.chmod(self.path(name), mode)

    def prepare(self, size):
        os.chmod(self.dir, 0o755)
        certs.make(self.dir)
        self.ca_file = self.path('ca.pem')
        self.port = free_port()
        nobody = pwd.getpwnam('nobody')
        words = {'dir': self.dir, 'size': size, 'uid': nobody.pw_uid,
                 'gid': nobody.pw_gid}
        self.folder('conf', 'root', 'root', 0o755)
        self.folder('data', 'postfix', 'postfix', 0o700)
        self.folder('queue', 'root', 'root', 0o755)
        self.folder('mail', 'nobody', 'nogroup', 0o755)
        self.folder('dovecot', 'root', 'root', 0o755)
        for name, rights in QUEUE.items():
            self.folder('queue/' + name, *rights)
        hosts = ['127.0.0.1'] + (['[::1]'] if has_ipv6() else [])
        self.write('conf/main.cf', MAIN_CF.format(**words))
        self.write('conf/master.cf', MASTER_CF + ''.join(
            '%s:%d inet n - n - - smtpd\n' % (h, self.port) for h in hosts))
        self.write('dovecot.conf', DOVECOT_CONF.format(**words))
        self.write('users', '%s:%s\n' % (self.user, self.password), 0o644)

    def spawn(self, *args):
        with open(self.path('console.log'), 'ab') as console:
            self.processes.append(subprocess.Popen(
                args, stdin=subprocess.DEVNULL, stdout=console,
                stderr=console, cwd='/', start_new_session=True))

    def launch(self):
        self.spawn(DOVECOT, '-F', '-c', self.path('dovecot.conf'))
        self.wait(lambda: os.path.exists(self.path('queue/private/auth')),
                  'dovecot')
        self.spawn(MASTER, '-d', '-c', self.path('conf'))
        self.wait(self.greets, 'postfix')

    def wait(self, condition, what):
        def check():
            for p in self.processes:
                if p.poll() is not None:
                    raise RuntimeError('%s ended: %s' % (p.args, self.log()))
            return condition()
        try:
            until(check, 30, what)
        except TimeoutError as error:
            raise RuntimeError('%s\n%s' % (error, self.log())) from error

    def greets(self):
        try:
            with socket.create_connection(('127.0.0.1', self.port), 5) as s:
                return s.recv(100).startswith(b'220')
        except OSError:
            return False

    def log(self):
        text = ''
        for name in ('console.log', 'mail.log', 'dovecot.log'):
            try:
                with open(self.path(name), errors='replace') as f:
                    text += f.read()
            except OSError:
                pass
        return text

    def mails(self):
        found = []
        for sub in ('cur', 'new'):
            folder = self.path('mail/all', sub)
            for name in sorted(os.listdir(folder)) if os.path.isdir(
                    folder) else []:
                with open(os.path.join(folder, name), 'rb') as f:
                    found.append(f.read())
        return found

    def wait_mails(self, count, secs=30):
        until(lambda: len(self.mails()) >= count, secs, '%d mails' % count)
        return self.mails()

    def stop(self):
        for p in reversed(self.processes):
            if p.poll() is None:
                p.send_signal(signal.SIGTERM)
        for p in self.processes:
            try:
                p.wait(20)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()
            self.end_group(p.pid)
        self.processes = []
        shutil.rmtree(self.dir, ignore_errors=True)

    @staticmethod
    def end_group(group):
        """Ends what the process has left behind in its session."""
        try:
            os.killpg(group, signal.SIGTERM)
        except ProcessLookupError:
            return
        for _ in range(100):
            try:
                os.killpg(group, 0)
            except ProcessLookupError:
                return
            time.sleep(0.05)
        os.killpg(group, signal.SIGKILL)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.stop()


def start(size=50 << 20):
    return Server(size)


if __name__ == '__main__':
    why = missing()
    if why:
        print('SKIP ' + why)
        sys.exit(77)
    with start() as running:
        print('port %d\nca %s\nuser %s\npassword %s\nfolder %s' % (
            running.port, running.ca_file, running.user, running.password,
            running.dir), flush=True)
        sys.stdin.read()
