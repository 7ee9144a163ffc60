"""The server does not start on a database, key or credentials that others
can read, and says how to mend it."""

import os
import stat
import subprocess

import support


class ServerChecksSecrets(support.TestCase):
    def refuse(self, server, path):
        """It names the file and the command that mends it; the command
        does."""
        server.start(ready=False)
        self.assertEqual(server.wait_exit(10), 1)
        server.process = None
        text = server.lines("server.failed")[-1].text
        self.assertIn(path, text)
        self.assertRegex(text, "chmod [0-7a-z=,-]+ ")
        command = text[text.index("chmod "):].split()[:3]
        self.assertEqual(command[2].rstrip('"`\'.,;)'), path)
        subprocess.run(["chmod", command[1], path], check=True)
        server.start()
        self.assertEqual(server.curl("/readyz").status, 200)
        server.stop()

    def test_a_database_that_others_can_read(self):
        server = self.server()
        server.start()
        server.stop()
        path = os.path.join(server.db, "stat.db")
        for mode in (0o640, 0o604, 0o660, 0o602):
            with self.subTest(mode=oct(mode)):
                os.chmod(path, mode)
                self.refuse(server, path)
        # The commands are as careful.
        os.chmod(path, 0o644)
        for words in (("list", "accounts"),
                      ("create", "account", "--name", "acme")):
            result = server.cli(*words)
            self.assertEqual(result.code, 1)
            self.assertIn("chmod", result.stderr)

    def test_a_key_that_others_can_read(self):
        server = self.server(tls=True)
        server.start()
        server.stop()
        for mode in (0o640, 0o604):
            os.chmod(server.key, mode)
            self.refuse(server, server.key)

    def test_credentials_that_others_can_read(self):
        server = self.server()
        path = os.path.join(server.home, ".flexfs", "stat", "creds")
        server.ok("init", "creds", "--smtpAddr", "127.0.0.1:1", "--smtpFrom",
                  "a@x.test", "--smtpTo", "b@x.test", db=False)
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        os.chmod(path, 0o644)
        self.refuse(server, path)

    def test_what_it_makes_is_for_itself_alone(self):
        old = os.umask(0)
        try:
            server = self.server(tls=True)
            os.rmdir(server.db)
            server.start()
        finally:
            os.umask(old)
        self.assertEqual(stat.S_IMODE(os.stat(server.db).st_mode), 0o700)
        names = os.listdir(server.db)
        self.assertIn("stat.db-wal", names)
        for name in names:
            mode = os.stat(os.path.join(server.db, name)).st_mode
            self.assertEqual(stat.S_IMODE(mode), 0o600, name)
        self.assertEqual(stat.S_IMODE(os.stat(server.key).st_mode), 0o600)


if __name__ == "__main__":
    support.main()
