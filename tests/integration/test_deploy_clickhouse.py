"""The ordinary ClickHouse client against the face: the same suite passes on the engine in process."""

from __future__ import annotations

import concurrent.futures
import gzip
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import clickhouse_connect
import msgspec
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError
from clickhouse_connect.driver.external import ExternalData

from tests.support.clickhouse import ClickHouseServer, running_clickhouse
from tests.support.native import ask_native, decoded

Client = Any


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseServer]:
    """One server for the module."""
    with running_clickhouse(tmp_path_factory.mktemp("ch") / "data") as running:
        yield running


@pytest.fixture(params=["zstd", "lz4", "gzip", False])
def client(server: ClickHouseServer, request: pytest.FixtureRequest) -> Iterator[Client]:
    """The ordinary client, with every compression that it knows."""
    made = connect(server, compress=request.param)
    made.command("DROP TABLE IF EXISTS t")
    yield made
    made.close()


def connect(server: ClickHouseServer, **options: object) -> Client:
    """A client of the server."""
    settings = server.settings
    given: dict[str, Any] = {"password": settings.password, **options}
    return clickhouse_connect.get_client(host=settings.host, port=settings.port, username="zool", **given)


FILE_WITHOUT_TYPES = (
    b'--b\r\nContent-Disposition: form-data; name="t"; filename="t"\r\n\r\n1\r\n'
    b'--b\r\nContent-Disposition: form-data; name="query"\r\n\r\nSELECT 1\r\n--b--\r\n'
)
CREATE = """
CREATE TABLE t (id UInt32, at DateTime64(6, 'UTC'), name String, pic String, v UInt32)
ENGINE ReplacingMergeTree(v) ORDER BY (at, id)
"""


def suite(client: Client) -> None:
    """What zool needs of ClickHouse."""
    client.command(CREATE)
    at = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)
    rows = [[1, at, "А123ВС77", b"\x00\xff\n;'", 1], [1, at, "А123ВС77", b"\x01", 2], [2, at, "tab\there", b"", 1]]
    summary = client.insert("t", rows, column_names=["id", "at", "name", "pic", "v"])
    assert summary.written_rows == 3
    found = client.query(
        "SELECT id, at, name, pic FROM t FINAL WHERE name = {name:String} OR id = {id:UInt32} ORDER BY id",
        parameters={"name": "А123ВС77", "id": 2},
        query_formats={"String": "bytes"},
        tz_mode="aware",
    )
    assert found.result_rows == [(1, at, "А123ВС77".encode(), b"\x01"), (2, at, b"tab\there", b"")]
    assert client.command("SELECT count() FROM t FINAL") == 2
    assert client.query("SELECT 1 AS a WHERE 0").result_rows == []
    with pytest.raises(DatabaseError, match="UNKNOWN_TABLE"):
        client.query("SELECT * FROM nowhere")
    with pytest.raises(DatabaseError, match="SYNTAX_ERROR"):
        client.command("SELEC 1")


def test_the_face_passes_the_suite(client: Client) -> None:
    """Over HTTP with each compression."""
    suite(client)


def test_an_insert_of_many_blocks_loses_none(client: Client) -> None:
    """The client compresses block by block: every frame of the body is read, and all rows are counted."""
    client.command(CREATE)
    at = datetime(2026, 11, 23, tzinfo=UTC)
    summary = client.insert("t", [[number, at, "n" * 100, b"", 1] for number in range(30_000)])
    assert summary.written_rows == 30_000
    assert client.query("SELECT count(), uniqExact(id) FROM t").result_rows == [(30_000, 30_000)]


def test_the_engine_in_process_passes_the_suite(tmp_path: Path) -> None:
    """The same suite on chDB without the face, in a process of its own (one engine per process)."""
    code = (
        "import sys, clickhouse_connect\n"
        "from tests.integration.test_deploy_clickhouse import suite\n"
        "suite(clickhouse_connect.get_client(dsn='chdb://' + sys.argv[1]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "d")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]


def test_settings_hold_for_one_statement(server: ClickHouseServer) -> None:
    """A setting sent with a statement does not leak into the next on the same worker."""
    client = connect(server)
    for _ in range(8):
        assert client.command("SELECT getSetting('max_threads')", settings={"max_threads": 3}) == 3
        assert client.command("SELECT getSetting('max_result_rows')") == 0
    assert {client.command("SELECT toString(getSetting('max_threads'))") for _ in range(8)} != {"3"}


@pytest.mark.parametrize("password", ["", "wrong"])
def test_a_wrong_password_is_refused(server: ClickHouseServer, password: str) -> None:
    """No password, or another one: 403 and ClickHouse's number."""
    with pytest.raises(DatabaseError, match="Authentication failed"):
        connect(server, password=password)


def test_writers_and_readers_at_once(server: ClickHouseServer) -> None:
    """Three writers and a reader: every row arrives, the reader sees only whole batches."""
    client = connect(server)
    client.command("DROP TABLE IF EXISTS many")
    client.command("CREATE TABLE many (w UInt8, n UInt32) ENGINE MergeTree ORDER BY (w, n)")

    def write(writer: int) -> None:
        own = connect(server)
        for batch in range(5):
            own.insert("many", [[writer, batch * 1000 + n] for n in range(1000)], column_names=["w", "n"])

    def read(_: int) -> None:
        own = connect(server)
        for _ in range(10):
            assert own.command("SELECT count() % 1000 FROM many") == 0

    jobs: list[tuple[Callable[[int], None], int]] = [(write, 0), (write, 1), (write, 2), (read, 0)]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for job in [pool.submit(call, n) for call, n in jobs]:
            job.result()
    assert client.command("SELECT uniqExact(w, n) FROM many") == 15_000


def test_killed_and_started_again_it_has_what_was_acknowledged(tmp_path: Path) -> None:
    """Kill -9 behind an acknowledged insert loses nothing."""
    with running_clickhouse(tmp_path / "d") as server:
        client = connect(server)
        client.command(CREATE)
        client.insert("t", [[1, datetime(2026, 1, 1, tzinfo=UTC), "a", b"", 1]])
        server.kill()
        server.start()
        assert connect(server).command("SELECT count() FROM t") == 1


def test_bad_bodies_get_an_answer_in_words(server: ClickHouseServer) -> None:
    """Garbage instead of zstd, an empty statement, a form: refused, and the server lives."""
    base = f"http://127.0.0.1:{server.port}/?user=zool&password={server.settings.password}"
    cases: list[tuple[bytes, dict[str, str], str]] = [
        (b"junk", {"Content-Encoding": "zstd"}, "not zstd"),
        (gzip.compress(b"SELECT 1")[:-4], {"Content-Encoding": "gzip"}, "its end is missing"),
        (b"SELECT 1", {"Content-Encoding": "br"}, "is not known: zstd, lz4, gzip, deflate"),
        (b"", {}, "empty"),
        (b"\xff\xfe", {}, "UTF-8"),
        (b"param_x=1", {"Content-Type": "application/x-www-form-urlencoded"}, "empty"),
        (b"--b\r\nbroken", {"Content-Type": "multipart/form-data; boundary=b"}, "form body can't be read"),
        (FILE_WITHOUT_TYPES, {"Content-Type": "multipart/form-data; boundary=b"}, "has no structure"),
    ]
    for body, headers, words in cases:
        request = urllib.request.Request(base, data=body, headers={"Content-Type": "text/plain"} | headers)
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(request, timeout=10)  # noqa: S310
        assert caught.value.code == 400
        assert words in caught.value.read().decode()
        caught.value.close()
    assert connect(server).command("SELECT 1") == 1


def test_tables_that_come_with_a_statement(server: ClickHouseServer) -> None:
    """They are there for it alone, also where the statement and its parameters come as a form."""
    client = connect(server, form_encode_query_params=True)
    sent = ExternalData(file_name="seen", data=b"car\t2\ntruck\t3\n", fmt="TSV", structure=["label String", "n UInt8"])
    sent.add_file(file_name="names", data=b"car,1.5\n", fmt="CSV", types="String,Decimal(9, 2)")
    asked = "SELECT n, toFloat64(_2) FROM seen JOIN names ON label = _1 WHERE n > {least:UInt8}"
    for _ in range(5):
        assert client.query(asked, parameters={"least": 1}, external_data=sent).result_rows == [(2, 1.5)]
    assert client.query("SELECT {word:String}", parameters={"word": "х" * 9000}).result_rows == [("х" * 9000,)]
    with pytest.raises(DatabaseError, match="UNKNOWN_TABLE"):
        client.query("SELECT * FROM seen")


KINDS = """
SELECT number AS n, toString(number) AS s, toLowCardinality(if(number % 2 = 0, 'a', 'b')) AS lc,
    if(number = 1, NULL, number) AS maybe, range(number % 3) AS list, [toLowCardinality('x')] AS lcs,
    toDateTime64('2026-11-23 12:00:00.123456', 6, 'UTC') AS at, map('k', number) AS pairs, number > 0 AS flag,
    (1, 'x')::Tuple(a UInt8, b String) AS pair, CAST('a' AS Enum8('a' = 1)) AS word, toFixedString('ab', 3) AS fixed,
    toDecimal64(1.5, 2) AS money
FROM numbers({count})
"""


@pytest.mark.parametrize("count", [1, 70_000])
def test_clients_of_a_newer_protocol_read_native(server: ClickHouseServer, count: int) -> None:
    """As clickhouse-go asks, which Grafana's plug-in is built on; one block, and several."""
    settings = msgspec.structs.replace(server.settings, database="default")
    answer = ask_native(settings, KINDS.format(count=count))
    rows = decoded(answer.content)
    assert (answer.status_code, len(rows)) == (200, count)
    n, s, lc, maybe, items, *_ = rows[-1]
    assert (n, s, lc) == (count - 1, str(count - 1), "a" if count % 2 else "b")
    assert (maybe, items) == (count - 1, list(range((count - 1) % 3)))
    assert (
        decoded(ask_native(settings, "SELECT displayName(), version(), revision(), timezone()").content)[0][2] > 54460
    )


def test_what_a_newer_protocol_can_not_be_given(server: ClickHouseServer) -> None:
    """A type whose length is not known, and a version that is no number: told in ClickHouse's form."""
    settings = msgspec.structs.replace(server.settings, database="default")
    unknown = ask_native(settings, "SELECT sumState(1)")
    assert (unknown.status_code, unknown.headers["X-ClickHouse-Exception-Code"]) == (501, "48")
    assert "cast it" in unknown.text
    assert ask_native(settings, "SELECT 1", protocol="new").status_code == 400
