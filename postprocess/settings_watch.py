"""Cameras and their functions as they stand now; writes the plans that follow from them. Edge (broker).

Rules
- A function or camera that can't be read counts as absent and is logged: the others go on.
- A plan is written when it differs from what stands in the bucket, and deleted with its camera.
"""

from __future__ import annotations

import asyncio
import logging

import msgspec

from ingest.bus import Bus, BusUnavailable, Entry
from ingest.contract import Camera, IngestPlan
from postprocess.config import DecideSettings
from postprocess.contract import CameraFunction
from postprocess.plan import Defaults, compile_plan, vehicles_policy
from postprocess.rules.state import VehiclesPolicy

log = logging.getLogger(__name__)

RETRY_S = 0.5


class SettingsWatch:
    """Follows the buckets `cameras` and `functions`; event loop only."""

    def __init__(self, bus: Bus, settings: DecideSettings, defaults: Defaults) -> None:
        self._bus, self._settings, self._defaults = bus, settings, defaults
        self._cameras: dict[str, Camera] = {}
        self._functions: dict[str, CameraFunction] = {}
        self._plans: dict[str, IngestPlan] = {}
        self._changed = asyncio.Event()
        self._loaded = {"cameras": asyncio.Event(), "functions": asyncio.Event()}
        self.policies: dict[str, VehiclesPolicy] = {}
        """Camera → policy, for cameras with the function `vehicles` switched on."""

    async def ready(self) -> None:
        """Wait until both buckets have been read once."""
        for loaded in self._loaded.values():
            await loaded.wait()

    async def run(self) -> None:
        """Follow and write for ever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow("cameras"))
            group.create_task(self._follow("functions"))
            group.create_task(self._write())

    async def _follow(self, name: str) -> None:
        async for entry in self._bus.bucket(name).watch():
            if entry is None:
                self._loaded[name].set()
            elif name == "cameras":
                self._take_camera(entry)
            else:
                self._take_function(entry)
            self._changed.set()

    def _take_camera(self, entry: Entry) -> None:
        self._cameras.pop(entry.key, None)
        if entry.value is None:
            return
        try:
            camera = msgspec.json.decode(entry.value, type=Camera)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            log.warning("bucket cameras, key %s: %s", entry.key, error)
            return
        if camera.id == entry.key:
            self._cameras[entry.key] = camera

    def _take_function(self, entry: Entry) -> None:
        gone = self._functions.pop(entry.key, None)
        found = self._function(entry)
        if found is not None:
            self._functions[entry.key] = found
        for camera in {f.camera for f in (gone, found) if f is not None}:
            self._set_policy(camera)

    def _function(self, entry: Entry) -> CameraFunction | None:
        if entry.value is None:
            return None
        try:
            function = msgspec.json.decode(entry.value, type=CameraFunction)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            log.warning("bucket functions, key %s: %s", entry.key, error)
            return None
        return msgspec.structs.replace(function, revision=entry.revision)

    def _set_policy(self, camera: str) -> None:
        function = self._functions.get(f"{camera}.vehicles")
        if function is None or not function.enabled:
            self.policies.pop(camera, None)
        else:
            self.policies[camera] = vehicles_policy(function, self._settings)

    async def _write(self) -> None:
        await self.ready()
        while True:
            self._changed.clear()
            try:
                await self._write_plans()
            except BusUnavailable as error:
                log.warning("plans: %s", error)
                await asyncio.sleep(RETRY_S)
                continue
            await self._changed.wait()

    async def _write_plans(self) -> None:
        bucket = self._bus.bucket("plans")
        standing = await bucket.all() if not self._plans else {}
        for key, entry in standing.items():
            if key not in self._cameras:
                await bucket.delete(key)
            elif entry.value is not None:
                self._plans[key] = _plan(entry.value, key)
        for key in [key for key in self._plans if key not in self._cameras]:
            await bucket.delete(key)
            del self._plans[key]
        for key, camera in list(self._cameras.items()):
            own = tuple(f for f in self._functions.values() if f.camera == key)
            plan = compile_plan(camera, own, self._defaults)
            if self._plans.get(key) != plan:
                await bucket.put(key, msgspec.json.encode(plan))
                self._plans[key] = plan


def _plan(value: bytes, camera: str) -> IngestPlan:
    try:
        return msgspec.json.decode(value, type=IngestPlan)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return IngestPlan(camera=camera, revision=-1)
