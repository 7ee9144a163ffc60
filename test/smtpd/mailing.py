"""What the tests of the monthly mail share: a server under a pretend clock,
an account with a month of reports, a relay in its credentials.

    site = Site(test)                   # account acme; nothing is started
    site.give_creds(relay, to=[...])    # a FaultSmtpd, postfix.Server or port
    site.start()
    site.month("2024-01", acme=5)       # reports of January, 5 GiB
    site.clock("2024-02-01T00:10:00Z")  # its mails are due
    site.until_state(1, "sent")

The clock stands still, so that a mail that is put off is tried again only
when clock() moves it there.
"""
import email
import email.policy
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [HERE, os.path.join(ROOT, 'test', 'blackbox')]

import certs  # noqa: E402
import support  # noqa: E402

USER, PASSWORD = 'stat@sender.test', 'correct horse'
FROM = 'flexFS Statistics <stat@sender.test>'
# One mail a month, ten minutes after its end.
MONTHLY = '[[report]]\nname = "monthly"\nevery = "month"\nat = "1T00:10"\n'
SLOW = 4 if os.environ.get('STAT_WRAP') else 1


def hours(period):
    """Unix seconds of each hour of '2024-01'."""
    first = support.month_start(period)
    return [first + 3600 * i for i in range(support.hours_in_month(period))]


def parse(message):
    return email.message_from_bytes(message, policy=email.policy.default)


def parts(message):
    """{content type: decoded payload}"""
    return {part.get_content_type(): part.get_payload(decode=True)
            for part in parse(message).walk() if not part.is_multipart()}


class Site:
    def __init__(self, test, accounts=('acme',), start='2024-01-01T00:00:00Z',
                 args=(), config=MONTHLY):
        self.test = test
        self.server = test.server(config=config)
        self.now = start
        self.args = list(args)
        self.volumes = {}  # account: a volume's id
        self.tokens = {}
        for account in accounts:
            self.account(account)
        self.operator = self.server.create_token('op', 'operator')
        self.certs = test.folder()
        certs.make(self.certs)

    def cert(self, name):
        return os.path.join(self.certs, name + '.pem')

    def account(self, name, **options):
        self.server.create_account(name, **options)
        self.server.create_rate(name, '0.03', from_='2023-01-01T00:00:00Z')
        self.tokens[name] = self.server.create_source('src-' + name, name)
        self.volumes[name] = support.new_uuid()

    # --- credentials ---------------------------------------------------------

    def give_creds(self, relay, to=('a@rcpt.test',), host='localhost',
                   user=None, password=None, ca=None, sender=FROM):
        """Credentials for this relay; the next start reads them."""
        words = ['init', 'creds', '--force', '--smtpAddr',
                 '%s:%d' % (host, getattr(relay, 'port', relay)),
                 '--smtpFrom', sender, '--smtpTo', ','.join(to),
                 '--smtpCA', ca or self.cert('ca')]
        if user:
            words += ['--smtpUser', user, '--smtpPass', password]
        self.server.ok(*words, db=False)

    # --- life ----------------------------------------------------------------

    def start(self, *more):
        self.server.start('--mockTime', '--mockStart', self.now,
                          '--mockRate', '0', *self.args, *more)
        return self

    def restart(self, *more):
        self.server.stop()
        return self.start(*more)

    def clock(self, now):
        """To this instant; text or unix seconds."""
        self.now = now if isinstance(now, str) else support.rfc3339(now)
        self.server.set_clock(self.operator, self.now)

    def month(self, period, **gib):
        """An account's volume through a month, in reports of ten days, which
        are sent at their last hour."""
        every = hours(period)
        for first in range(0, len(every), 240):
            some = every[first:first + 240]
            self.clock(some[-1])
            for account, size in gib.items():
                self.report(account, size, some)

    def report(self, account, size, instants):
        answer = self.server.send_report(
            self.tokens[account], support.make_report(
                [support.make_volume(
                    size << 30, id=self.volumes[account],
                    name=account + '-data', sampled_at=at)
                 for at in instants], sent_at=instants[-1]))
        assert answer.status == 201, answer

    # --- the outbox ----------------------------------------------------------

    def mails(self):
        return json.loads(self.server.ok('list', 'mails', '--output', 'json'))

    def mail(self, number):
        """The row of a mail, by its id; {} while there is none."""
        for row in self.mails():
            if row['id'] == number:
                return row
        return {}

    def message(self, number):
        """What `show mail` prints."""
        return self.server.ok('show', 'mail', str(number)).encode()

    def until(self, number, what, condition, timeout=20):
        """Waits until condition(row) of a mail, and returns the row."""
        def check():
            row = self.mail(number)
            return row if row and condition(row) else None
        return support.wait_until(check, 'mail %d %s' % (number, what),
                                  timeout * SLOW)

    def until_state(self, number, state, timeout=20):
        return self.until(number, 'is ' + state,
                          lambda row: row['state'] == state, timeout)

    def until_tried(self, number, attempts, timeout=20):
        """After so many attempts, none of them under way."""
        return self.until(
            number, 'was tried %d times' % attempts,
            lambda row: row['state'] != 'sending'
            and row['attempts'] >= attempts, timeout)

    def settle(self):
        """Until the server has looked again what is due, and found nothing:
        the clock's answer comes after it has looked."""
        for _ in range(2):
            self.clock(self.now)


def message_ids(mails):
    """Of a FaultSmtpd's mails, or of bytes."""
    return [parse(m[2] if isinstance(m, tuple) else m)['Message-ID']
            for m in mails]
