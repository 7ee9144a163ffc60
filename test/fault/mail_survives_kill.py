"""The server may be killed, or told to end, while a mail is on its way: no
process is left, and the next server sends the mail, as the mail it was."""
# timeout: 300

import os
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../smtpd"))
from mailing import SLOW, Site, message_ids, support  # noqa: E402
from fault_smtpd import FaultSmtpd  # noqa: E402


def session_processes(folder):
    """Command lines of what was started for this folder's server."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                words = f.read().split(b"\0")
            cwd = os.readlink(f"/proc/{pid}/cwd")
        except OSError:
            continue
        if cwd == folder and words[0]:
            found.append(b" ".join(words[:3]).decode(errors="replace"))
    return found


class SlowRelay(FaultSmtpd):
    """Thinks about a message until it is told to go on."""

    def __init__(self, **fault):
        self.reached, self.go_on = threading.Event(), threading.Event()
        super().__init__(**fault)

    def keep(self, sender, rcpts, message):
        self.reached.set()
        self.go_on.wait()
        super().keep(sender, rcpts, message)

    def close(self):
        self.go_on.set()
        super().close()


class MailSurvivesKill(support.TestCase):
    def hang(self, place, kind=FaultSmtpd):
        site = Site(self)
        self.relay = kind(cert=site.cert("good"), hang=place)
        self.addCleanup(self.relay.close)
        site.give_creds(self.relay)
        site.start()
        site.month("2024-01", acme=5)
        site.clock("2024-02-01T00:10:00Z")
        site.until_state(1, "sending")
        return site

    def until_told(self, verb):
        support.wait_until(
            lambda: any(c.startswith(verb) for c in self.relay.commands),
            "the relay was told " + verb, 20 * SLOW)

    def until_nothing_runs(self, site):
        self.assertEqual(os.path.realpath(site.server.folder),
                         site.server.folder)
        support.wait_until(
            lambda: not session_processes(site.server.folder),
            "no process is left of the server", 5 * SLOW)

    def kill(self, site):
        # What runs can be seen, so that seeing nothing means something.
        self.assertTrue([p for p in session_processes(site.server.folder)
                         if " deliver" in p])
        site.server.kill()
        self.until_nothing_runs(site)

    def sends_once_more(self, site, attempts=2):
        self.relay.hang = None
        site.start()
        row = site.until_state(1, "sent")
        self.assertEqual(row["attempts"], attempts)
        site.settle()
        return message_ids([site.message(1)])[0]

    def test_killed_while_a_delivery_hangs(self):
        site = self.hang("mail")
        self.until_told("MAIL")
        self.kill(site)
        row = site.mail(1)  # as the dead server left it
        self.assertEqual((row["state"], row["attempts"]), ("sending", 1))
        self.assertEqual(self.relay.mails, [])
        mail_id = self.sends_once_more(site)
        self.assertEqual(message_ids(self.relay.mails), [mail_id])

    def test_killed_at_any_step_before_the_message(self):
        for place in ("connect", "ehlo", "rcpt", "data"):
            with self.subTest(place=place):
                site = self.hang(place)
                site.until(1, "is on its way", lambda row: row["attempts"])
                if place != "connect":
                    self.until_told({"ehlo": "EHLO", "rcpt": "RCPT",
                                     "data": "DATA"}[place])
                self.kill(site)
                self.assertEqual(self.relay.mails, [])
                mail_id = self.sends_once_more(site)
                self.assertEqual(message_ids(self.relay.mails), [mail_id])
                site.server.stop()

    # --- what it has started -------------------------------------------------

    def child(self, site, verb):
        """The process with this verb that the server has started."""
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/stat", encoding="ascii",
                          errors="replace") as f:
                    parent = f.read().rsplit(")", 1)[1].split()[1]
                with open(f"/proc/{pid}/cmdline", "rb") as f:
                    words = f.read().split(b"\0")
            except OSError:
                continue
            if parent == str(site.server.pid) and verb in words[:2]:
                return int(pid)
        return None

    def test_the_delivery_alone_is_killed(self):
        for place, mails in (("mail", 0), ("dot", 1)):
            with self.subTest(place=place):
                site = self.hang(place)
                self.until_told("MAIL" if place == "mail" else "DATA")
                support.wait_until(lambda: len(self.relay.mails) == mails,
                                   "the relay has what it is to have",
                                   20 * SLOW)
                os.kill(self.child(site, b"deliver"), signal.SIGKILL)
                row = site.until_state(1, "due")
                self.assertIn("signal 9", row["last_words"])
                self.assertEqual(row["attempts"], 1)
                self.relay.hang = None
                site.clock(row["next_at"])
                site.until_state(1, "sent")
                ids = message_ids(self.relay.mails)
                self.assertEqual((len(ids), len(set(ids))), (1 + mails, 1))
                site.server.stop()

    def begin_writing(self):
        """A site whose server writes its mail right now, and the process."""
        site = Site(self)
        self.relay = FaultSmtpd(cert=site.cert("good"))
        self.addCleanup(self.relay.close)
        site.give_creds(self.relay)
        site.start()
        site.month("2024-01", acme=5)
        stopped = []

        def stop():
            pid = self.child(site, b"report")
            if pid is not None:
                os.kill(pid, signal.SIGSTOP)
                stopped.append(pid)
            return pid

        watcher = threading.Thread(target=support.wait_until, args=(
            stop, "the message is being written", 20 * SLOW))
        watcher.start()
        site.clock("2024-02-01T00:10:00Z")
        watcher.join()
        return site, stopped[0]

    def test_the_writing_alone_is_killed(self):
        site, pid = self.begin_writing()
        os.kill(pid, signal.SIGKILL)
        row = site.until(1, "is put off", lambda row: row["last_words"])
        self.assertEqual((row["state"], row["attempts"]), ("due", 0))
        self.assertIn("writing the message: it was ended by signal 9",
                      row["last_words"])
        site.clock(row["next_at"])
        site.until_state(1, "sent")
        self.assertEqual(len(self.relay.mails), 1)

    def test_killed_while_the_message_is_written(self):
        site, pid = self.begin_writing()
        site.server.kill()
        os.kill(pid, signal.SIGCONT)
        self.until_nothing_runs(site)
        row = site.mail(1)
        self.assertEqual((row["state"], row["attempts"], row["subject"]),
                         ("due", 0, ""))
        mail_id = self.sends_once_more(site, 1)
        self.assertEqual(message_ids(self.relay.mails), [mail_id])

    # --- the server again ----------------------------------------------------

    def test_killed_between_the_relay_s_yes_and_its_note(self):
        """The one double that cannot be helped: nobody can know."""
        site = self.hang("dot")
        support.wait_until(lambda: self.relay.mails,
                           "the relay has taken the message", 20 * SLOW)
        self.kill(site)
        mail_id = self.sends_once_more(site)
        self.assertEqual(message_ids(self.relay.mails), [mail_id] * 2)
        self.assertEqual(self.relay.mails[0], self.relay.mails[1])

    def test_killed_again_and_again(self):
        site = self.hang("rcpt")
        for attempt in range(2, 6):
            self.until_told("RCPT")
            self.kill(site)
            del self.relay.commands[:]
            site.start()
            site.until(1, "is on its way again", lambda row: (
                row["state"], row["attempts"]) == ("sending", attempt))
        self.until_told("RCPT")
        self.kill(site)
        mail_id = self.sends_once_more(site, 6)
        self.assertEqual(message_ids(self.relay.mails), [mail_id])

    def test_told_to_end_while_a_delivery_hangs(self):
        """It waits, but not for ever, and ends well."""
        site = self.hang("mail")
        self.until_told("MAIL")
        began = time.monotonic()
        site.server.stop()  # within 5 s, exit status 0
        self.assertGreater(time.monotonic() - began, 1)
        self.until_nothing_runs(site)
        self.assertEqual(self.relay.mails, [])
        mail_id = self.sends_once_more(site)
        self.assertEqual(message_ids(self.relay.mails), [mail_id])

    def test_told_to_end_while_a_delivery_is_slow(self):
        """What ends in time is noted, and not sent again."""
        site = self.hang(None, SlowRelay)
        self.assertTrue(self.relay.reached.wait(20 * SLOW))
        site.server.signal(signal.SIGTERM)
        site.server.wait_log("server.stopping")
        self.relay.go_on.set()
        self.assertEqual(site.server.wait_exit(5 * SLOW), 0)
        row = site.mail(1)
        self.assertEqual((row["state"], row["attempts"]), ("sent", 1))
        self.assertEqual(len(self.relay.mails), 1)


if __name__ == "__main__":
    support.main()
