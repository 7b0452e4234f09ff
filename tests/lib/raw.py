# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL's protocol 3, message by message, for what no library sends."""
import base64
import hashlib
import hmac
import os
import socket
import ssl
import struct


def startup(version=196608, **words):
    body = struct.pack("!I", version) + b"".join(k.encode() + b"\0" + v.encode() + b"\0" for k, v in words.items()) + b"\0"
    return struct.pack("!I", len(body) + 4) + body


def message(kind, body=b""):
    return kind.encode() + struct.pack("!I", len(body) + 4) + body


def string(text):
    return text.encode() + b"\0"


def query(sql):
    return message("Q", string(sql))


def parse(sql, name="", types=()):
    return message("P", string(name) + string(sql) + struct.pack("!H", len(types)) + b"".join(struct.pack("!I", t) for t in types))


def bind(values=(), portal="", name="", formats=(), results=()):
    """Values are bytes, or None for null."""
    data = b"".join(struct.pack("!i", -1) if v is None else struct.pack("!i", len(v)) + v for v in values)
    return message("B", string(portal) + string(name) + struct.pack("!H", len(formats)) +
                   b"".join(struct.pack("!H", f) for f in formats) + struct.pack("!H", len(values)) + data +
                   struct.pack("!H", len(results)) + b"".join(struct.pack("!H", f) for f in results))


def describe(kind, name=""):
    return message("D", kind.encode() + string(name))


def execute(limit=0, portal=""):
    return message("E", string(portal) + struct.pack("!I", limit))


def close(kind, name=""):
    return message("C", kind.encode() + string(name))


SYNC, FLUSH, TERMINATE = message("S"), message("H"), message("X")
SSL_REQUEST, GSS_REQUEST = struct.pack("!II", 8, 80877103), struct.pack("!II", 8, 80877104)


def cancel_request(key):
    """key: the body of BackendKeyData."""
    return struct.pack("!II", 16, 80877102) + key


class Raw:
    """One connection.  connect() logs in; ask() sends bytes and returns the answers up to ReadyForQuery."""

    def __init__(self, port, host="127.0.0.1"):
        self.socket = socket.create_connection((host, port), timeout=20)
        self.buffer = b""

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def secure(self, context, name="localhost"):
        """TLS, after SSLRequest; False when the server does without."""
        self.send(SSL_REQUEST)
        if self.socket.recv(1) != b"S":
            return False
        self.socket = context.wrap_socket(self.socket, server_hostname=name)
        return True

    def send(self, data):
        self.socket.sendall(data)

    def read(self):
        """(type, payload); None when the server has closed."""
        while len(self.buffer) < 5 or len(self.buffer) < 1 + struct.unpack("!I", self.buffer[1:5])[0]:
            try:
                more = self.socket.recv(65536)
            except (ConnectionResetError, ssl.SSLError):
                more = b""
            if not more:
                return None
            self.buffer += more
        end = 1 + struct.unpack("!I", self.buffer[1:5])[0]
        kind, body, self.buffer = chr(self.buffer[0]), self.buffer[5:end], self.buffer[end:]
        return kind, body

    def answers(self, until="Z"):
        """Messages up to one of a type in `until`, or to the end of the connection."""
        came = []
        while True:
            m = self.read()
            if m is None:
                return came
            came.append(m)
            if m[0] in until:
                return came

    def connect(self, user, password, version=196608, **words):
        """Logs in (SCRAM-SHA-256, RFC 5802); returns all messages of the server."""
        self.send(startup(version, user=user, **words))
        came = self.answers("RE")
        if came[-1][0] == "E":
            return came
        nonce = base64.b64encode(os.urandom(18)).decode()
        first = f"n=,r={nonce}"
        data = ("n,," + first).encode()
        self.send(message("p", string("SCRAM-SHA-256") + struct.pack("!I", len(data)) + data))
        came += self.answers("RE")
        if came[-1][0] == "E":
            return came
        server = came[-1][1][4:].decode()
        words = dict(w.split("=", 1) for w in server.split(","))
        salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(words["s"]), int(words["i"]))
        client_key = hmac.digest(salted, b"Client Key", "sha256")
        bare = "c=biws,r=" + words["r"]
        signature = hmac.digest(hashlib.sha256(client_key).digest(), f"{first},{server},{bare}".encode(), "sha256")
        proof = base64.b64encode(bytes(a ^ b for a, b in zip(client_key, signature))).decode()
        self.send(message("p", f"{bare},p={proof}".encode()))
        return came + self.answers("ZE")

    def ask(self, *messages):
        self.send(b"".join(messages))
        return self.answers()


def fields(body):
    """Of an ErrorResponse or NoticeResponse: {code: text}."""
    return {part[:1].decode(): part[1:].decode() for part in body.split(b"\0") if part}


def row(body):
    """Of a DataRow: bytes, or None for null."""
    values, at = [], 2
    for _ in range(struct.unpack("!H", body[:2])[0]):
        length = struct.unpack("!i", body[at:at + 4])[0]
        at += 4
        values.append(None if length < 0 else body[at:at + max(length, 0)])
        at += max(length, 0)
    return values


def shown(messages):
    """What came, in short: "1 2 D:5 C:SELECT_1 Z:I"."""
    def one(kind, body):
        if kind == "D":
            return "D:" + ",".join("NULL" if v is None else v.decode(errors="replace") for v in row(body))
        if kind == "C":
            return "C:" + body[:-1].decode().replace(" ", "_")
        if kind in "EN":
            return f"{kind}:{fields(body)['C']}"
        if kind == "Z":
            return "Z:" + body.decode()
        return kind
    return " ".join(one(*m) for m in messages)
