"""From a camera to an event at a client: the whole chain, as a user starts it."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

import pytest

from tests.support.demo import report, running_demo


def _get(url: str, token: str) -> bytes:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        body: bytes = answer.read()
    return body


@pytest.mark.timeout(300)
def test_vehicles_of_the_demo_site_become_events_with_plate_and_photo(tmp_path: Path) -> None:
    """Events match the site's truth, and the store gives them back with their photos; nothing happened twice."""
    with running_demo(tmp_path / "data", cameras=["gate-day"], arguments=["--for", "42", "--json"]) as demo:
        demo.wait_ready()
        token, url = demo.token, demo.url
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
