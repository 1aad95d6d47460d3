"""Two real ingest processes share the cameras of a real broker; one is killed, and the other goes on for it.

One that is told to stop ends only once the other holds its cameras.

There is no Triton: what is shared is who connects and decodes, and states and leases tell of it.
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec

from deploy.simulate.server import CameraServer, Source
from ingest.bus import Bus
from ingest.contract import Camera, CameraNotice, CameraState, decode, events_subject, state_subject
from ingest.sharing import LeaseValue
from tests.support.ingest import at_least, put_camera, read_until
from tests.support.nats import NatsServer, running_nats
from tests.support.simulate import make_clip

COPIES = 4
CAMERAS = tuple(f"gate-{n}" for n in range(1, COPIES + 1))


@contextlib.asynccontextmanager
async def ingest(nats: NatsServer, name: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """`python -m ingest` under a name; killed at the end."""
    environ = os.environ | {
        "ZOOL_NATS_URL": nats.settings.url, "ZOOL_INGEST_NAME": name, "ZOOL_TRITON_URL": "127.0.0.1:1",
        "ZOOL_INGEST_LOST_AFTER_S": "0", "ZOOL_CONFIG": "",
    }  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ingest", env=environ, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def owners(bus: Bus) -> dict[str, tuple[str, int]]:
    """Who holds each camera, and its epoch."""
    entries = await bus.bucket("leases").all()
    return {
        name: (msgspec.json.decode(entry.value or b"", type=LeaseValue).owner, entry.revision)
        for name, entry in entries.items()
        if name in CAMERAS
    }


async def until(bus: Bus, good: Callable[[dict[str, tuple[str, int]]], bool]) -> dict[str, tuple[str, int]]:
    """Wait for leases like that."""
    async with asyncio.timeout(90):
        while not good(found := await owners(bus)):  # noqa: ASYNC110 - a bucket is asked
            await asyncio.sleep(0.2)
    return found


def share(found: dict[str, tuple[str, int]]) -> dict[str, int]:
    """How many cameras each has."""
    names = [owner for owner, _ in found.values()]
    return {name: names.count(name) for name in set(names)}


async def test_one_of_two_is_killed(tmp_path: Path) -> None:
    """Half each; then all with the one that lives, in newer epochs, the span told as a takeover; then half again."""
    clip = make_clip(tmp_path / "gate.mp4", pictures=50, gop=25)
    async with (
        running_nats(tmp_path / "nats") as nats,
        CameraServer([Source(path=clip, copies=COPIES)]) as cameras,
        Bus.open(nats.settings, name="test") as bus,
        ingest(nats, "a") as first,
    ):
        await bus.ensure_streams("DETECTIONS", "SHOTS", "EVENTS")
        await bus.ensure_buckets("cameras", "plans", "leases")
        live: dict[str, CameraState] = {}

        async def hear(_subject: str, payload: bytes) -> None:
            state = decode(payload, CameraState)
            if state.phase in {"live", "degraded"}:
                live[state.camera] = state

        await bus.listen(state_subject("*"), hear)
        for name in CAMERAS:
            await put_camera(bus, Camera(id=name, name=name, url=cameras.url(name)))
        await until(bus, lambda found: share(found) == {"a": COPIES})
        async with ingest(nats, "b"):
            before = await until(bus, lambda found: share(found) == {"a": COPIES // 2, "b": COPIES // 2})
            first.send_signal(signal.SIGKILL)
            after = await until(bus, lambda found: share(found) == {"b": COPIES})
            async with asyncio.timeout(60):
                while any(name not in live or live[name].epoch < after[name][1] for name in CAMERAS):  # noqa: ASYNC110
                    await asyncio.sleep(0.2)
            for name, (owner, epoch) in before.items():
                assert (after[name][1] > epoch) == (owner == "a"), name
            taken = next(name for name, (owner, _) in before.items() if owner == "a")
            blind = await read_until(
                bus, "EVENTS", events_subject(taken, "camera_blind"), CameraNotice, at_least(1), deadline_s=60
            )
            assert {notice.cause for notice in blind} <= {"takeover", "inference"}
            async with ingest(nats, "a") as again:
                await until(bus, lambda found: share(found) == {"a": COPIES // 2, "b": COPIES // 2})
                again.send_signal(signal.SIGTERM)
                await again.wait()
                assert share(await owners(bus)) == {"b": COPIES}
