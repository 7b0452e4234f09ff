# SPDX-License-Identifier: Apache-2.0
"""A real Slurm of the test's own on this machine: munged, slurmctld and three slurmd that are virtual nodes."""
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from warehouse import port_free

NODES = 3
UP_SECONDS = 30

CONF = """ClusterName=stoatest
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={d}/run/munge.sock
CryptoType=crypto/munge
MpiDefault=pmix
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=sched_min_interval=100000,bf_interval=2
ReturnToService=2
SlurmctldPort={port}
SlurmdPort={slurmd_port}
SlurmctldPidFile={d}/run/slurmctld.pid
SlurmdPidFile={d}/run/slurmd.%n.pid
StateSaveLocation={d}/state
SlurmdSpoolDir={d}/spool/%n
TmpFS={d}/tmp/%n
SlurmctldLogFile={d}/log/slurmctld.log
SlurmdLogFile={d}/log/slurmd.%n.log
SlurmdParameters=config_overrides
SlurmctldTimeout=30
SlurmdTimeout=30
MessageTimeout=10
KillWait=15
InactiveLimit=0
MinJobAge=60
"""


class Cluster:
    @staticmethod
    def missing():
        """What this machine lacks; slurmd wants control groups even where it does not use them."""
        cgroup = [] if os.path.ismount("/sys/fs/cgroup") else ["/sys/fs/cgroup"]
        return cgroup + [p for p in ("munged", "slurmctld", "slurmd", "sbatch", "scancel", "squeue")
                if not shutil.which(p, path=os.environ["PATH"] + ":/usr/sbin:/sbin")]

    def __enter__(self):
        os.environ["PATH"] += ":/usr/sbin:/sbin"
        self.dir = d = tempfile.mkdtemp(prefix="slurm-")
        os.chmod(d, 0o755)
        for name in ("run", "state", "log"):
            os.mkdir(os.path.join(d, name), 0o755)
        ports = [port_free() for _ in range(NODES + 2)]
        host = socket.gethostname().split(".")[0]
        conf = CONF.format(d=d, host=host, user=pwd.getpwuid(os.getuid()).pw_name, port=ports[0], slurmd_port=ports[1])
        for n in range(1, NODES + 1):
            os.makedirs(f"{d}/spool/n{n}")
            os.makedirs(f"{d}/tmp/n{n}")
            conf += (f"NodeName=n{n} NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[n + 1]} CPUs=2 Sockets=1 CoresPerSocket=2 "
                     "ThreadsPerCore=1 RealMemory=4000 State=UNKNOWN\n")
        conf += f"PartitionName=ci Nodes=n[1-{NODES}] Default=YES MaxTime=INFINITE State=UP\n"
        self.conf = f"{d}/slurm.conf"
        with open(self.conf, "w") as f:
            f.write(conf)
        with open(os.open(f"{d}/munge.key", os.O_WRONLY | os.O_CREAT, 0o400), "wb") as f:
            f.write(os.urandom(1024))
        os.environ["SLURM_CONF"] = self.conf
        self.run("munged", "--force", f"--key-file={d}/munge.key", f"--socket={d}/run/munge.sock", f"--pid-file={d}/run/munged.pid",
                 f"--log-file={d}/log/munged.log", f"--seed-file={d}/run/munge.seed", "--num-threads=2")
        self.run("slurmctld", "-c")
        for n in range(1, NODES + 1):
            self.run("slurmd", "-N", f"n{n}")
        deadline = time.monotonic() + UP_SECONDS
        while self.run("sinfo", "-h", "-o", "%D %t").split() != [str(NODES), "idle"]:
            if time.monotonic() > deadline:
                raise RuntimeError("Slurm's nodes do not come up: " + self.run("sinfo"))
            time.sleep(0.2)
        return self

    def run(self, *command):
        r = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
        if r.returncode:
            raise RuntimeError(f"{' '.join(command)}: {r.stdout}")
        return r.stdout.strip()

    def state(self, job):
        """Slurm's word for a job: PENDING, RUNNING, COMPLETED..., or GONE."""
        r = subprocess.run(["scontrol", "show", "job", str(job), "-o"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
        found = [w for w in r.stdout.split() if w.startswith("JobState=")]
        return found[0][9:] if found else "GONE"

    def __exit__(self, *_):
        subprocess.run(["scancel", "--full", "--signal=KILL", f"--user={pwd.getpwuid(os.getuid()).pw_name}"], stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, timeout=60)
        time.sleep(1)
        for name in [f"slurmd.n{n}" for n in range(1, NODES + 1)] + ["slurmctld", "munged"]:
            try:
                with open(f"{self.dir}/run/{name}.pid") as f:
                    pid = int(f.read())
                os.kill(pid, signal.SIGTERM)
                deadline = time.monotonic() + 10
                while time.monotonic() < deadline and os.path.exists(f"/proc/{pid}"):
                    time.sleep(0.05)
            except (OSError, ValueError):
                pass
        shutil.rmtree(self.dir, ignore_errors=True)
