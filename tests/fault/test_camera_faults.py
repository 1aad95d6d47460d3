"""Every fault at once, each in a camera of its own beside two that are well: named, over, and nobody else's.

Real broker, real RTSP, real decoding; the detector is a stand-in. `zool bench faults` is the long form.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest

from deploy.simulate.faults import read
from deploy.simulate.server import CameraServer, ServerSettings, Source
from ingest.bus import Bus
from ingest.config import IngestSettings, PictureSettings
from ingest.contract import Camera, CameraNotice, CameraState, decode, events_subject, state_subject
from tests.support.ingest import StandInDetector, at_least, put_camera, read_until, running_fleet
from tests.support.nats import running_nats
from tests.support.simulate import make_scene

SETTINGS = IngestSettings(analysis_fps=5.0, stall_s=2.0, lost_after_s=0.5)
PICTURE = PictureSettings(after_s=2.0, until_s=2.0, frozen_s=5.0)
WARM_S = 22
"""So many states, one a second, until what is usual is known."""
NAMED = {
    "refuse": "refused", "auth": "auth", "disconnect=1": "broken", "stall": "timeout", "drip=200": "timeout",
    "loss=20": "network_loss", "corrupt=20": "camera_fault", "bitrate=15": "bitrate", "clock": "clock",
    "slow": "low_fps",
    "black": "black", "over": "over_exposed", "blur": "blurred", "cover": "covered", "move": "moved", "noise": "noise",
    "freeze": "frozen",
}  # fmt: skip
NO_FAULT = ("resolution", "parameters")
"""What a camera may do: it is looked at as before."""
WELL = ("well-1", "well-2")


class Watcher:
    """What the cameras say of themselves."""

    def __init__(self, patience_s: float = 90.0) -> None:
        self._patience_s = patience_s
        self.states: dict[str, CameraState] = {}
        self.seen: dict[str, set[str]] = {}
        self.heard: dict[str, int] = {}
        self._more = asyncio.Event()

    async def hear(self, _subject: str, payload: bytes) -> None:
        """Take one state."""
        state = decode(payload, CameraState)
        self.states[state.camera] = state
        self.heard[state.camera] = self.heard.get(state.camera, 0) + 1
        self.seen.setdefault(state.camera, set()).update({state.cause, *state.faults})
        self._more.set()

    async def until(self, reached: Callable[[], bool], what: Callable[[], object]) -> None:
        """Wait for it; at the end of patience, `what` says how far things are."""
        try:
            async with asyncio.timeout(self._patience_s):
                while not reached():
                    self._more.clear()
                    await self._more.wait()
        except TimeoutError:
            pytest.fail(f"not reached: {what()}")


def kind(fault: str) -> str:
    """Of a fault with its value."""
    return fault.partition("=")[0]


@contextlib.asynccontextmanager
async def site(folder: Path) -> AsyncIterator[tuple[CameraServer, Bus, Watcher, dict[str, Camera]]]:
    """A camera for each fault and two without, all watched."""
    clip = make_scene(folder / "scene.mp4")
    faults = tuple(read(f"{kind(fault)}:{fault}@never") for fault in (*NAMED, *NO_FAULT))
    sources = [Source(path=clip, name=name) for name in (*map(kind, NAMED), *NO_FAULT, *WELL)]
    async with (
        running_nats(folder / "nats") as nats,
        CameraServer(sources, settings=ServerSettings(faults=faults)) as server,
        Bus.open(nats.settings, name="test") as bus,
        running_fleet(nats, StandInDetector(), SETTINGS, picture=PICTURE),
    ):
        watcher = Watcher()
        await bus.listen(state_subject("*"), watcher.hear)
        cameras = {
            name: Camera(id=name, name=name, url=server.url(name), transport="udp" if name == "loss" else "tcp")
            for name in server.names
        }
        for camera in cameras.values():
            await put_camera(bus, camera)
        yield server, bus, watcher, cameras


async def test_every_fault_is_named_and_ends(tmp_path: Path) -> None:
    """Each by its name, by its own camera alone; live again afterwards, after a refused login at new settings."""
    async with site(tmp_path) as (server, bus, watcher, cameras):

        def all_live() -> bool:
            return all(name in watcher.states and watcher.states[name].phase == "live" for name in cameras)

        def warm() -> bool:
            return all_live() and all(watcher.heard[name] >= WARM_S for name in cameras)

        def not_live() -> object:
            return {s.camera: (s.phase, s.cause, s.faults) for s in watcher.states.values() if s.phase != "live"}

        await watcher.until(warm, not_live)
        before = {name: watcher.states[name] for name in (*WELL, *NO_FAULT)}
        watcher.seen.clear()
        for fault in (*NAMED, *NO_FAULT):
            server.switch(kind(fault), read(fault).kind, on=True)

        def unnamed() -> dict[str, set[str]]:
            return {
                f: watcher.seen.get(kind(f), set()) for f, n in NAMED.items() if n not in watcher.seen.get(kind(f), ())
            }

        def small() -> bool:
            return watcher.states["resolution"].width < before["resolution"].width

        await watcher.until(lambda: not unnamed() and small(), unnamed)
        named = {fault: set(watcher.seen[kind(fault)]) for fault in NAMED}
        for fault in (*NAMED, *NO_FAULT):
            server.switch(kind(fault), read(fault).kind, on=False)
        mended = msgspec.structs.replace(cameras["auth"], url=server.url("auth").replace("://", "://user:new@"))
        await put_camera(bus, mended)
        await watcher.until(all_live, not_live)
        for name in (*WELL, *NO_FAULT):
            assert watcher.seen[name] == {"none"}, name
            state = watcher.states[name]
            assert state.epoch == before[name].epoch
            assert state.frames_decoded > before[name].frames_decoded
        for fault, name in NAMED.items():
            assert named[fault] <= {"none", name, *ALSO.get(kind(fault), ())}, fault
        await closed(bus)


ALSO = {
    "drip": ("low_fps", "network_loss", "camera_fault", "broken"), "stall": ("low_fps",), "slow": ("frozen",),
    "disconnect": ("low_fps", "network_loss", "camera_fault", "timeout"), "corrupt": ("network_loss", "low_fps"),
    "loss": ("low_fps",), "refuse": ("broken",), "auth": ("broken",),
}  # fmt: skip
"""What may be said beside the name: what a fault brings about, on its way in."""


async def closed(bus: Bus) -> None:
    """The events of pictures have an end, and a picture that shows what was wrong."""
    for fault, name in NAMED.items():
        if name in {"refused", "auth", "broken", "timeout"}:
            continue
        notices = await read_until(
            bus, "EVENTS", events_subject(kind(fault), "camera_degraded"), CameraNotice, at_least(2)
        )
        mine = [notice for notice in notices if notice.cause == name]
        assert [(n.version, n.final) for n in mine[:2]] == [(1, False), (2, True)], fault
        assert mine[0].event_id == mine[1].event_id
        assert mine[0].photos[0].thumbnail[:2] == b"\xff\xd8"
        assert len(mine[0].photos[0].thumbnail) <= 30 * 1024
