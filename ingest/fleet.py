"""All cameras of this process: begun, changed and ended as the buckets `cameras` and `plans` say. Edge: asyncio.

Rules
- A change of name, rate or plan is taken over in place; a change of address, transport or of being enabled begins anew.
- Garbage in a bucket is logged and ignored: it concerns one camera.
- Several processes share the cameras (`sharing.py`): this one watches those that are its own. What somebody else
  took, and everything once nothing could be said for too long while others were there, ends at once.
- What is more than this one's share, and all of it when it is told to stop, is offered, and watched on until another
  process holds it; where nobody takes it for too long it is let go.
- A unit that dies of a fault of ours is begun anew after a pause; its neighbours do not notice.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Collection
from typing import TypeVar

import msgspec

from ingest.bus import Entry
from ingest.contract import Camera, IngestPlan, SnapshotReply, SnapshotRequest, encode
from ingest.leases import LeaseTaken, drop_lease, free_lease
from ingest.metrics import CAMERAS_HELD, RATE_FACTOR
from ingest.sealed import Ring, SealError
from ingest.shared import Shared
from ingest.sharing import moves
from ingest.unit import Unit

log = logging.getLogger(__name__)

T = TypeVar("T")

AGAIN_S = 1.0
SHED_S = 1.0
BALANCE_S = 1.0
END_S_MAX = 2.0
OFFER_S_MAX = 15.0
"""What nobody took by then (of a version that knows no offers) is given back unwatched."""
HAND_OVER_POLL_S = 0.05


class Fleet:
    """The units of a process; event loop only."""

    def __init__(self, shared: Shared, ring: Ring | None = None) -> None:
        self._shared, self._ring = shared, ring or Ring()
        self._cameras: dict[str, Camera] = {}
        self._plans: dict[str, IngestPlan] = {}
        self._units: dict[str, Unit] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._wanted = frozenset[str]()
        self._orphans = 0
        self._leaving = False
        self._offered_s: dict[str, float] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Follow the buckets until told to stop."""
        parts = (
            self._follow_cameras, self._follow_plans, self._shed, self._balance_on,
            self._shared.members.run, self._shared.post.run,
        )  # fmt: skip
        follow = [asyncio.create_task(part()) for part in parts]
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({*follow, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if stopping.done():
            await self._hand_over()
        for task in (*follow, stopping):
            task.cancel()
        results = await asyncio.gather(*follow, return_exceptions=True)
        await asyncio.gather(*(self._end(name, removed=False) for name in list(self._units)))
        await self._shared.members.leave()
        for result in results:
            if isinstance(result, Exception):
                raise result

    async def _hand_over(self) -> None:
        """Watch on until others watch what is ours; returns at once where there is nobody."""
        self._leaving = True
        self._shared.members.changed.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._shared.settings.drain_s_max):
                while self._units and self._shared.members.heirs():  # noqa: ASYNC110 - others take them, or die
                    await asyncio.sleep(HAND_OVER_POLL_S)

    def refresh(self) -> None:
        """Tell every camera that the detector or the rate has changed."""
        for unit in self._units.values():
            unit.refresh()

    def _want(self) -> None:
        """Tell the detector which further ones are named by plans of cameras that are watched."""
        wanted = frozenset[str]().union(*(unit.detectors for unit in self._units.values()))
        if wanted != self._wanted:
            self._wanted = wanted
            self._shared.detector.want(wanted)

    async def snapshot(self, subject: str, payload: bytes) -> bytes | None:
        """Answer `zool.rpc.snapshot.<camera>`; None where another process watches the camera: it answers."""
        name = subject.rsplit(".", 1)[-1]
        unit = self._units.get(name)
        try:
            request = msgspec.msgpack.decode(payload, type=SnapshotRequest) if payload else SnapshotRequest()
        except msgspec.DecodeError as error:
            return encode(SnapshotReply(detail=f"the request can't be read: {error}"))
        if unit is None:
            known, members = self._cameras.get(name), self._shared.members
            if known is not None and members.owners().get(name) in members.living().keys() - {members.name}:
                return None
            return encode(SnapshotReply(detail="the camera is switched off" if known else f"no camera {name}"))
        return encode(await unit.snapshot(request.width_max))

    async def _shed(self) -> None:
        """Once a second: how much of what was asked for the machine can do."""
        shedder = self._shared.shedder
        while True:
            await asyncio.sleep(SHED_S)
            if shedder.tick():
                self.refresh()
            RATE_FACTOR.set(shedder.factor)

    async def _follow_cameras(self) -> None:
        # After an outage all keys come again, deletions meanwhile too: nothing is inferred from absence.
        async for entry in self._shared.bus.bucket("cameras").watch():
            if entry is None:
                continue
            camera = self._opened(_read(entry, Camera))
            if camera is not None and camera.id != entry.key:
                log.warning("camera %s: names itself %s", entry.key, camera.id)
            elif camera is not None or entry.value is None:
                await self._change(entry.key, camera)
                self._want()

    def _opened(self, camera: Camera | None) -> Camera | None:
        """A camera with its whole addresses; where they can't be had, with the masked ones, which it refuses."""
        try:
            return None if camera is None else self._ring.opened(camera)
        except SealError as error:
            log.error("%s", error)  # noqa: TRY400 - it says all there is
            return camera

    async def _follow_plans(self) -> None:
        async for entry in self._shared.bus.bucket("plans").watch():
            if entry is None:
                continue
            plan = _read(entry, IngestPlan)
            if plan is None and entry.value is not None:
                continue  # garbage: what held before goes on
            self._plans.pop(entry.key, None)
            if plan is not None:
                self._plans[entry.key] = plan
            unit = self._units.get(entry.key)
            if unit is not None:
                unit.update(unit.camera, plan)
                self._want()

    async def _change(self, name: str, camera: Camera | None) -> None:
        before = self._cameras.pop(name, None)
        if camera is not None:
            self._cameras[name] = camera
        wanted = camera is not None and camera.enabled
        unit = self._units.get(name)
        if unit is not None:
            if before is not None and wanted and camera is not None and _same_stream(before, camera):
                unit.update(camera, self._plans.get(name))
                return
            await self._end(name, removed=not wanted)
            if wanted and camera is not None:  # at once, and still ours
                self._begin(camera)
        self._shared.members.changed.set()

    def _begin(self, camera: Camera, *, offered: bool = False) -> None:
        self._units[camera.id] = unit = Unit(camera, self._plans.get(camera.id), self._shared, offered=offered)
        self._tasks[camera.id] = asyncio.create_task(self._keep(unit), name=f"unit-{camera.id}")
        self._want()

    async def _balance_on(self) -> None:
        """Whenever something has changed, and once a second: end what is not ours, give and take."""
        members = self._shared.members
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(BALANCE_S):
                    await members.changed.wait()
            members.changed.clear()
            unheard_us = members.unheard_us if members.silenced else None
            for name in self._not_ours():
                log.warning("camera %s is somebody else's now", name)
                await self._end(name, removed=False, unheard_us=unheard_us)
            if members.ready:
                await self._balance()
            CAMERAS_HELD.set(len(self._units))

    def _not_ours(self) -> list[str]:
        members = self._shared.members
        if members.silenced:
            return list(self._units)
        return [
            name
            for name, unit in self._units.items()
            if (found := members.leases.get(name)) is not None
            and 0 < unit.epoch < found[1]
            and found[0] != members.name
        ]

    async def _balance(self) -> None:
        members, wanted = self._shared.members, {name for name, camera in self._cameras.items() if camera.enabled}
        held_max = self._shared.settings.cameras_max
        living = members.living() | ({members.name: 0.0} if self._leaving else {})
        offered = members.offered()
        found = moves(
            wanted, members.owners(), living, me=members.name, held=self._units, held_max=held_max, offered=offered
        )
        for name in found.take:
            self._begin(self._cameras[name], offered=name in offered)
        members.offer(found.give, leaving=self._leaving)
        await self._let_go(found.give)
        orphans = len(wanted) - len(self._units)
        if len(self._units) >= held_max and len(members.living()) == 1 and orphans and orphans != self._orphans:
            log.error("%d cameras are not watched: cameras_max = %d", orphans, held_max)
        self._orphans = orphans

    async def _let_go(self, given: Collection[str]) -> None:
        """Give back, unwatched, what was offered for too long; while this process ends, `_hand_over` has that bound."""
        now_s = time.monotonic()
        self._offered_s = {name: self._offered_s.get(name, now_s) for name in given}
        for name, since_s in self._offered_s.items():
            unit = self._units.get(name)
            if unit is not None and not self._leaving and now_s - since_s >= OFFER_S_MAX:
                await self._end(name, removed=False)
                await free_lease(self._shared.bus, name, unit.epoch, unit.looked_us)

    async def _keep(self, unit: Unit) -> None:
        """Supervise a unit: the one place where any fault of ours is caught, logged and answered by a new beginning."""
        while True:
            try:
                await unit.run()
            except LeaseTaken:
                log.info("camera %s was taken by another process", unit.camera.id)
                if self._units.get(unit.camera.id) is unit:
                    del self._units[unit.camera.id], self._tasks[unit.camera.id]
                return
            except Exception:
                log.exception("camera %s: begun anew after a fault", unit.camera.id)
            await asyncio.sleep(AGAIN_S)

    async def _end(self, name: str, *, removed: bool, unheard_us: int | None = None) -> None:
        unit, task = self._units.pop(name, None), self._tasks.pop(name, None)
        if unit is None or task is None:  # somebody ended it while we waited
            return
        task.cancel()
        await asyncio.wait({task})
        await unit.end(removed=removed, unheard_us=unheard_us)
        if removed:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(END_S_MAX):
                    await drop_lease(self._shared.bus, name)


def _read(entry: Entry, kind: type[T]) -> T | None:
    """The value of a key; None where it was deleted or is garbage."""
    if entry.value is None:
        return None
    try:
        return msgspec.json.decode(entry.value, type=kind)
    except msgspec.DecodeError as error:
        log.warning("%s: not a %s: %s", entry.key, kind.__name__, error)
        return None


def _same_stream(a: Camera, b: Camera) -> bool:
    streams = [(each.url, each.analysis_url, each.transport, each.enabled) for each in (a, b)]
    return streams[0] == streams[1]
