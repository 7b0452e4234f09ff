# SPDX-License-Identifier: Apache-2.0
"""A warehouse of the test's own: made in a temporary directory, run under mpirun, reached over loopback."""
import atexit
import functools
import glob
import os
import random
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from pq import Connection

START_SECONDS = 60
STOP_SECONDS = 20
USER = "dev_admin"


@functools.cache
def temporary():
    """The test's own directory: tests/run's, or, where a test is run by hand, one that goes with it."""
    if "TMPDIR" in os.environ:
        return os.environ["TMPDIR"]
    made = tempfile.mkdtemp(prefix="stoa-test-")
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


def port_free():
    """Below those that the kernel gives to whoever connects: none of them takes it before the server does."""
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass


def mpirun(ranks):
    """mpirun as it is needed on one machine, whoever runs it and however few cores there are."""
    command = ["mpirun", "-n", str(ranks), "--oversubscribe", "--bind-to", "none", "--mca", "btl", "self,vader",
               "--mca", "pml", "ob1"]
    if os.getuid() == 0:
        command.insert(1, "--allow-run-as-root")
    return command


def program(name):
    """A program of the build under test."""
    path = os.path.join(os.environ.get("STOA_BUILD", os.getcwd()), name)
    if not os.path.exists(path):
        found = shutil.which(name)
        if not found:
            raise SystemExit(f"there is no program {path}: build first (make)")
        path = found
    return path


class Warehouse:
    """The directory (init), and the job that runs on it (start, stop); both may be done many times."""

    def __init__(self, slices=16, copy_from=(), settings=(), init=()):
        self.base = tempfile.mkdtemp(prefix="wh-")
        self.dir = os.path.join(self.base, "warehouse")
        self.password = secrets.token_hex(12)
        self.process = None
        self.port = None
        password_file = os.path.join(self.base, "password")
        with open(os.open(password_file, os.O_WRONLY | os.O_CREAT, 0o600), "w") as f:
            f.write(self.password + "\n")
        subprocess.run([program("stoa"), "init", self.dir, "--slices", str(slices), "--user", USER,
                        "--password-file", password_file, *init], check=True, stdout=subprocess.DEVNULL)
        lines = list(settings)
        if copy_from:
            lines.append("copy_directories = " + ", ".join(copy_from))
        if lines:
            with open(os.path.join(self.dir, "stoa.conf"), "a") as f:
                f.write("".join(line + "\n" for line in lines))

    def start(self, ranks=1, env=None, wait=True):
        """The server itself, under mpirun; returns when it accepts connections."""
        self.port = port_free()
        self.log = open(os.path.join(self.base, "server.log"), "ab")
        self.process = subprocess.Popen(
            mpirun(ranks) + [program("stoad"), "-D", self.dir, "-p", str(self.port)], stdin=subprocess.DEVNULL,
            stdout=self.log, stderr=self.log, env=dict(os.environ, **(env or {})), cwd=self.base)
        if wait:
            self.wait_ready()
        return self

    def start_watched(self, nodes=1, env=None):
        """stoa start: under a supervisor that starts it again when it dies."""
        self.port = port_free()
        r = subprocess.run([program("stoa"), "start", self.dir, "-n", str(nodes), "-p", str(self.port)], stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=dict(os.environ, **(env or {})))
        if r.returncode:
            raise RuntimeError(f"stoa start: {r.stdout}")
        return self

    def stop_watched(self):
        r = subprocess.run([program("stoa"), "stop", self.dir], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True)
        if r.returncode:
            raise RuntimeError(f"stoa stop: {r.stdout}")

    def wait_ready(self):
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.connect().close()
                return
            except ConnectionError as e:
                if self.process is not None and self.process.poll() is not None:
                    raise RuntimeError(f"the server ended with {self.process.returncode} at start:\n{self.log_tail()}")
                if time.monotonic() > deadline:
                    raise RuntimeError(f"the server did not start within {START_SECONDS} s: {e}\n{self.log_tail()}")
                time.sleep(0.05)

    def log_tail(self, lines=30):
        """The last lines the server said, under mpirun or under the supervisor."""
        text = ""
        for path in [os.path.join(self.base, "server.log")] + sorted(glob.glob(os.path.join(self.dir, "log", "*"))):
            try:
                with open(path, errors="replace") as f:
                    text += "".join(f.readlines()[-lines:])
            except OSError:
                pass
        return text

    def connect(self, **words):
        return Connection(**{**dict(host="127.0.0.1", port=self.port, user=USER, password=self.password, dbname="dev"), **words})

    def psql_env(self):
        return dict(os.environ, PGHOST="127.0.0.1", PGPORT=str(self.port), PGUSER=USER, PGPASSWORD=self.password,
                    PGDATABASE="dev", PGSSLMODE="prefer")

    def pids(self):
        """Processes of stoad and mpirun that work on this directory."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as f:
                    words = f.read().split(b"\0")
            except OSError:
                continue
            if self.dir.encode() in words:
                found.append((int(pid), os.path.basename(words[0]).decode()))
        return found

    def stop(self):
        """SIGTERM to mpirun, as a batch system does; the server must end cleanly by itself."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise RuntimeError(f"the server did not stop within {STOP_SECONDS} s\n{self.log_tail()}")
        finally:
            self.process = None
            self.log.close()
        return code

    def kill(self):
        if os.path.exists(os.path.join(self.dir, "run", "supervisor")):
            subprocess.run([program("stoa"), "stop", self.dir], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
        for pid, _ in self.pids():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if self.process is not None:
            self.process.wait()
            self.process = None

    def remove(self):
        self.kill()
        shutil.rmtree(self.base, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.remove()
