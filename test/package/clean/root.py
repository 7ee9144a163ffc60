"""A clean Debian root, made of the packages that are installed here.

    root = Root(folder, packages)       # these and all that they depend on
    root.run("dpkg", "-i", "/x.deb")    # in a chroot

The files come from this machine, by dpkg's own lists, so nothing is fetched
and it takes seconds; everything that is not one of these packages is missing,
so a dependency that a package forgot to name shows.
"""

import os
import re
import subprocess

INFO = "/var/lib/dpkg/info"
ALTERNATIVES = "/var/lib/dpkg/alternatives"
# Not needed to run anything, and half of the files.
LEFT_OUT = re.compile(
    r"/usr/share/(doc|man|locale|info|lintian|i18n|zoneinfo|bug)/|"
    r"/usr/include/|/usr/lib/udev/hwdb")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def stanzas():
    """{package: its fields} of all that is installed."""
    found = {}
    with open("/var/lib/dpkg/status", encoding="utf-8") as f:
        for text in f.read().split("\n\n"):
            fields = dict(re.findall(
                r"^([A-Za-z-]+):[ \t]*((?:.*\n?)(?:[ \t].*\n?)*)", text,
                re.MULTILINE))
            fields = {k: v.strip() for k, v in fields.items()}
            if fields.get("Status") == "install ok installed":
                fields["text"] = text
                found.setdefault(fields["Package"], fields)
    return found


def names(relation):
    """"a (>= 1) | b:any, c" as [["a", "b"], ["c"]]."""
    return [[re.match(r"\s*([^\s(:\[]+)", one).group(1)
             for one in part.split("|")]
            for part in relation.split(",") if part.strip()]


def closure(wanted):
    """The packages, and what they and every Essential one depend on."""
    known = stanzas()
    provided = {}
    for package, fields in known.items():
        for (name, *_) in names(fields.get("Provides", "")):
            provided.setdefault(name, package)
    found = {}
    queue = list(wanted) + [p for p, fields in known.items()
                            if fields.get("Essential") == "yes"]
    while queue:
        package = queue.pop()
        if package in found:
            continue
        fields = found[package] = known[package]
        for field in ("Pre-Depends", "Depends"):
            for choices in names(fields.get(field, "")):
                there = [c if c in known else provided.get(c)
                         for c in choices if c in known or c in provided]
                assert there, f"{package} needs {choices}: install it first"
                queue.append(there[0])
    return found


def dependencies(deb, field):
    """The names in a package file's Depends or the like, the first choice of
    each that is installed here."""
    text = subprocess.run(["dpkg-deb", "-f", deb, field], check=True,
                          capture_output=True, text=True).stdout
    known = stanzas()
    return [next((c for c in choices if c in known), choices[0])
            for choices in names(text)]


def info_files(package, fields):
    """dpkg's own files about a package."""
    whole = package
    if not os.path.exists(f"{INFO}/{package}.list"):
        whole = f"{package}:{fields['Architecture']}"
    return [f"{INFO}/{name}" for name in os.listdir(INFO)
            if re.fullmatch(re.escape(whole) + r"\.[a-z0-9]+", name)]


class Root:
    def __init__(self, folder, packages=None):
        self.folder = folder
        if packages is None:  # it is made already
            return
        os.makedirs(folder, mode=0o755, exist_ok=True)
        self.packages = closure(packages)
        self._make_folders()
        self._copy(self._files())
        self._make_database()
        self._choose_alternatives()
        self._make_etc()
        self.run("ldconfig")

    def copy(self, folder):
        """Another root like this one. What is below /usr is shared: there
        files are replaced, never changed."""
        os.mkdir(folder, mode=0o755)
        for name in os.listdir(self.folder):
            subprocess.run(["cp", "-al" if name == "usr" else "-a",
                            os.path.join(self.folder, name), folder],
                           check=True)
        return Root(folder)

    def path(self, name):
        return self.folder + name

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as f:
            return f.read()

    def write(self, name, text, mode=0o644):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(self.path(name), mode)

    def run(self, *words, check=True, env=None):
        """In a chroot; standard output and error as one text."""
        done = subprocess.run(
            ["chroot", self.folder, *words], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={"PATH": PATH, "HOME": "/root", "LC_ALL": "C.UTF-8",
                 "DEBIAN_FRONTEND": "noninteractive", **(env or {})},
            check=False, timeout=120)
        if check and done.returncode != 0:
            raise AssertionError(f"{words}: exit {done.returncode}\n"
                                 f"{done.stdout}")
        return done.stdout

    def _make_folders(self):
        for name in ("bin", "sbin", "lib", "lib64"):
            os.makedirs(self.path(f"/usr/{name}"), exist_ok=True)
            os.symlink(f"usr/{name}", self.path(f"/{name}"))
        for name, mode in (("proc", 0o555), ("sys", 0o555), ("dev", 0o755),
                           ("run", 0o755), ("tmp", 0o1777), ("root", 0o700),
                           ("var/lib/dpkg/info", 0o755),
                           ("var/lib/dpkg/alternatives", 0o755),
                           ("var/lib/dpkg/updates", 0o755),
                           ("var/lib/dpkg/triggers", 0o755),
                           ("var/log", 0o755), ("etc/alternatives", 0o755)):
            os.makedirs(self.path(f"/{name}"), exist_ok=True)
            os.chmod(self.path(f"/{name}"), mode)
        # What this machine has as devices is not for programs in a chroot.
        for name, number in (("null", 3), ("zero", 5), ("urandom", 9)):
            os.mknod(self.path(f"/dev/{name}"), 0o020666,
                     os.makedev(1, number))
            os.chmod(self.path(f"/dev/{name}"), 0o666)

    def _files(self):
        files = {f"{INFO}/format"}
        for package, fields in self.packages.items():
            info = info_files(package, fields)
            files.update(info)
            for name in info:
                if name.endswith(".list"):
                    with open(name, encoding="utf-8") as f:
                        files.update(f.read().split("\n"))
        return sorted(
            f for f in files if f not in ("", "/.") and
            not LEFT_OUT.match(f) and os.path.lexists(f))

    def _copy(self, files):
        reader = subprocess.Popen(
            ["tar", "-c", "-C", "/", "--no-recursion", "--null", "-T", "-"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        writer = subprocess.Popen(
            ["tar", "-x", "-p", "--keep-directory-symlink", "-C",
             self.folder], stdin=reader.stdout)
        reader.stdout.close()
        reader.stdin.write("\0".join(f"./{f.lstrip('/')}"
                                     for f in files).encode())
        reader.stdin.close()
        assert reader.wait(120) == 0 and writer.wait(120) == 0

    def _make_database(self):
        self.write("/var/lib/dpkg/status", "".join(
            fields["text"].strip("\n") + "\n\n"
            for _, fields in sorted(self.packages.items())))
        # It is gone soon: nothing has to be on disk.
        self.write("/etc/dpkg/dpkg.cfg.d/unsafe", "force-unsafe-io\n")
        # pam-auth-update has made these.
        for name in ("account", "auth", "password", "session",
                     "session-noninteractive"):
            kind = name.partition("-")[0]
            self.write(f"/etc/pam.d/common-{name}",
                       f"{kind} required pam_permit.so\n")
        for name in ("available", "diversions", "statoverride"):
            self.write(f"/var/lib/dpkg/{name}", "")

    def _choose_alternatives(self):
        for name in os.listdir(ALTERNATIVES):
            chosen = f"/etc/alternatives/{name}"
            if not os.path.islink(chosen) or \
                    not os.path.exists(self.path(os.readlink(chosen))):
                continue
            with open(f"{ALTERNATIVES}/{name}", encoding="utf-8") as f:
                link = f.read().split("\n")[1]
            os.symlink(os.readlink(chosen), self.path(chosen))
            if not os.path.lexists(self.path(link)):
                os.symlink(chosen, self.path(link))

    def _make_etc(self):
        for name in ("passwd", "group"):
            with open(f"/usr/share/base-passwd/{name}.master",
                      encoding="utf-8") as f:
                self.write(f"/etc/{name}", f.read())
        self.write("/etc/hostname", "clean\n")
        self.write("/etc/hosts", "127.0.0.1 localhost clean\n")
        self.write("/etc/resolv.conf", "")
        # Without it systemd takes this for a first boot, and enables
        # everything.
        self.write("/etc/machine-id", "0123456789abcdef" * 2 + "\n")
