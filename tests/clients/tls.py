# SPDX-License-Identifier: Apache-2.0
"""TLS: certificates and keys, who is let in without, handshakes that go wrong."""
import os
import socket
import ssl
import stat
import subprocess
import threading
import time

from raw import GSS_REQUEST, SSL_REQUEST, Raw, cancel_request, fields, query, shown, startup
from warehouse import USER, Warehouse, program

LOGIN_TIMEOUT = 2  # seconds, in stoa.conf


def psql(w, sql, host="localhost", **env):
    """What psql says, in one line."""
    r = subprocess.run(["psql", "-X", "-A", "-t", "-c", sql], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                       env=dict(w.psql_env(), PGHOST=host, **env), timeout=60)
    return r.stdout.strip()


def root(w):
    return os.path.join(w.dir, "client", "root.crt")


def context(w):
    return ssl.create_default_context(cafile=root(w))


def login(w, raw):
    return raw.connect(USER, w.password, database="dev")


def state(came):
    """The SQLSTATE of an error, or what came instead."""
    errors = [fields(body)["C"] for kind, body in came if kind == "E"]
    return errors[0] if errors else shown(came)


def own_address():
    """An address of this machine that is not its loopback, or None."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        try:
            s.connect(("192.0.2.1", 9))  # nothing is sent
            address = s.getsockname()[0]
        except OSError:
            return None
    return None if address.startswith("127.") else address


# --- files ------------------------------------------------------------------------------------
def files(w, expect):
    for name in ("server.crt", "server.key", "client/root.crt"):
        mode = stat.S_IMODE(os.stat(os.path.join(w.dir, name)).st_mode)
        expect(f"mode of {name}", mode == 0o600, oct(mode))
    with open(os.path.join(w.dir, "client", "pg_service.conf")) as f:
        text = f.read()
    expect("the service file asks for the certificate", f"sslmode=verify-ca\nsslrootcert={root(w)}\n" in text, text)
    r = subprocess.run([program("stoa"), "psql", w.dir, "-X", "-A", "-t", "-c", "select 1", "-c", r"\conninfo"],
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    expect("stoa psql", r.stdout.startswith("1\n") and "SSL connection (protocol: TLSv1.3" in r.stdout, r.stdout)


def refused_start(w):
    r = subprocess.run([program("stoad"), "-D", w.dir, "-p", "0"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                       timeout=60)
    return r.stdout


def bad_files(w, expect):
    """The server does not start with them, and says why."""
    key, certificate = os.path.join(w.dir, "server.key"), os.path.join(w.dir, "server.crt")
    with open(key) as f:
        good = f.read()
    other = subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout"], check=True,
                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    rsa = subprocess.run(["openssl", "genrsa", "2048"], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    locked = subprocess.run(["openssl", "ec", "-aes128", "-passout", "pass:x"], input=good, check=True, stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL, text=True).stdout
    for what, text, mode, words in (("others can read", good, 0o644, "others have access"), ("of a group", good, 0o640, "others have access"),
                                    ("no key", "x\n", 0o600, "could not load key file"),
                                    ("a passphrase", locked, 0o600, "could not load key file"),
                                    ("another's", other, 0o600, "key values mismatch"),
                                    ("of another kind", rsa, 0o600, "does not belong to certificate file")):
        with open(key, "w") as f:
            f.write(text)
        os.chmod(key, mode)
        came = refused_start(w)
        expect(f"key: {what}", words in came, came)
    with open(key, "w") as f:
        f.write(good)
    os.chmod(key, 0o600)
    for what, change in (("no certificate", lambda: os.rename(certificate, certificate + ".away")),
                         ("no key file", lambda: os.rename(key, key + ".away")),
                         ("a directory", lambda: os.mkdir(key))):
        change()
        came = refused_start(w)
        expect(what, "could not load" in came, came)
        if os.path.exists(certificate + ".away"):
            os.rename(certificate + ".away", certificate)
    os.rmdir(key)
    os.rename(key + ".away", key)


# --- clients ----------------------------------------------------------------------------------
def drivers(w, expect):
    secure = dict(PGSSLMODE="verify-full", PGSSLROOTCERT=root(w))
    for host in ("localhost", "127.0.0.1", socket.gethostname()):
        try:
            if not socket.gethostbyname(host).startswith("127."):
                continue
        except OSError:
            continue
        expect(f"verify-full, {host}", psql(w, "select 1", host, **secure) == "1", psql(w, "select 1", host, **secure))
    came = psql(w, r"\conninfo", **secure)
    expect("it is TLS", "SSL connection" in came, came)
    expect("in plain, from here", psql(w, "select 1", PGSSLMODE="disable") == "1")
    expect("TLS 1.2", psql(w, "select 1", PGSSLMAXPROTOCOLVERSION="TLSv1.2", **secure) == "1")
    with Warehouse(slices=1, init=["--tls=other.example"]) as other:
        came = psql(w, "select 1", PGSSLMODE="verify-full", PGSSLROOTCERT=root(other))
        expect("another's certificate", "certificate verify failed" in came, came)
    with w.connect(sslmode="verify-ca", sslrootcert=root(w)) as c:
        rows = c.run("select n, repeat('x', 100) from generate_series(1, 50000) s(n)")
        expect("many rows", len(rows) == 50000 and rows[-1][0] == "50000")


def messages(w, expect):
    with Raw(w.port) as raw:
        raw.send(GSS_REQUEST)
        expect("GSS encryption", raw.socket.recv(1) == b"N")
        expect("then TLS", raw.secure(context(w)))
        came = login(w, raw)
        expect("then the login", came[-1][0] == "Z", shown(came))
        expect("a statement", shown(raw.ask(query("select 1"))) == "T D:1 C:SELECT_1 Z:I")
    with Raw(w.port) as raw:
        raw.send(SSL_REQUEST + startup(user=USER, database="dev"))
        expect("bytes before the handshake", state(raw.answers("E")) == "08P01")
    with Raw(w.port) as raw:
        raw.secure(context(w))
        raw.send(SSL_REQUEST)
        expect("TLS in TLS", state(raw.answers("E")) == "0A000")
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with Raw(w.port) as raw:
        try:
            raw.secure(old)
            expect("TLS 1.1", False, "it was accepted")
        except (ssl.SSLError, ConnectionResetError) as e:
            expect("TLS 1.1", True, str(e))


def cancel(w, expect):
    """A statement that would take long, and a cancel request through a second handshake."""
    with Raw(w.port) as raw:
        raw.secure(context(w))
        key = next(body for kind, body in login(w, raw) if kind == "K")

        def later():
            time.sleep(1)
            with Raw(w.port) as second:
                second.secure(context(w))
                second.send(cancel_request(key))
                second.answers("Z")

        thread = threading.Thread(target=later)
        thread.start()
        begin = time.monotonic()
        came = raw.ask(query("select count(*) from slow a, slow b, slow c, slow d where a.n + b.n + c.n + d.n = -1"))
        expect("cancel", state(came) == "57014" and time.monotonic() - begin < 10, f"{state(came)} {time.monotonic() - begin}")
        thread.join()
        expect("the session goes on", shown(raw.ask(query("select 1"))) == "T D:1 C:SELECT_1 Z:I")


def handshakes(w, expect):
    """Clients that vanish, say nonsense, or take their time."""
    hello = bytes.fromhex("16030100c8010000c40303") + bytes(20)
    for part in (b"", hello, hello[:3], b"\0" * 300, b"GET / HTTP/1.1\r\n\r\n", startup(user=USER)):
        for how in range(3):
            raw = Raw(w.port)
            raw.send(SSL_REQUEST)
            raw.socket.recv(1)
            raw.send(part)
            if how == 1:
                raw.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # a reset
            if how == 2:
                try:
                    raw.socket.shutdown(socket.SHUT_WR)
                    raw.answers("E")
                except OSError:
                    pass  # the server was faster
            raw.close()
    expect("others get in", psql(w, "select 1", PGSSLMODE="require") == "1")
    for what, begin in (("silent", b""), ("in a handshake", SSL_REQUEST + b""), ("after a part of hello", None)):
        with Raw(w.port) as raw:
            raw.send(SSL_REQUEST if begin is None else begin)
            if begin is None:
                raw.socket.recv(1)
                raw.send(hello)
            start = time.monotonic()
            raw.socket.settimeout(10)
            try:
                while raw.socket.recv(100):
                    pass
                seconds = time.monotonic() - start
            except OSError as e:
                seconds = str(e)
            expect(f"login timeout, {what}", isinstance(seconds, float) and seconds < LOGIN_TIMEOUT + 3, seconds)
    with Raw(w.port) as raw:
        raw.secure(context(w))
        start, seconds = time.monotonic(), None
        try:
            for byte in startup(user=USER, database="dev", application_name="x" * 100):
                raw.send(bytes([byte]))  # each soon enough, all together not
                time.sleep(0.1)
        except OSError:
            seconds = time.monotonic() - start
        expect("login timeout, byte by byte", seconds is not None and seconds < LOGIN_TIMEOUT + 3, seconds)
    with w.connect(sslmode="require") as c:
        time.sleep(LOGIN_TIMEOUT + 2)
        expect("a session stays", c.run("select 1") == [["1"]])


def required(w, expect):
    address = own_address()
    expect("required: in plain, from here", psql(w, "select 1", "127.0.0.1", PGSSLMODE="disable") == "1")
    if address is None:
        return
    came = psql(w, "select 1", address, PGSSLMODE="disable")
    expect("required: in plain, from elsewhere", "connections from other machines must be encrypted" in came, came)
    with Raw(w.port, address) as raw:
        expect("required: its SQLSTATE", state(raw.connect(USER, w.password, database="dev")) == "28000")
    expect("required: through TLS", psql(w, "select 1", address, PGSSLMODE="require") == "1")


def off(expect):
    with Warehouse(slices=1) as w:
        w.start()
        with Raw(w.port) as raw:
            expect("off", not raw.secure(ssl.create_default_context()))
            expect("off: it goes on in plain", login(w, raw)[-1][0] == "Z")
        w.stop()


def run(expect):
    with Warehouse(slices=3, init=["--tls"], settings=[f"login_timeout = {LOGIN_TIMEOUT}", "listen_address = 0.0.0.0",
                                                       "ssl = required"]) as w:
        bad_files(w, expect)
        w.start()
        with w.connect() as c:
            c.run("create table slow as select n from generate_series(1, 2000) s(n)")
        for part in (files, drivers, messages, cancel, handshakes, required):
            part(w, expect)
        expect("the server is still there", w.process.poll() is None, w.log_tail())
        w.stop()
    off(expect)
