"""The settings as they stand now; writes the plans that follow from them. Edge (broker).

Rules
- What can't be read counts as absent and is logged: the others go on.
- A function's settings are its own over those of its camera's regions, the nearest first.
- Lists of vehicles are one mapping that all policies share; a change of an entry touches that entry alone, so that
  10,000 of them can be imported while cameras run.
- A plan is written when it differs from what stands in the bucket, and deleted with its camera.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import msgspec

from ingest.bus import Bus, BusUnavailable, Entry
from ingest.contract import Camera, IngestPlan
from postprocess.contract import PARKING, CameraFunction, Employee, Parking, Region, VehicleEntry
from postprocess.functions.registry import Registry, inherited, read_settings, regions_above
from postprocess.functions.unit import AnyFunction, Context, Needs, Site
from postprocess.plan import compile_plan
from postprocess.plates import canonical
from postprocess.rules.lots import Policy, policy_of

log = logging.getLogger(__name__)

RETRY_S = 0.5
KINDS: dict[str, Any] = {
    "cameras": Camera, "functions": CameraFunction, "regions": Region, "vehicles": VehicleEntry, "people": Employee,
}  # fmt: skip
"""Bucket → what its values are."""


class Active(msgspec.Struct, frozen=True, kw_only=True):
    """A function that is switched on for a camera."""

    function: AnyFunction
    policy: Any
    needs: Needs
    revision: int


class SettingsWatch:
    """Follows the buckets with settings; event loop only."""

    def __init__(self, bus: Bus, functions: Registry, plain: Context) -> None:
        """`plain`: what holds where nothing is written (site, `[decide]`, defaults)."""
        self._bus, self._functions, self._plain = bus, functions, plain
        self._values: dict[str, dict[str, Any]] = {name: {} for name in KINDS}
        self._plates: dict[str, tuple[VehicleEntry, ...]] = {}
        self._plans: dict[str, IngestPlan] = {}
        self._changed = asyncio.Event()
        self._loaded = {name: asyncio.Event() for name in KINDS}
        self.active: dict[str, dict[str, Active]] = {}
        """Camera → name → function, for what is switched on."""

    async def ready(self) -> None:
        """Wait until all buckets have been read once."""
        for loaded in self._loaded.values():
            await loaded.wait()

    async def run(self) -> None:
        """Follow and write for ever."""
        async with asyncio.TaskGroup() as group:
            for name in KINDS:
                group.create_task(self._follow(name))
            group.create_task(self._write())

    async def _follow(self, name: str) -> None:
        loaded = self._loaded[name]
        async for entry in self._bus.bucket(name).watch():
            if entry is None:
                loaded.set()
                self._refresh_all()
                continue
            self._take(name, entry)
            if not loaded.is_set():  # what comes first is taken as a whole
                continue
            if name == "functions":
                self._refresh(entry.key.partition(".")[0])
            elif name == "cameras":
                self._refresh(entry.key)
            elif name != "vehicles":  # policies share the mapping of plates
                self._refresh_all()

    def _take(self, name: str, entry: Entry) -> None:
        values = self._values[name]
        before = values.pop(entry.key, None)
        if name == "vehicles" and before is not None:
            self._unlist(before)
        if entry.value is None:
            return
        try:
            value = msgspec.json.decode(entry.value, type=KINDS[name])
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            log.warning("bucket %s, key %s: %s", name, entry.key, error)
            return
        if name == "functions":
            value = msgspec.structs.replace(value, revision=entry.revision)
        elif value.id != entry.key:
            return
        values[entry.key] = value
        if name == "vehicles":
            plate = canonical(value.plate)
            self._plates[plate] = (*self._plates.get(plate, ()), value)

    def _unlist(self, entry: VehicleEntry) -> None:
        plate = canonical(entry.plate)
        self._plates[plate] = tuple(one for one in self._plates[plate] if one.id != entry.id)
        if not self._plates[plate]:
            del self._plates[plate]

    def _refresh_all(self) -> None:
        site = self._site()
        for camera in {*self.active, *(f.camera for f in self._values["functions"].values()), *self._values["cameras"]}:
            self._refresh(camera, site)
        self._changed.set()

    def _refresh(self, camera: str, site: Site | None = None) -> None:
        """Make anew what holds for a camera."""
        site = site or self._site()
        active = {}
        for name, function in self._functions.items():
            switched: CameraFunction | None = self._values["functions"].get(f"{camera}.{name}")
            if switched is not None and switched.enabled:
                made = self._activate(function, switched, site)
                if made is not None:
                    active[name] = made
        if active:
            self.active[camera] = active
        else:
            self.active.pop(camera, None)
        self._changed.set()

    def _activate(self, function: AnyFunction, switched: CameraFunction, site: Site) -> Active | None:
        camera = self._values["cameras"].get(switched.camera) or Camera(id=switched.camera, name="", url="")
        try:
            above = inherited(function, self._values["regions"], camera.region)
            settings = read_settings(function, above, switched.settings)
        except msgspec.ValidationError as error:
            log.warning("camera %s, function %s: %s", switched.camera, function.name, error)
            return None
        context = msgspec.structs.replace(self._plain, camera=camera, revision=switched.revision, site=site)
        return Active(
            function=function,
            policy=function.policy(settings, context),
            needs=function.needs(settings, self._plain.defaults),
            revision=switched.revision,
        )

    def cameras(self) -> list[Camera]:
        """All that are set up."""
        return list(self._values["cameras"].values())

    def lot_of(self, camera: str) -> Policy | None:
        """What holds for the lot that a camera belongs to: the nearest region with settings for parking."""
        settings = self._values["cameras"].get(camera)
        name = settings.region if settings is not None else ""
        found = (_lot(region) for region in regions_above(self._values["regions"], name))
        return next((policy for policy in found if policy is not None), None)

    def lots(self) -> list[Policy]:
        """What holds for every lot."""
        found = (_lot(region) for region in self._values["regions"].values())
        return [policy for policy in found if policy is not None]

    def _site(self) -> Site:
        return msgspec.structs.replace(self._plain.site, vehicles=self._plates, people=dict(self._values["people"]))

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
            if key not in self._values["cameras"]:
                await bucket.delete(key)
            elif entry.value is not None:
                self._plans[key] = _plan(entry.value, key)
        for key in [key for key in self._plans if key not in self._values["cameras"]]:
            await bucket.delete(key)
            del self._plans[key]
        for key, camera in list(self._values["cameras"].items()):
            plan = self._compiled(camera)
            if self._plans.get(key) != plan:
                await bucket.put(key, msgspec.json.encode(plan))
                self._plans[key] = plan

    def _compiled(self, camera: Camera) -> IngestPlan:
        active = self.active.get(camera.id, {}).values()
        written = (f.revision for f in self._values["functions"].values() if f.camera == camera.id)
        return compile_plan(
            camera, (each.needs for each in active), self._plain.defaults, revision=max(written, default=0)
        )


def _lot(region: Region) -> Policy | None:
    """The policy of a region that is a lot; one that can't be read is none, and is logged."""
    written = region.functions.get(PARKING)
    if written is None:
        return None
    try:
        return policy_of(region.id, msgspec.convert(written, Parking))
    except msgspec.ValidationError as error:
        log.warning("region %s, parking: %s", region.id, error)
        return None


def _plan(value: bytes, camera: str) -> IngestPlan:
    try:
        return msgspec.json.decode(value, type=IngestPlan)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return IngestPlan(camera=camera, revision=-1)
