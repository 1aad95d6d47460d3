"""A running site with two weeks behind it, for the console's pages.

`python -m tests.support.console_site` runs it to look at.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ingest.contract import (
    CameraState,
    DeadLetter,
    Detection,
    FrameReport,
    FrameStamp,
    detections_subject,
    encode,
    reads_subject,
)
from postprocess.clickhouse import ClickHouse
from postprocess.ddl import Keep
from postprocess.rollup import RollUp
from tests.support.api import TOKEN, Site, running_site
from tests.support.console_past import CAMERAS, DETECTOR, IN_LANE, OUT_LANE, PEOPLE, WORKERS, Past, picture
from tests.support.voice import Ingest


def settings(site: Site, past: Past) -> None:
    """Cameras, functions, lots, people and shifts, by REST as people would."""
    line = {"id": "gate", "a": [0.03, 0.83], "b": [0.97, 0.83], "entry": "forward"}
    zone = {"id": "press", "points": [[0.1, 0.45], [0.5, 0.45], [0.5, 0.95], [0.05, 0.95]]}
    with site.client() as client:
        lot = {"name": "Двор", "capacity": 40}
        assert client.put("/api/v1/parking/lots/yard", json=lot).status_code == 201
        for camera, name, region in CAMERAS:
            body = {"id": camera, "name": name, "url": f"rtsp://10.0.0.7/{camera}", "region": region}
            assert client.post("/api/v1/cameras", json=body).status_code == 201
            if camera.startswith("gate"):
                put = client.put(f"/api/v1/cameras/{camera}/functions/vehicles", json={"settings": {"lines": [line]}})
                assert put.status_code == 201, put.text
        ppe = {"settings": {"zones": [zone], "required": ["helmet", "vest"]}}
        put = client.put("/api/v1/cameras/workshop/functions/ppe", json=ppe)
        assert put.status_code in {201, 422}, put.text
        for person, name, department in PEOPLE:
            assert (
                client.post("/api/v1/people", json={"id": person, "name": name, "department": department}).status_code
                == 201
            )
        today = datetime.fromtimestamp(past.now_us / 1e6, UTC).date()
        days = [today - timedelta(days=n) for n in range(past.days)]
        rows = [f"{person},{day},08:00,17:00,60" for day in days if day.weekday() < 5 for person, _, _ in PEOPLE]
        table = "\n".join(["person,date,since,until,break_min", *rows])
        answer = client.post("/api/v1/attendance/shifts", content=table.encode(), headers={"Content-Type": "text/csv"})
        assert answer.status_code == 200, answer.text


async def _count(site: Site) -> None:
    keep = Keep(events_days=3650, events_unmatched_days=3650, photos_days=3650, looks_days=3650)
    await RollUp(ClickHouse(site.store.settings), keep).refresh()


def frames() -> list[list[FrameReport]]:
    """What the wall shows moving: a car at each gate, and people in the workshop."""
    found = []
    for camera, label, boxes in (
        ("gate-day", "car", [IN_LANE, OUT_LANE]),
        ("gate-rain", "truck", [OUT_LANE]),
        ("workshop", "person", [box for box, _ in WORKERS]),
    ):
        shown = []
        for step in range(12):
            shift = 0.004 * step
            detections = tuple(
                Detection(
                    box=(x1 + shift, y1, x2 + shift, y2), label=label, confidence=0.9, track=f"{camera[:1]}-{number}"
                )
                for number, (x1, y1, x2, y2) in enumerate(boxes)
            )
            stamp = FrameStamp(camera=camera, epoch=7, seq=step, captured_at_us=step)
            shown.append(FrameReport(stamp=stamp, detections=detections, model=DETECTOR, width=1280, height=720))
        found.append(shown)
    return found


@contextlib.contextmanager
def console_site(folder: Path, environ: dict[str, str] | None = None) -> Iterator[tuple[Site, Ingest, Past]]:
    """A running site with its past, and ingest's voice."""
    past = Past(time.time_ns() // 1000)
    past.all()
    live = [
        CameraState(camera=name, phase="live", codec="h264", width=1280, height=720, fps=25.0)
        for name, _, _ in CAMERAS[:3]
    ]
    lost = CameraState(
        camera="office-door", phase="lost", cause="auth", detail="401 from the camera", since_us=past.now_us
    )
    films = {name: [picture(name, second) for second in (8.0, 8.5, 9.0)] for name, _, _ in CAMERAS}
    with running_site(folder, environ) as site:
        settings(site, past)
        site.keep(*past.events, shots=tuple(past.shots), looks=past.looks, reads=past.reads)
        asyncio.run(_count(site))
        with Ingest(site, (*live, lost), pictures=films, reports=frames()) as voice:
            voice.read_slowly("EVENTS", "store")
            for number in range(3):
                subject = (reads_subject("gate-day"), detections_subject("workshop"), "elsewhere")[number]
                letter = DeadLetter(
                    subject=subject,
                    seq=number + 1,
                    reason=("bad plate text", "box beyond the frame", "not msgpack")[number],
                    payload=encode(past.reads[0]),
                    message_id=f"dead-{number}",
                )
                voice.bury(("decide", "store", "decide")[number], encode(letter), f"letter-{number}")
            yield site, voice, past


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home, console_site(Path(home)) as (running, _, _):
        sys.stdout.write(f"{running.api.url}/#token={TOKEN}\n")
        sys.stdout.flush()
        signal.sigwait({signal.SIGINT, signal.SIGTERM})
