"""Settings in the broker's buckets: cameras, their functions, users, people and their faces.

Edge (asyncio, NATS). One entry is read from its bucket, so that its revision is the true one; lists come from a watched
copy that follows within milliseconds and knows this process's own writes at once.
"""

from __future__ import annotations

import asyncio
import copy
import logging
from collections.abc import Iterable, Sequence
from typing import TypeVar

import msgspec

from api.audit import Change, change_of
from api.contract import Caller, Session, Used, User
from api.errors import AlreadyThere, Forbidden, NotThere, Stale, Unavailable
from api.etag import etag
from api.link import Link, within
from api.metrics import GARBAGE
from api.shelf import Shelf
from api.sight import Sight, sight_of
from ingest.bus import Bus, Entry, RevisionConflict
from ingest.contract import Camera
from ingest.sealed import Ring, SealError, is_current
from postprocess.contract import CameraFunction, Employee, FaceSample, Plan, Region, VehicleEntry, lot_token
from postprocess.deliver.settings import RULES, TARGETS, DeliveryRule, Target
from postprocess.functions.doors import Door

log = logging.getLogger(__name__)
T = TypeVar("T", bound=msgspec.Struct)
PLANS_S_MAX = 20.0


class Catalog:
    """Cameras, functions and users, as the api reads and writes them."""

    def __init__(self, link: Link, ring: Ring | None = None) -> None:
        self._link, self._ring = link, ring or Ring()
        self._cameras, self._functions = Shelf(link, "cameras"), Shelf(link, "functions")
        self._users, self._people = Shelf(link, "users"), Shelf(link, "people")
        self._vehicles, self._regions = Shelf(link, "vehicles"), Shelf(link, "regions")
        self._sessions, self._doors = Shelf(link, "sessions"), Shelf(link, "doors")
        self._targets, self._rules = Shelf(link, TARGETS), Shelf(link, RULES)
        self._caller: Caller | None = None
        self._changes: list[Change] | None = None
        self._seen: tuple[tuple[int, int], Sight, frozenset[str]] | None = None

    def for_caller(self, caller: Caller, changes: list[Change]) -> Catalog:
        """The same settings as somebody sees them: to who is limited to regions, what lies elsewhere is not there.

        What is written through it is noted in `changes`.
        """
        mine = copy.copy(self)
        mine.become(caller, changes)
        return mine

    def become(self, caller: Caller, changes: list[Change]) -> None:
        """See no more than this caller does, and note what it changes."""
        self._caller, self._seen = caller if caller.regions else None, None
        self._changes = changes

    def _check_unused(self, region: str) -> None:
        """Whoever is limited makes no region of a name under which others stand already: it would see them."""
        if self._caller is None or self.sees(region):
            return
        used = {camera.region for camera, _ in self._read_all(self._cameras, Camera)}
        used |= {one.parent for one, _ in self._read_all(self._regions, Region)}
        if region in used:
            raise Forbidden(user=self._caller.name, regions=self._caller.regions)

    def _changed(self, bucket: str, key: str, before: bytes | None, after: bytes | None) -> None:
        if self._changes is not None:
            self._changes.append(change_of(bucket, key, before, after))

    def sees(self, region: str) -> bool:
        """Whether a place of the site, and what stands there, is seen; raises `Unavailable`."""
        return self._caller is None or self._look(self._caller)[0].sees(region)

    def seen_names(self) -> frozenset[str]:
        """Cameras and lots that somebody sees who is limited, as events name them; raises `Unavailable`."""
        return frozenset() if self._caller is None else self._look(self._caller)[1]

    def _look(self, caller: Caller) -> tuple[Sight, frozenset[str]]:
        if not (self._cameras.known and self._regions.known):
            raise Unavailable(component="nats")
        state = (self._cameras.changes, self._regions.changes)
        if self._seen is None or self._seen[0] != state:
            sight = sight_of(caller.regions, (region for region, _ in self._read_all(self._regions, Region)))
            cameras = (camera for camera, _ in self._read_all(self._cameras, Camera))
            names = {camera.id for camera in cameras if sight.sees(camera.region)}
            self._seen = (state, sight, frozenset(names | {lot_token(region) for region in sight.within}))
        return self._seen[1], self._seen[2]

    def _check_camera(self, camera_id: str) -> None:
        if self._caller is not None and camera_id not in self._look(self._caller)[1]:
            raise NotThere(kind="camera", name=camera_id)

    def _check_place(self, *places: str) -> None:
        if self._caller is not None and not any(self.sees(place) for place in places):
            raise Forbidden(user=self._caller.name, regions=self._caller.regions)

    async def follow(self) -> None:
        """Keep the copies fresh for ever."""
        async with asyncio.TaskGroup() as group:
            for shelf in (
                self._cameras,
                self._functions,
                self._users,
                self._vehicles,
                self._people,
                self._regions,
                self._sessions,
                self._doors,
            ):
                group.create_task(shelf.follow())

    @property
    def users_known(self) -> bool:
        """Whether the bucket `users` was read: before, a token that nobody has may be somebody's."""
        return self._users.known

    def users(self) -> list[User]:
        """Everybody who may come in by the bucket `users`."""
        return [user for user, _ in self.accounts()]

    def accounts(self) -> list[tuple[User, int]]:
        """The same with their revisions, by name."""
        return sorted(self._read_all(self._users, User), key=lambda pair: pair[0].name)

    async def account(self, name: str) -> tuple[User, int]:
        """A user and its revision; raises `NotThere`, `Unavailable`."""
        entry = await self._get("users", name)
        found = _read(entry, User) if entry is not None else None
        if entry is None or found is None:
            raise NotThere(kind="user", name=name)
        return found, entry.revision

    async def write_account(self, user: User, *, expect: int) -> int:
        """Write a user over revision `expect` (0 = it must be new); returns the new revision."""
        return await self._put(self._users, user.name, user, expect=expect, kind="user")

    async def delete_account(self, name: str, *, expect: int) -> None:
        """Delete a user of revision `expect`."""
        await self._delete(self._link.bus(), self._users, name, expect=expect, kind="user")

    @property
    def sessions_known(self) -> bool:
        """Whether the bucket `sessions` was read."""
        return self._sessions.known

    def sessions(self) -> dict[str, Session]:
        """Who is signed in, by the id of the session."""
        return {
            entry.key.removeprefix("s."): found
            for entry in self._sessions.entries()
            if entry.key.startswith("s.") and (found := _read(entry, Session)) is not None
        }

    def session(self, session_id: str) -> Session | None:
        """One session, or None."""
        entry = self._sessions.entry(f"s.{session_id}")
        return _read(entry, Session) if entry is not None else None

    def used(self, token_id: str) -> Used | None:
        """When a token was used last, as far as it was noted."""
        entry = self._sessions.entry(f"used.{token_id}")
        return _read(entry, Used) if entry is not None else None

    async def note_session(self, session_id: str, session: Session) -> None:
        """Write a session over whatever stands there; raises `Unavailable`."""
        await self._note(f"s.{session_id}", session)

    async def note_used(self, token_id: str, used: Used) -> None:
        """Write when a token was used; raises `Unavailable`."""
        await self._note(f"used.{token_id}", used)

    async def forget_session(self, session_id: str) -> None:
        """End a session; raises `Unavailable`."""
        await self._forget(f"s.{session_id}")

    async def forget_used(self, token_id: str) -> None:
        """Forget when a token that is gone was used; raises `Unavailable`."""
        await self._forget(f"used.{token_id}")

    async def _note(self, key: str, value: msgspec.Struct) -> None:
        bus, raw = self._link.bus(), msgspec.json.encode(value)
        async with within():
            revision = await bus.bucket("sessions").put(key, raw)
        self._sessions.note(key, raw, revision)

    async def _forget(self, key: str) -> None:
        bus = self._link.bus()
        async with within():
            await bus.bucket("sessions").delete(key)
        self._sessions.drop(key)

    def cameras(self) -> list[tuple[Camera, int]]:
        """All cameras with their revisions, by name, addresses masked where a key seals; raises `Unavailable`."""
        self._link.bus()
        found = (pair for pair in self._read_all(self._cameras, Camera) if self.sees(pair[0].region))
        return sorted(found, key=lambda pair: (pair[0].name.casefold(), pair[0].id))

    def functions(self, camera: str) -> list[tuple[CameraFunction, int]]:
        """The functions of a camera with their revisions; raises `Unavailable`."""
        self._link.bus()
        self._check_camera(camera)
        every = self._read_all(self._functions, CameraFunction)
        return sorted((pair for pair in every if pair[0].camera == camera), key=lambda pair: pair[0].name)

    def switched_on(self, cameras: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Each of the cameras with the names of its functions that are switched on; raises `Unavailable`."""
        self._link.bus()
        found: dict[str, list[str]] = {camera: [] for camera in cameras}
        for function, _ in self._read_all(self._functions, CameraFunction):
            if function.enabled and function.camera in found:
                found[function.camera].append(function.name)
        return {camera: tuple(sorted(names)) for camera, names in found.items()}

    def vehicles(self) -> list[tuple[VehicleEntry, int]]:
        """All entries of the lists with their revisions; raises `Unavailable`."""
        self._link.bus()
        return list(self._read_all(self._vehicles, VehicleEntry))

    def regions(self) -> list[tuple[Region, int]]:
        """All places of the site with their revisions; raises `Unavailable`.

        To somebody who is limited, those that are seen and those above them, whose settings hold there.
        """
        self._link.bus()
        every = self._read_all(self._regions, Region)
        if self._caller is None:
            return list(every)
        sight, _ = self._look(self._caller)
        return [pair for pair in every if pair[0].id in sight.within | sight.above]

    def access_state(self) -> tuple[bool, tuple[int, int, int]]:
        """Whether doors and the lists that they stand on were read, and what changes when one of them does."""
        shelves = (self._doors, self._vehicles, self._people)
        return all(shelf.known for shelf in shelves), (shelves[0].changes, shelves[1].changes, shelves[2].changes)

    def doors(self) -> list[tuple[Door, int]]:
        """All doors with their revisions, by id; raises `Unavailable`."""
        self._link.bus()
        return sorted(self._read_all(self._doors, Door), key=lambda pair: pair[0].id)

    async def door(self, door_id: str) -> tuple[Door, int]:
        """A door and its revision; raises `NotThere`, `Unavailable`."""
        entry = await self._get("doors", door_id)
        found = _read(entry, Door) if entry is not None else None
        if entry is None or found is None:
            raise NotThere(kind="door", name=door_id)
        return found, entry.revision

    async def write_door(self, door: Door, *, expect: int) -> int:
        """Write a door over revision `expect` (0 = it must be new); returns the new revision."""
        return await self._put(self._doors, door.id, door, expect=expect, kind="door")

    async def delete_door(self, door_id: str, *, expect: int) -> None:
        """Delete a door of revision `expect`."""
        await self._delete(self._link.bus(), self._doors, door_id, expect=expect, kind="door")

    async def region(self, region_id: str) -> tuple[Region, int] | None:
        """A place of the site and its revision, or None; raises `Unavailable`."""
        if not self.sees(region_id):
            return None
        entry = await self._get("regions", region_id)
        found = _read(entry, Region) if entry is not None else None
        return None if entry is None or found is None else (found, entry.revision)

    async def vehicle(self, entry_id: str) -> tuple[VehicleEntry, int]:
        """An entry of the lists and its revision; raises `NotThere`, `Unavailable`."""
        entry = await self._get("vehicles", entry_id)
        found = _read(entry, VehicleEntry) if entry is not None else None
        if entry is None or found is None:
            raise NotThere(kind="vehicle", name=entry_id)
        return found, entry.revision

    async def camera(self, camera_id: str) -> tuple[Camera, int]:
        """A camera and its revision; raises `NotThere`, `Unavailable`."""
        entry = await self._get("cameras", camera_id)
        found = _read(entry, Camera) if entry is not None else None
        if entry is None or found is None:
            raise NotThere(kind="camera", name=camera_id)
        if not self.sees(found.region):
            raise NotThere(kind="camera", name=camera_id)
        try:
            return self._ring.opened(found), entry.revision
        except SealError as error:
            log.warning("%s", error)
            return found, entry.revision  # with its address masked: the rest of it can be changed

    async def function(self, camera_id: str, name: str) -> tuple[CameraFunction, int]:
        """A function of a camera and its revision; raises `NotThere`, `Unavailable`."""
        self._check_camera(camera_id)
        entry = await self._get("functions", f"{camera_id}.{name}")
        found = _read(entry, CameraFunction) if entry is not None else None
        if entry is None or found is None:
            raise NotThere(kind="function", name=f"{camera_id}/{name}")
        return found, entry.revision

    async def write_camera(self, camera: Camera, *, expect: int) -> int:
        """Write a camera over revision `expect` (0 = it must be new); returns the new revision."""
        self._check_place(camera.region)
        entry = self._cameras.entry(camera.id)
        kept = self._ring.closed(camera, _read(entry, Camera) if entry is not None else None)
        return await self._put(self._cameras, camera.id, kept, expect=expect, kind="camera")

    async def reseal(self) -> tuple[int, int]:
        """Seal every camera with the newest key that is not; returns how many were, and how many still are not.

        Raises `SettingsError` (the key file), `Unavailable`.
        """
        self._ring.reload()
        bus, done, left = self._link.bus(), 0, 0
        async with within(PLANS_S_MAX):
            entries = await bus.bucket("cameras").all()
        for entry in entries.values():
            camera = _read(entry, Camera)
            if camera is None or is_current(camera, self._ring.keys):
                continue
            try:
                await self.write_camera(self._ring.opened(camera), expect=entry.revision)
                done += 1
            except (SealError, Stale) as error:
                log.warning("%s", error)
                left += 1
        return done, left

    async def write_function(self, function: CameraFunction, *, expect: int) -> int:
        """Write a function over revision `expect` (0 = it must be new); returns the new revision."""
        self._check_camera(function.camera)
        key = f"{function.camera}.{function.name}"
        return await self._put(self._functions, key, function, expect=expect, kind="function")

    async def write_region(self, region: Region, *, expect: int) -> int:
        """Write a place over revision `expect` (0 = it must be new); returns the new revision."""
        self._check_place(region.id, region.parent)
        self._check_unused(region.id)
        return await self._put(self._regions, region.id, region, expect=expect, kind="region")

    async def delete_region(self, region_id: str, *, expect: int) -> None:
        """Delete a region of revision `expect`."""
        self._check_place(region_id)
        await self._delete(self._link.bus(), self._regions, region_id, expect=expect, kind="region")

    async def write_vehicle(self, entry: VehicleEntry, *, expect: int) -> int:
        """Write an entry of the lists over revision `expect` (0 = it must be new); returns the new revision."""
        return await self._put(self._vehicles, entry.id, entry, expect=expect, kind="vehicle")

    async def delete_vehicle(self, entry_id: str, *, expect: int) -> None:
        """Delete an entry of the lists of revision `expect`."""
        await self._delete(self._link.bus(), self._vehicles, entry_id, expect=expect, kind="vehicle")

    async def delete_camera(self, camera_id: str, *, expect: int) -> None:
        """Delete a camera of revision `expect`, then its functions."""
        self._check_camera(camera_id)
        bus = self._link.bus()
        await self._delete(bus, self._cameras, camera_id, expect=expect, kind="camera")
        async with within():
            for key, entry in (await bus.bucket("functions").under(camera_id)).items():
                await bus.bucket("functions").delete(key)
                self._changed("functions", key, entry.value, None)

    async def delete_function(self, camera_id: str, name: str, *, expect: int) -> None:
        """Delete a function of revision `expect`."""
        self._check_camera(camera_id)
        await self._delete(self._link.bus(), self._functions, f"{camera_id}.{name}", expect=expect, kind="function")

    def people(self) -> list[tuple[Employee, int]]:
        """All people with their revisions, by name; raises `Unavailable`."""
        self._link.bus()
        return sorted(self._read_all(self._people, Employee), key=lambda pair: (pair[0].name.casefold(), pair[0].id))

    async def person(self, person_id: str) -> tuple[Employee, int]:
        """A person and its revision; raises `NotThere`, `Unavailable`."""
        entry = await self._get("people", person_id)
        found = _read(entry, Employee) if entry is not None else None
        if entry is None or found is None:
            raise NotThere(kind="person", name=person_id)
        return found, entry.revision

    async def write_person(self, person: Employee, *, expect: int) -> int:
        """Write a person over revision `expect` (0 = it must be new); returns the new revision."""
        return await self._put(self._people, person.id, person, expect=expect, kind="person")

    async def delete_person(self, person_id: str, *, expect: int) -> int:
        """Delete a person of revision `expect`, then its faces; returns how many there were."""
        bus = self._link.bus()
        await self._delete(bus, self._people, person_id, expect=expect, kind="person")
        async with within():
            faces = await bus.bucket("faces").under(person_id)
            for key, entry in faces.items():
                await bus.bucket("faces").delete(key)
                self._changed("faces", key, entry.value, None)
        return len(faces)

    async def samples(self, person_id: str) -> list[FaceSample]:
        """Faces of a person, the oldest first; raises `Unavailable`."""
        bus = self._link.bus()
        async with within():
            entries = await bus.bucket("faces").under(person_id)
        found = (_read(entry, FaceSample) for entry in entries.values())
        return sorted((one for one in found if one is not None), key=lambda one: (one.made_at_us, one.id))

    async def write_sample(self, sample: FaceSample) -> None:
        """Write a face over whatever its key holds; raises `Unavailable`."""
        bus = self._link.bus()
        async with within():
            raw = msgspec.json.encode(sample)
            await bus.bucket("faces").put(f"{sample.person}.{sample.id}", raw)
        self._changed("faces", f"{sample.person}.{sample.id}", None, raw)

    async def delete_sample(self, person_id: str, sample_id: str) -> None:
        """Delete a face; raises `NotThere`, `Unavailable`."""
        key = f"{person_id}.{sample_id}"
        entry = await self._get("faces", key)
        if entry is None:
            raise NotThere(kind="sample", name=f"{person_id}/{sample_id}")
        bus = self._link.bus()
        async with within():
            await bus.bucket("faces").delete(key)
        self._changed("faces", key, entry.value, None)

    async def plans(self, months: Sequence[str], person: str = "") -> list[Plan]:
        """Planned shifts of some months (`YYYY-MM`), of everybody or of one person; raises `Unavailable`."""
        bus = self._link.bus()
        async with within(PLANS_S_MAX):
            bucket = bus.bucket("shifts")
            entries = await (bucket.under(person) if person else bucket.all())
        wanted = (entry for key, entry in entries.items() if key.rpartition(".")[2] in months)
        found = (_read(entry, Plan) for entry in wanted)
        return [plan for plan in found if plan is not None]

    async def write_plans(self, plans: Sequence[Plan]) -> None:
        """Write planned shifts over whatever their months hold; raises `Unavailable`."""
        bus = self._link.bus()
        async with within(PLANS_S_MAX):
            for plan in plans:
                raw = msgspec.json.encode(plan)
                await bus.bucket("shifts").put(f"{plan.person}.{plan.month}", raw)
                self._changed("shifts", f"{plan.person}.{plan.month}", None, raw)

    def targets(self) -> list[tuple[Target, int]]:
        """Targets of deliveries with their revisions; raises `Unavailable`."""
        self._link.bus()
        return self._read_all(self._targets, Target)

    async def target(self, target_id: str) -> tuple[Target, int]:
        """A target of deliveries and its revision; raises `NotThere`, `Unavailable`."""
        return await self._one(TARGETS, target_id, Target, "target")

    async def write_target(self, target: Target, *, expect: int) -> int:
        """Write a target over revision `expect` (0 = it must be new); returns the new revision."""
        return await self._put(self._targets, target.id, target, expect=expect, kind="target")

    async def delete_target(self, target_id: str, *, expect: int) -> None:
        """Delete a target of revision `expect`."""
        await self._delete(self._link.bus(), self._targets, target_id, expect=expect, kind="target")

    def delivery_rules(self) -> list[tuple[DeliveryRule, int]]:
        """Rules of deliveries with their revisions; raises `Unavailable`."""
        self._link.bus()
        return self._read_all(self._rules, DeliveryRule)

    async def delivery_rule(self, rule_id: str) -> tuple[DeliveryRule, int]:
        """A rule of deliveries and its revision; raises `NotThere`, `Unavailable`."""
        return await self._one(RULES, rule_id, DeliveryRule, "rule")

    async def write_delivery_rule(self, rule: DeliveryRule, *, expect: int) -> int:
        """Write a rule over revision `expect` (0 = it must be new); returns the new revision."""
        return await self._put(self._rules, rule.id, rule, expect=expect, kind="rule")

    async def delete_delivery_rule(self, rule_id: str, *, expect: int) -> None:
        """Delete a rule of revision `expect`."""
        await self._delete(self._link.bus(), self._rules, rule_id, expect=expect, kind="rule")

    async def tell(self, subject: str, payload: bytes, message_id: str) -> None:
        """Publish into a stream; raises `Unavailable`."""
        bus = self._link.bus()
        async with within():
            await bus.publish(subject, payload, message_id=message_id)

    async def _one(self, bucket: str, key: str, type_: type[T], kind: str) -> tuple[T, int]:
        entry = await self._get(bucket, key)
        found = _read(entry, type_) if entry is not None else None
        if entry is None or found is None:
            raise NotThere(kind=kind, name=key)
        return found, entry.revision

    async def _get(self, bucket: str, key: str) -> Entry | None:
        bus = self._link.bus()
        async with within():
            return await bus.bucket(bucket).get(key)

    async def _put(self, shelf: Shelf, key: str, value: msgspec.Struct, *, expect: int, kind: str) -> int:
        bus = self._link.bus()
        raw, before = msgspec.json.encode(value), shelf.entry(key)
        try:
            async with within():
                revision = await bus.bucket(shelf.name).put(key, raw, expect=expect)
        except RevisionConflict:
            if expect == 0:
                raise AlreadyThere(kind=kind, name=key) from None
            raise await self._stale(shelf.name, key, kind) from None
        shelf.note(key, raw, revision)
        self._changed(shelf.name, key, before.value if before is not None and expect else None, raw)
        return revision

    async def _delete(self, bus: Bus, shelf: Shelf, key: str, *, expect: int, kind: str) -> None:
        before = shelf.entry(key)
        try:
            async with within():
                await bus.bucket(shelf.name).delete(key, expect=expect)
        except RevisionConflict:
            raise await self._stale(shelf.name, key, kind) from None
        shelf.note(key, None, expect)
        self._changed(shelf.name, key, before.value if before is not None else None, None)

    async def _stale(self, bucket: str, key: str, kind: str) -> Stale:
        entry = await self._get(bucket, key)
        return Stale(kind=kind, name=key, etag=etag(entry.revision) if entry is not None else "")

    def _read_all(self, shelf: Shelf, kind: type[T]) -> list[tuple[T, int]]:
        pairs = ((_read(entry, kind), entry.revision) for entry in shelf.entries())
        return [(value, revision) for value, revision in pairs if value is not None]


def _read(entry: Entry, kind: type[T]) -> T | None:
    """A stored entry; one that can't be read is counted and skipped, its neighbours are not touched."""
    if entry.value is None:
        return None
    try:
        return msgspec.json.decode(entry.value, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        GARBAGE.labels("setting").inc()
        log.warning("setting %s can't be read: %s", entry.key, error)
        return None
