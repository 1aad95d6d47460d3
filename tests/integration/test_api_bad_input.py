"""Bad input: a clear error that names the thing, in the reader's language, and a process that lives on."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.api import TOKEN, ApiProcess, running_site

JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiProcess]:
    """One running site for the whole file."""
    with running_site(tmp_path_factory.mktemp("api-bad")) as site:
        with site.client() as client:
            client.post("/api/v1/cameras", json={"id": "gate-1", "name": "Gate", "url": "rtsp://10.0.0.8/"})
        yield site.api


@pytest.fixture
def client(api: ApiProcess) -> Iterator[httpx.Client]:
    """A client with the token; the process is alive after each test."""
    headers = {"Authorization": f"Bearer {TOKEN}", "Accept-Language": "en"}
    with httpx.Client(base_url=api.url, headers=headers, timeout=20) as found:
        yield found
    assert api.alive
    assert "Traceback" not in api.log


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    """The problem details of a refusal."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = answer.json()
    assert found["status"] == status
    return found


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "http://169.254.169.254/latest/meta-data/",
        "rtsp://169.254.169.254/",
        "https://intranet/",
        "concat:/etc/passwd|/etc/shadow",
        "rtsp:///no-host",
        "rtsp://host:99999/",
        "/etc/passwd",
        "rtsp://ho st/",
    ],
)
@pytest.mark.parametrize("path", ["/api/v1/cameras", "/api/v1/cameras/test"])
def test_unsafe_addresses_are_refused(client: httpx.Client, path: str, url: str) -> None:
    """Files, web addresses and the cloud's own address are no cameras, to be added or to be tried."""
    body = {"url": url} | ({"name": "x"} if path.endswith("cameras") else {})
    found = problem(client.post(path, json=body), 422)
    assert found["errors"][0]["field"] == "url"
    assert found["detail"]


def test_a_changed_address_is_checked_too(client: httpx.Client) -> None:
    """A camera can't be turned to a file afterwards."""
    answer = client.patch("/api/v1/cameras/gate-1", json={"url": "file:///etc/passwd"}, headers={"If-Match": "*"})
    assert "file: is not allowed" in problem(answer, 422)["detail"]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b'{"name": "x",\n "url": oops}', "line 2, column 9"),
        (b"", "line 1, column 1"),
        (b'{"name": "x"', "line 1, column 13"),
        (b'{"name": "\xff"}', "line 1"),
        (b"[" * 100_000, "line 1"),
    ],
)
def test_malformed_json_names_its_place(client: httpx.Client, body: bytes, place: str) -> None:
    """A body that is no JSON: 400 with line and column."""
    found = problem(client.post("/api/v1/cameras", content=body, headers=JSON), 400)
    assert place in found["detail"]


@pytest.mark.parametrize(
    ("body", "field", "allowed"),
    [
        ({"url": "rtsp://h/"}, "name", "is missing"),
        ({"name": "x", "url": "rtsp://h/", "nmae": 1}, "nmae", "unknown field; known here: name, url"),
        ({"name": 5, "url": "rtsp://h/"}, "name", "must be a text"),
        ({"name": "", "url": "rtsp://h/"}, "name", "at least 1 characters"),
        ({"name": "x", "url": "rtsp://h/", "id": "Ворота 1"}, "id", "small Latin letters"),
        ({"name": "x", "url": "rtsp://h/", "id": "a.b"}, "id", "small Latin letters"),
        ({"name": "x", "url": "rtsp://h/", "analysis_fps": 1000}, "analysis_fps", "0.1..30"),
        ({"name": "x", "url": "rtsp://h/", "transport": "smoke"}, "transport", "'tcp', 'udp'"),
        ([], "body", "must be an object"),
    ],
)
def test_wrong_fields_are_named(client: httpx.Client, body: object, field: str, allowed: str) -> None:
    """A fault in a body: 422 with the field and what is allowed."""
    found = problem(client.post("/api/v1/cameras", json=body), 422)
    assert found["errors"][0]["field"] == field
    assert allowed in found["errors"][0]["message"]


ZONE = {"id": "yard", "points": [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9]]}
LINE = {"id": "gate", "a": [0.1, 0.6], "b": [0.9, 0.6]}


@pytest.mark.parametrize(
    ("settings", "field", "allowed"),
    [
        ({"zones": [ZONE | {"points": [[0.1, 0.1], [0.9, 0.1]]}]}, "settings.zones[0].points", "3 points or more"),
        ({"zones": [ZONE | {"points": [[0.1, 0.1], [0.9, 0.9], [0.5, 0.5]]}]}, "settings.zones[0].points", "no area"),
        ({"lines": [LINE | {"b": [1.2, 0.5]}]}, "settings.lines[0].b[0]", "0..1"),
        ({"lines": [LINE | {"b": [-0.1, 0.5]}]}, "settings.lines[0].b[0]", "0..1"),
        ({"lines": [LINE | {"b": [0.1, 0.6]}]}, "settings.lines[0]", "the same"),
        ({"lines": [LINE, LINE]}, "settings.lines[1].id", "taken"),
        ({"lines": [LINE | {"entry": "sideways"}]}, "settings.lines[0].entry", "'backward', 'forward'"),
        ({"confidence": 0.5}, "settings.confidence", "confidence_ratio"),
        ({"confidence_ratio": 7}, "settings.confidence_ratio", "0.05..0.95"),
        ({"type": "ppe"}, "settings.type", "known here"),
    ],
)
def test_settings_are_checked(client: httpx.Client, settings: object, field: str, allowed: str) -> None:
    """Lines and zones that can't be: 422 with the place inside the settings."""
    answer = client.put("/api/v1/cameras/gate-1/functions/vehicles", json={"settings": settings})
    found = problem(answer, 422)
    assert found["errors"][0]["field"] == field
    assert allowed in found["errors"][0]["message"]


def test_unknown_functions_and_cameras_are_named(client: httpx.Client) -> None:
    """A function that does not exist, and one of a camera that does not."""
    assert "vehicles" in problem(client.put("/api/v1/cameras/gate-1/functions/magic", json={}), 404)["detail"]
    assert "nowhere" in problem(client.put("/api/v1/cameras/nowhere/functions/vehicles", json={}), 404)["detail"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "0"), ("limit", "501"), ("limit", "many"), ("since", "yesterday"), ("since", "2026-01-01T00:00:00"),
        ("until", "0001-01-01T00:00:00Z"), ("cursor", "garbage!"), ("cursor", "AAAA"), ("camera", "a.b"), ("kind", "*"),
        ("plate", "---"), ("plat", "A1"),
    ],
)  # fmt: skip
def test_wrong_filters_are_named(client: httpx.Client, name: str, value: str) -> None:
    """A query parameter that can't be used: 422 with its name; a typo is no silent "everything"."""
    found = problem(client.get("/api/v1/events", params={name: value}), 422)
    assert found["errors"][0]["field"] == name


def test_errors_speak_russian(client: httpx.Client) -> None:
    """The same refusal in the reader's language."""
    answer = client.post(
        "/api/v1/cameras", json={"name": "x", "url": "file:///etc/passwd"}, headers={"Accept-Language": "ru"}
    )
    assert "допустимы только rtsp://" in problem(answer, 422)["detail"]
    assert answer.headers["content-language"] == "ru"
    missing = client.get("/nothing", headers={"Accept-Language": "ru"})
    assert problem(missing, 404)["title"] == "Не найдено"


def test_unknown_paths_and_methods(client: httpx.Client) -> None:
    """Paths and methods that do not exist are problem details too, and no path leads out of the console's folder."""
    problem(client.get("/api/v1/nothing"), 404)
    assert "allow" in client.put("/api/v1/cameras").headers
    problem(client.put("/api/v1/cameras"), 405)
    for path in ("/console/../__main__.py", "/console/%2e%2e%2f__main__.py", "/schema/files/templates.py"):
        assert client.get(path).status_code == 404


def test_200_mb_are_not_read(api: ApiProcess) -> None:
    """A body over the limit: 413 from its length alone, and the connection ends instead of being drained."""
    host, port = api.url.removeprefix("http://").split(":")
    head = (
        f"POST /api/v1/cameras HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {TOKEN}\r\n"
        "Content-Type: application/json\r\nContent-Length: 209715200\r\n\r\n"
    )
    with socket.create_connection((host, int(port)), timeout=10) as raw:
        raw.sendall(head.encode() + b"[" * 1000)
        answer = b""
        while part := raw.recv(65536):
            answer += part
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"1048576" in answer


def test_an_endless_body_is_cut(client: httpx.Client) -> None:
    """A body without a length is read up to the limit and no further."""

    def endless() -> Iterator[bytes]:
        for _ in range(200 * 16):
            yield b"[" * 65536

    try:
        answer = client.post("/api/v1/cameras", content=endless(), headers=JSON)
        assert answer.status_code == 413
    except (httpx.WriteError, httpx.ReadError, httpx.RemoteProtocolError):
        pass  # the connection was closed while the rest was on its way
    assert client.get("/health/live").status_code == 200


def test_security_headers_are_everywhere(client: httpx.Client) -> None:
    """Pages, answers and errors carry the same policy; nothing inline, nothing framed, no foreign origin."""
    for path in ("/", "/health/live", "/api/v1/cameras", "/nothing", "/schema/swagger"):
        headers = client.get(path, headers={"Origin": "https://elsewhere.example"}).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in headers


def test_swagger_ui_is_local(client: httpx.Client) -> None:
    """The page and everything it loads come from here; the document names every route and body."""
    page = client.get("/schema/swagger").text
    assert "http://" not in page
    assert "https://" not in page
    for name in ("swagger-ui.css", "swagger-ui-bundle.js", "start.js"):
        assert client.get(f"/schema/files/{name}").status_code == 200
    document = json.loads(client.get("/schema/openapi.json").text)
    assert "CameraIn" in document["components"]["schemas"]


def test_settings_of_the_process_are_checked(tmp_path: Path) -> None:
    """A token file that is not there: the key, the value, and exit code 2."""
    process = ApiProcess(tmp_path, {"ZOOL_API_TOKEN_FILE": str(tmp_path / "none")})
    with pytest.raises(AssertionError):
        process.start()
    assert "[api] token_file" in process.log
    assert process.stop() == 2
