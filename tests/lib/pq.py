# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL client for tests: libpq itself, the library psql is made of, through ctypes."""
import ctypes
import time

_pq = ctypes.CDLL("libpq.so.5")
_P, _S, _I = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
for _name, _result, _arguments in (
    ("PQconnectdb", _P, [_S]), ("PQstatus", _I, [_P]), ("PQerrorMessage", _S, [_P]), ("PQfinish", None, [_P]),
    ("PQexec", _P, [_P, _S]), ("PQresultStatus", _I, [_P]), ("PQresultErrorField", _S, [_P, _I]),
    ("PQresultErrorMessage", _S, [_P]), ("PQntuples", _I, [_P]), ("PQnfields", _I, [_P]), ("PQfname", _S, [_P, _I]),
    ("PQgetisnull", _I, [_P, _I, _I]), ("PQgetvalue", _S, [_P, _I, _I]), ("PQcmdStatus", _S, [_P]),
    ("PQclear", None, [_P]), ("PQputCopyData", _I, [_P, _S, _I]), ("PQputCopyEnd", _I, [_P, _S]),
    ("PQgetResult", _P, [_P]), ("PQgetCancel", _P, [_P]), ("PQcancel", _I, [_P, _S, _I]), ("PQfreeCancel", None, [_P]),
    ("PQparameterStatus", _S, [_P, _S]), ("PQtransactionStatus", _I, [_P]), ("PQftype", ctypes.c_uint, [_P, _I]),
    ("PQsetNoticeProcessor", _P, [_P, _P, _P]),
):
    _f = getattr(_pq, _name)
    _f.restype, _f.argtypes = _result, _arguments
_NOTICE = ctypes.CFUNCTYPE(None, _P, _S)
_EMPTY, _COMMAND_OK, _TUPLES_OK, _COPY_OUT, _COPY_IN = 0, 1, 2, 3, 4


class Error(Exception):
    """What the server refused: .state is the SQLSTATE, .position counts characters from 1 (None: not told)."""

    def __init__(self, state, message, detail=None, hint=None, position=None):
        super().__init__(f"{state}: {message}" + (f" ({detail})" if detail else ""))
        self.state, self.message, self.detail, self.hint, self.position = state, message, detail, hint, position


class Connection:
    def __init__(self, **words):
        words.setdefault("connect_timeout", 10)
        text = " ".join("{}='{}'".format(k, str(v).replace("\\", "\\\\").replace("'", "\\'")) for k, v in words.items())
        self.notices = []
        self._conn = _pq.PQconnectdb(text.encode())
        if _pq.PQstatus(self._conn) != 0:
            message = _pq.PQerrorMessage(self._conn).decode(errors="replace").strip()
            self.close()
            raise ConnectionError(message)
        self._notice = _NOTICE(lambda _, text: self.notices.append(text.decode(errors="replace").strip()))
        _pq.PQsetNoticeProcessor(self._conn, ctypes.cast(self._notice, _P), None)

    def close(self):
        if self._conn:
            _pq.PQfinish(self._conn)
            self._conn = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def parameter(self, name):
        value = _pq.PQparameterStatus(self._conn, name.encode())
        return value.decode() if value is not None else None

    def transaction_status(self):
        """0 idle, 1 busy, 2 in a transaction, 3 in a failed one."""
        return _pq.PQtransactionStatus(self._conn)

    def cancel(self):
        handle = _pq.PQgetCancel(self._conn)
        text = ctypes.create_string_buffer(256)
        done = _pq.PQcancel(handle, text, len(text))
        _pq.PQfreeCancel(handle)
        if not done:
            raise ConnectionError(text.value.decode())

    def _fields(self, result):
        field = lambda code: (_pq.PQresultErrorField(result, ord(code)) or b"").decode(errors="replace") or None
        message = field("M") or (_pq.PQresultErrorMessage(result) or b"").decode(errors="replace").strip()
        message = message or _pq.PQerrorMessage(self._conn).decode(errors="replace").strip()
        position = field("P")
        return Error(field("C") or "08006", message, field("D"), field("H"), int(position) if position else None)

    def run(self, sql, data=None):
        """Runs one string of statements; data feeds COPY FROM STDIN.  Returns the last one's rows, as lists of
        texts (None is NULL); .tag is its command tag, .ms the time until the client had the whole result.  Raises Error."""
        begin = time.perf_counter()
        result = _pq.PQexec(self._conn, sql.encode())
        self.ms = (time.perf_counter() - begin) * 1000
        try:
            if _pq.PQresultStatus(result) == _COPY_IN:
                _pq.PQclear(result)
                _pq.PQputCopyData(self._conn, data or b"", len(data or b""))
                _pq.PQputCopyEnd(self._conn, None)
                result = _pq.PQgetResult(self._conn)
                while True:
                    more = _pq.PQgetResult(self._conn)
                    if not more:
                        break
                    _pq.PQclear(more)
            status = _pq.PQresultStatus(result)
            if status not in (_EMPTY, _COMMAND_OK, _TUPLES_OK):
                raise self._fields(result)
            self.tag = _pq.PQcmdStatus(result).decode()
            columns = range(_pq.PQnfields(result))
            self.names = [_pq.PQfname(result, c).decode() for c in columns]
            self.types = [_pq.PQftype(result, c) for c in columns]
            return [[None if _pq.PQgetisnull(result, r, c) else _pq.PQgetvalue(result, r, c).decode(errors="replace")
                     for c in columns] for r in range(_pq.PQntuples(result))]
        finally:
            _pq.PQclear(result)
