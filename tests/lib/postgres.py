# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL of the test's own, in a temporary directory, on a Unix socket: the oracle."""
import glob
import os
import pwd
import shutil
import subprocess
import tempfile

from pq import Connection

_STARTUP_SECONDS = 60


class Postgres:
    """with Postgres() as pg: pg.connect().run("select 1").  .found is False when the machine has none.  Nothing is synced unless durable."""

    def __init__(self, durable=False):
        self.durable = durable
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
        self.bin = os.path.dirname(found[-1]) if found else None
        self.found = self.bin is not None

    def _run(self, *command, **how):
        prefix = []
        if os.getuid() == 0:  # PostgreSQL refuses to run as root
            prefix = ["setpriv", f"--reuid={self.user.pw_uid}", f"--regid={self.user.pw_gid}", "--clear-groups"]
        return subprocess.run(prefix + list(command), cwd=self.dir, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, check=True, text=True, **how)

    def __enter__(self):
        self.dir = tempfile.mkdtemp(prefix="pg-")
        self.user = pwd.getpwuid(os.getuid())
        if os.getuid() == 0:
            try:
                self.user = pwd.getpwnam("postgres")
            except KeyError:
                self.user = pwd.getpwnam("nobody")
            os.chown(self.dir, self.user.pw_uid, self.user.pw_gid)
        data = os.path.join(self.dir, "data")
        self._run(f"{self.bin}/initdb", "-D", data, "-A", "trust", "-U", "oracle", "-E", "UTF8", "--locale=C", "-N")
        # short path: a socket's name has at most 107 bytes
        sync = "on" if self.durable else "off"
        options = f"-k {self.dir} -c listen_addresses= -c fsync={sync} -c synchronous_commit={sync} -c timezone=UTC"
        self._run(f"{self.bin}/pg_ctl", "-D", data, "-w", "-t", str(_STARTUP_SECONDS), "-l", f"{self.dir}/log", "-o", options,
                  "start", stdin=subprocess.DEVNULL)
        return self

    def connect(self):
        return Connection(host=self.dir, user="oracle", dbname="postgres")

    def __exit__(self, *_):
        try:
            self._run(f"{self.bin}/pg_ctl", "-D", f"{self.dir}/data", "-m", "immediate", "-w", "stop")
        except subprocess.CalledProcessError:
            pass
        shutil.rmtree(self.dir, ignore_errors=True)
