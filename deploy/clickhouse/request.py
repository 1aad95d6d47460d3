"""What an HTTP request to ClickHouse asks for: statement, data, parameters, settings, who asks.

Pure: no I/O. Follows ClickHouse's HTTP interface (https://clickhouse.com/docs/interfaces/http) as far as
clickhouse-connect and the Grafana plug-in use it.

Rules
- The statement is the `query` parameter, or the body, or both joined (an insert's data follows its statement).
- Of a form body the fields count as parameters and the files are tables (`form.py`).
- `param_<name>` are bound parameters; transport keys are dropped; what is left are settings of the statement.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping

import msgspec

from deploy.clickhouse import form

TRANSPORT_KEYS = frozenset(
    {
        "query", "database", "default_format", "session_id", "session_timeout", "session_check", "query_id", "user",
        "password", "compress", "decompress", "client_protocol_version", "wait_end_of_query", "buffer_size",
        "send_progress_in_http_headers", "http_headers_progress_interval_ms", "enable_http_compression", "role",
        "http_zlib_compression_level", "quota_key", "stacktrace", "cancel_http_readonly_queries_on_client_close",
    }
)  # fmt: skip
ROW_STATEMENTS = frozenset({"SELECT", "WITH", "SHOW", "DESCRIBE", "DESC", "EXISTS", "EXPLAIN", "CHECK"})

_FORMAT = re.compile(r"\s+FORMAT\s+(\w+)\s*;?\s*$", re.IGNORECASE)
_INSERT = re.compile(
    rb"^\s*((?:WITH\b[^'\"`]*?\s)?INSERT\s+INTO\b.*?)\s+FORMAT\s+(\w+)[ \t]*(?:;|\r?\n|$)", re.IGNORECASE | re.DOTALL
)
_SETTING = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """One statement for the engine; `data` belongs to an insert in `format`."""

    sql: str
    format: str
    rows: bool
    """Whether it answers with a result set."""
    database: str = ""
    params: dict[str, str] = {}
    settings: dict[str, str] = {}
    data: bytes | None = None
    tables: tuple[form.Table, ...] = ()
    """Tables that are there for this statement alone."""
    protocol: int = 0
    """Revision of the native protocol that the client speaks; it changes the format Native."""


class BadRequest(Exception):  # noqa: N818 - the HTTP name of it
    """The request is not one that this interface takes; says what is wrong."""


def statement(query: Mapping[str, str], headers: Mapping[str, str], body: bytes) -> Statement:
    """Read a request; raises `BadRequest`. Header names are lower case."""
    kind = headers.get("content-type", "")
    sent = form.Form()
    if form.is_form(kind) and body:
        try:
            sent = form.read(kind, body)
            query, body = {**query, **sent.fields}, b""
            tables = form.tables(query, sent.files)
        except form.BadForm as error:
            raise BadRequest(str(error)) from None
    else:
        tables = ()
    shared = {
        "database": query.get("database", "") or headers.get("x-clickhouse-database", ""),
        "params": {key.removeprefix("param_"): value for key, value in query.items() if key.startswith("param_")},
        "settings": _settings(query, form.transport_keys(sent.files)),
        "protocol": _protocol(query.get("client_protocol_version", "0")),
        "tables": tables,
    }
    whole = (query["query"].encode() + b"\n" + body) if query.get("query") else body
    insert = _INSERT.match(whole)
    if insert is not None and len(whole) > insert.end():
        sql, name = insert.group(1).decode(), insert.group(2).decode()
        return Statement(sql=sql, format=name, rows=False, data=whole[insert.end() :], **shared)  # type: ignore[arg-type]
    sql = _decoded(whole).strip().rstrip(";")
    if not sql:
        raise BadRequest("the statement is empty: send it as the query parameter or as the body")
    rows = sql.lstrip("( \n\t").split(None, 1)[0].upper() in ROW_STATEMENTS
    name = headers.get("x-clickhouse-format") or query.get("default_format") or "TabSeparated"
    found = _FORMAT.search(sql) if rows else None
    if found is not None:
        name, sql = found.group(1), sql[: found.start()]
    return Statement(sql=sql, format=name, rows=rows, **shared)  # type: ignore[arg-type]


def credentials(query: Mapping[str, str], headers: Mapping[str, str]) -> tuple[str, str]:
    """User and password by header, basic authentication or parameters; empty when none were given."""
    if "x-clickhouse-user" in headers:
        return headers["x-clickhouse-user"], headers.get("x-clickhouse-key", "")
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            user, _, password = base64.b64decode(token, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return "", ""
        return user, password
    return query.get("user", ""), query.get("password", "")


def error_code(message: str) -> int:
    """ClickHouse's number of an error, read from its text; 1002 (unknown exception) where there is none."""
    found = re.search(r"Code:\s*(\d+)", message)
    return int(found.group(1)) if found else 1002


def _protocol(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise BadRequest(f"client_protocol_version is no number: {text[:40]!r}")
    return int(text)


def _settings(query: Mapping[str, str], described: frozenset[str]) -> dict[str, str]:
    known = TRANSPORT_KEYS | described
    kept = {k: v for k, v in query.items() if k not in known and not k.startswith("param_")}
    for key in kept:
        if not _SETTING.match(key):
            raise BadRequest(f"not the name of a setting: {key!r}")
    return kept


def _decoded(text: bytes) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        raise BadRequest(f"the statement is not UTF-8 (byte {error.start})") from None
