"""What if: edited rules over looks in the real store, by REST and by `zool replay`."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from api.views import moment
from ingest.contract import FrameReport
from tests.support.api import TOKEN, Site, running_site, vehicle_event
from tests.support.vehicles import CAMERA, PLATE, at, drive, read

BASE_US = 1_780_000_000_000_000
GATE = {"id": "gate", "a": [0.1, 0.5], "b": [0.9, 0.5]}
SPAN = {"since": moment(BASE_US - 10_000_000), "until": moment(BASE_US + 3_000_000_000)}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site whose camera saw two vehicles: one that was told, and one that stopped before the line."""
    with running_site(tmp_path_factory.mktemp("api-replay")) as running:
        first = [at(message, BASE_US) for message in drive((0.2, 0.3, 0.4, 0.6, 0.7))]
        later = [at(message, BASE_US) for message in drive((0.1, 0.2, 0.3, 0.35), track="1-2", first=9000)]
        seen = at(read("s1", seq=1), BASE_US)
        running.keep(
            vehicle_event(0, camera=CAMERA, at_us=BASE_US + 500_000, event_id="told"),
            looks=[message for message in (*first, *later) if isinstance(message, FrameReport)],
            reads=[seen],  # type: ignore[list-item]
        )
        with running.client() as client:
            camera = {"id": CAMERA, "name": "Gate", "url": "rtsp://10.0.0.8/1"}
            assert client.post("/api/v1/cameras", json=camera).status_code == 201
            function = {"settings": {"lines": [GATE]}}
            assert client.put(f"/api/v1/cameras/{CAMERA}/functions/vehicles", json=function).status_code == 201
        yield running


def test_the_rules_that_hold_say_the_same(site: Site) -> None:
    """One passage on both sides, paired by place and time, with the plate of the stored read."""
    with site.client() as client:
        found = client.post(f"/api/v1/cameras/{CAMERA}/functions/vehicles/replay", json=SPAN).json()
    assert found["looks"] == 12
    assert [event["plate"] for event in found["would"]] == [PLATE]
    assert (found["gone"], found["new"]) == ([], [])
    assert [pair[0] for pair in found["same"]] == ["told"]


def test_an_edited_line_shows_what_it_would_change(site: Site) -> None:
    """Higher up in the picture it would have seen both; the answer is the same each time, and nothing was published."""
    higher = {"settings": {"lines": [GATE | {"id": "high", "a": [0.1, 0.25], "b": [0.9, 0.25]}]}}
    with site.client() as client:
        url = f"/api/v1/cameras/{CAMERA}/functions/vehicles"
        first, again = (client.post(f"{url}/replay", json=SPAN | higher).json() for _ in range(2))
        assert first == again
        assert client.get(url).json()["settings"]["lines"] == [GATE | {"entry": "forward"}]
        assert len(client.get("/api/v1/events", params={"camera": CAMERA}).json()["items"]) == 1
    assert (len(first["would"]), len(first["new"]), first["gone"]) == (2, 2, ["told"])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (SPAN | {"until": SPAN["since"]}, "until"),
        (SPAN | {"until": moment(BASE_US + 200_000_000_000)}, "until"),
        (SPAN | {"settings": {"line": []}}, "settings.line"),
        ({"since": SPAN["since"]}, "until"),
    ],
)
def test_what_can_t_be_replayed(site: Site, body: dict[str, object], field: str) -> None:
    """Too long, backwards, unknown settings: 422 with the place."""
    with site.client() as client:
        answer = client.post(f"/api/v1/cameras/{CAMERA}/functions/vehicles/replay", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


def test_the_command_prints_both_lists(site: Site, tmp_path: Path) -> None:
    """What would go and what would come, in the order of time; Russian where the environment asks for it."""
    (tmp_path / "token").write_text(TOKEN)
    rules = tmp_path / "rules.json"
    rules.write_bytes(msgspec.json.encode({"lines": [GATE | {"id": "low", "a": [0.1, 0.9], "b": [0.9, 0.9]}]}))
    command = [
        sys.executable, "-m", "deploy", "replay", "--url", site.api.url, "--token-file", str(tmp_path / "token"),
        "--camera", CAMERA, "--since", SPAN["since"], "--until", SPAN["until"], "--rules", str(rules),
    ]  # fmt: skip
    shown = subprocess.run(command, capture_output=True, text=True, check=True, env={"LANG": "ru_RU.UTF-8"}).stdout
    head, line = shown.splitlines()
    assert "событий было 1, было бы 0" in head
    assert line.startswith("- 2026-")
    assert PLATE in line
    told = json.loads(subprocess.run([*command, "--json"], capture_output=True, text=True, check=True).stdout)
    assert told["gone"] == ["told"]
    rules.write_text("[")
    broken = subprocess.run(command, capture_output=True, text=True, check=False)
    assert broken.returncode == 2
    assert "rules.json" in broken.stderr
