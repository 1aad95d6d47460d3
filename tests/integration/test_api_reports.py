"""Reports, the state of the whole and live boxes over the real broker and the real store."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator

import httpx
import msgspec
import openpyxl
import pytest

from api.contract_work import SystemOut
from ingest.contract import CameraState
from postprocess.contract import Feedback
from tests.support.api import Site, running_site, vehicle_event
from tests.support.console_site import frames
from tests.support.voice import Ingest

DAY = {"from": "2026-05-28", "to": "2026-05-29"}
BASE_US = 1_780_000_000_000_000


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A camera, an alarm that was false, a violation and its stays."""
    with running_site(tmp_path_factory.mktemp("api-reports")) as running:
        with running.client() as client:
            camera = {"id": "gate-day", "name": "Ворота", "url": "rtsp://10.0.0.8/1"}
            assert client.post("/api/v1/cameras", json=camera).status_code == 201
        alarm = vehicle_event(1, camera="gate-day", severity="alarm", photos=())
        wrong = Feedback(
            event_id=alarm.event_id,
            camera="gate-day",
            user="ann",
            verdict="false_alarm",
            at_us=BASE_US + 9_000_000,
            reason="animal",
        )
        ppe = {"function": "ppe", "rule": "press", "plate": "", "direction": "", "photos": ()}
        violation = vehicle_event(
            2, camera="gate-day", kind="ppe_violation", severity="alarm", missing=("helmet",), value=30.0, **ppe
        )
        visit = vehicle_event(3, camera="gate-day", kind="ppe_visit", cause="worn", **ppe)
        running.keep(alarm, wrong.event(), violation, visit)
        yield running


@pytest.fixture
def client(site: Site) -> Iterator[httpx.Client]:
    """A client with the token."""
    with site.client() as found:
        yield found


@pytest.mark.parametrize("name", ["traffic", "attendance", "parking", "safety", "precision", "quality"])
def test_every_report_has_figures_plots_and_tables(site: Site, name: str) -> None:
    """In both languages, as a page and as files."""
    with site.client(language="ru") as client:
        found = client.get(f"/api/v1/reports/{name}", params=DAY)
        assert found.status_code == 200, found.text
        shown = found.json()
        assert shown["figures"]
        assert shown["tables"]
        assert all(plot["svg"].startswith("<svg") for plot in shown["plots"])
        told = client.get(f"/api/v1/reports/{name}", params=DAY | {"format": "csv"})
        assert told.content.decode("utf-8-sig").startswith(shown["tables"][0]["title"])
        book = client.get(f"/api/v1/reports/{name}", params=DAY | {"format": "xlsx"})
        head = next(openpyxl.load_workbook(io.BytesIO(book.content)).active.iter_rows(values_only=True))
        assert list(head) == shown["tables"][0]["head"]


def test_people_s_words_are_in_the_reports(client: httpx.Client) -> None:
    """The false alarm counts against its rule, and the stay for its place."""
    precise = client.get("/api/v1/reports/precision", params=DAY).json()
    assert ["Ворота", "Vehicles and plates", "gate", 1, 1, 0, "0 %", "0 % – 79 %", "bird or animal"] in precise[
        "tables"
    ][0]["rows"]
    safe = client.get("/api/v1/reports/safety", params=DAY | {"shifts": "06:00"}).json()
    assert safe["tables"][0]["rows"] == [["Ворота", "press", 1, "100 %", 0, 1, "0 min"]]
    assert client.get("/api/v1/reports/precision", params=DAY | {"camera": "other"}).json()["tables"][0]["rows"] == []


@pytest.mark.parametrize(
    ("name", "asked", "status"),
    [
        ("gossip", DAY, 404),
        ("traffic", DAY | {"to": "2027-05-28"}, 422),
        ("safety", DAY | {"shifts": "late"}, 422),
        ("traffic", DAY | {"format": "pdf"}, 422),
        ("traffic", DAY | {"color": "red"}, 422),
    ],
)
def test_reports_that_can_t_be_had(client: httpx.Client, name: str, asked: dict[str, str], status: int) -> None:
    """Each is refused in words."""
    answer = client.get(f"/api/v1/reports/{name}", params=asked)
    assert answer.status_code == status
    assert answer.json()["detail"]


def test_the_system_names_what_waits(site: Site, client: httpx.Client) -> None:
    """Streams with their readers, tables with their rows, and the disk."""
    with Ingest(site, ()) as voice:
        for number in range(3):
            voice.publish(vehicle_event(700 + number, camera="gate-day"))
        voice.read_slowly("EVENTS", "store")
        found = msgspec.convert(client.get("/api/v1/system").json(), SystemOut)
    events = next(queue for queue in found.queues if queue.name == "EVENTS")
    assert events.messages >= 3
    assert [(reader.name, reader.waiting >= 2, reader.in_hand) for reader in events.readers] == [("store", True, 1)]
    assert next(table.rows for table in found.tables if table.table == "events") >= 4
    assert found.disks[0].total_bytes > found.disks[0].free_bytes > 0
    assert found.components["nats"].ok


def test_boxes_come_while_somebody_watches(site: Site, client: httpx.Client) -> None:
    """The newest frame of the cameras that were asked for; the stream ends with its client."""
    live = CameraState(camera="gate-day", phase="live")
    with (
        Ingest(site, (live,), reports=frames()),
        client.stream("GET", "/api/v1/live/boxes", params={"cameras": "gate-day"}, timeout=30) as stream,
    ):
        data = (line.removeprefix("data: ") for line in stream.iter_lines() if line.startswith("data: "))
        first, second = (msgspec.json.decode(next(data)) for _ in range(2))
    assert {first["camera"], second["camera"]} == {"gate-day"}
    assert [box["label"] for box in first["boxes"]] == ["car", "car"]
    for cameras, status in (("nowhere", 404), ("", 422), (",".join(f"c{n}" for n in range(65)), 422)):
        assert client.get("/api/v1/live/boxes", params={"cameras": cameras}).status_code == status
    deadline = time.monotonic() + 60
    while "zool_api_wall_clients 0.0" not in client.get("/metrics").text:
        assert time.monotonic() < deadline
