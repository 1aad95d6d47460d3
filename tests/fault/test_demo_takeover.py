"""Kill -9 of one of two ingest processes under the running demo, while vehicles pass: one passage, one event.

The demo's own ingest is the one that lives. The other has its settings under another name, as on a second machine, and
is not started again by anybody: its cameras are taken over.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from deploy.demo.record import FOREVER_US
from ingest.bus import Bus
from ingest.contract import FrameReport, decode, detections_subject
from ingest.settings import NatsSettings
from tests.fault.test_chaos import cameras
from tests.fault.test_demo_kill import VICTIMS, _pid_of
from tests.fault.test_ingest_takeover import owners
from tests.support.demo import RunningDemo, report, running_demo

COUNT = 4
CLIPS = ("gate-day", "gate-rain")
"""At dusk a bus at the rim is told wrongly now and then, with no fault near it; `make chaos` counts that."""
WAIT_S_MAX = 120.0
ANALYSED = "zool_ingest_frames_analysed_total"
NEAR, FAR = 0.9, 0.7
"""The lines of the gates lie at 0.83 of the height: whose foot is beyond these has not crossed, or long ago."""


class Site:
    """The demo, the settings of its ingest, and the broker seen with ingest's eyes."""

    def __init__(self, demo: RunningDemo, environ: dict[str, str], bus: Bus) -> None:
        self._demo, self.environ, self.bus = demo, environ, bus

    async def until(self, what: str, happened: Callable[[], Awaitable[Any]]) -> Any:
        """Wait for something true and give it."""
        deadline = time.monotonic() + WAIT_S_MAX
        while not (found := await happened()):
            assert time.monotonic() < deadline, f"{what}:\n" + "\n".join(self._demo.said[-30:])
            assert self._demo.process.poll() is None
            await asyncio.sleep(0.1)
        return found

    async def held(self, owner: str) -> set[str]:
        """The cameras of a process."""
        return {name for name, (holder, _) in (await owners(self.bus)).items() if holder == owner}

    async def looks(self) -> dict[str, float]:
        """Of the demo's own ingest, by camera."""
        text = await asyncio.to_thread(_get, f"http://127.0.0.1:{self.environ['ZOOL_FACE_PORT']}/metrics", "")
        return {
            sample.labels["camera"]: sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == ANALYSED
        }

    async def passages(self) -> dict[str, dict[str, Any]]:
        """Events of vehicles so far, by id."""
        text = await asyncio.to_thread(_get, f"{self._demo.url}/api/v1/events?limit=500", self._demo.token)
        return {one["id"]: one for one in json.loads(text)["items"] if one["kind"].startswith("vehicle_")}

    async def approaching(self, names: set[str]) -> bool:
        """Whether a vehicle that has not reached the line is in the last look of one of the cameras."""
        for name in names:
            raw = await self.bus.last_message("DETECTIONS", detections_subject(name))
            seen = decode(raw, FrameReport).detections if raw else ()
            if any(one.box[3] < FAR or NEAR < one.box[3] < 0.99 for one in seen):
                return True
        return False


def _get(url: str, token: str) -> str:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})  # noqa: S310
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        return str(answer.read().decode())


def _environ(pid: int) -> dict[str, str]:
    pairs = (Path(f"/proc/{pid}/environ").read_bytes().decode()).split("\0")
    return dict(pair.split("=", 1) for pair in pairs if "=" in pair)


@contextlib.asynccontextmanager
async def second(site: Site, folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """One more ingest of another name; killed at the end."""
    own = {"ZOOL_INGEST_NAME": "second", "ZOOL_FACE_PORT": "0", "ZOOL_INGEST_SPOOL_DIR": str(folder / "spool-2")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ingest", env=site.environ | own, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def takeover(site: Site, folder: Path, *, crossed: bool) -> tuple[float, str]:
    """Kill the second ingest just behind a crossing in one of its cameras, or just before one.

    Gives the seconds until all its cameras were looked at by the first again, and the passage that had been told.
    """
    async with second(site, folder) as victim:
        mine = await site.until("the cameras are not shared", lambda: _half(site))
        told = ""
        if crossed:
            known = await site.passages()

            async def fresh() -> str:
                now = await site.passages()
                return next((i for i, one in now.items() if i not in known and one["camera"] in mine), "")

            told = await site.until("nobody crosses", fresh)
        else:
            await site.until("nobody comes", lambda: site.approaching(mine))
        before, begun = await site.looks(), time.monotonic()
        victim.send_signal(signal.SIGKILL)

        async def looked() -> bool:
            now = await site.looks()
            return all(now.get(name, 0.0) > before.get(name, 0.0) for name in mine)

        await site.until("the cameras are not taken over", looked)
        return time.monotonic() - begun, told


async def _half(site: Site) -> set[str]:
    mine = await site.held("second")
    looks = await site.looks()
    return mine if len(mine) == COUNT // 2 and len(looks) == COUNT else set()


async def follow(demo: RunningDemo, folder: Path) -> tuple[list[float], list[str]]:
    """Four takeovers."""
    pid = _pid_of(demo, VICTIMS["ingest"])
    assert pid is not None
    environ = _environ(pid) | {"PATH": os.environ["PATH"]}
    nats = NatsSettings(
        url=environ["ZOOL_NATS_URL"], user=environ["ZOOL_NATS_USER"], password=environ["ZOOL_NATS_PASSWORD"]
    )
    took, told = list[float](), list[str]()
    async with Bus.open(nats, name="test") as bus:
        site = Site(demo, environ, bus)
        await site.until("no first event", site.passages)
        for crossed in (True, False, True, False):
            seconds, event_id = await takeover(site, folder, crossed=crossed)
            took.append(round(seconds, 1))
            told += [event_id] if event_id else []

        async def final() -> bool:
            now = await site.passages()
            return all(now[one]["final"] for one in told)

        await site.until("a passage that was cut is never final", final)
    return took, told


@pytest.mark.chaos
@pytest.mark.timeout(600)
def test_a_passage_cut_by_a_takeover_is_one_event(tmp_path: Path) -> None:
    """In cameras that were taken over none is missing outside of the spans told as blind, and none is there twice."""
    names = cameras(tmp_path / "clips", COUNT, CLIPS)
    asked = ["--for", "500", "--json"]
    with running_demo(tmp_path / "data", cameras=names, arguments=asked, source=tmp_path / "clips") as demo:
        demo.wait_ready()
        took, told = asyncio.run(follow(demo, tmp_path))
        demo.process.send_signal(signal.SIGINT)
        found = report(demo)
    crossings, shown = found["crossings"], json.dumps(found, ensure_ascii=False)
    causes = [span["cause"] for span in found["blind"]]
    print(f"looked at again after {took} s; {crossings}; {found['blind']}")
    taken = {span["camera"] for span in found["blind"] if span["cause"] == "takeover"}
    odd = [one for one in (*crossings["missed"], *crossings["extra"]) if one["camera"] in taken]
    assert odd == [], shown
    assert causes.count("takeover") >= len(took), shown
    assert all(span["to_us"] < FOREVER_US for span in found["blind"]), shown
    assert len(set(told)) == len(told), shown
