"""From a camera to an event at a client: the whole chain, as a user starts it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.support.demo import report, running_demo

WORD = "a-word-that-nobody-else-uses"
"""The password of a camera, of a user, and (with a prefix) a wrong token."""


def _get(url: str, token: str, body: object = None) -> bytes:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers=headers)  # noqa: S310
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        body: bytes = answer.read()
    return body


@pytest.mark.timeout(300)
def test_vehicles_of_the_demo_site_become_events_with_plate_and_photo(tmp_path: Path) -> None:
    """Events match the site's truth, and the store gives them back with their photos; nothing happened twice."""
    with running_demo(tmp_path / "data", cameras=["gate-day"], arguments=["--for", "42", "--json"]) as demo:
        demo.wait_ready()
        token, url = demo.token, demo.url
        secret = _tell_secrets(url, token)
        stored: list[dict[str, object]] = []
        while not stored and demo.process.poll() is None:
            listed = json.loads(_get(f"{url}/api/v1/events?camera=gate-day", token))
            stored = [one for one in listed["items"] if one["plate"] and one["photos"]]
        photos = stored[0]["photos"]
        assert isinstance(photos, list)
        assert _get(url + photos[0]["url"], token).startswith(b"\xff\xd8")
        found = report(demo)
    truth = found["truth"]
    assert truth["matched"] >= 1, found
    assert truth["matched"] >= truth["expected"] // 2, found
    assert found["cameras"]["gate-day"]["analysed"] > 0
    assert found["latency_ms"].keys() == {"p50", "p95", "p99"}
    assert _files_with(tmp_path / "data", WORD, secret) == []
    assert _files_with(tmp_path / "data", token) == ["admin.token"]
    passwords = json.loads((tmp_path / "data" / "passwords.json").read_text())
    assert set(_files_with(tmp_path / "data", *passwords.values())) <= {"passwords.json", "nats.conf", "grafana.env"}


def _tell_secrets(url: str, token: str) -> str:
    """A camera with a password that refuses, a user with one, a token of the user, and a wrong token."""
    camera = {"id": "secret", "name": "Secret", "url": f"rtsp://viewer:{WORD}@127.0.0.1:9/s"}
    _get(f"{url}/api/v1/cameras", token, camera)
    _get(f"{url}/api/v1/users", token, {"name": "boss", "role": "administrator", "password": WORD})
    _get(f"{url}/api/v1/session", token, {"name": "boss", "password": WORD})
    with pytest.raises(urllib.error.HTTPError, match="401"):
        _get(f"{url}/api/v1/cameras", f"wrong-{WORD}")
    made = json.loads(_get(f"{url}/api/v1/users/boss/tokens", token, {"name": "t"}))
    return str(made["secret"])


def _files_with(folder: Path, *words: str) -> list[str]:
    """Files of a data folder, logs among them, that hold one of these words."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return [
        str(path.relative_to(folder)) for path in files if any(word.encode() in path.read_bytes() for word in words)
    ]
