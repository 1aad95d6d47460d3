"""zool.acs.v1.Doors: decisions at doors, what controllers did with them, and the lists.

Edge (grpc, asyncio).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable
from typing import TypeVar

import grpc  # type: ignore[import-untyped]
import msgspec

from api.acs.calls import CALLER, CHANGES, Context
from api.acs.decisions import (
    candidate_of,
    decision_message,
    doors_of,
    hours_messages,
    member_message,
    offline_messages,
    outcome_of,
    person_of,
    refused,
    request_id,
    response,
    time_of,
    vehicle_of,
    way_of,
)
from api.acs.messages import hello_message, moment
from api.acs.service import Shown, pour
from api.acs.v1 import doors_pb2 as dp
from api.acs.v1 import doors_pb2_grpc
from api.catalog import Catalog
from api.cursor import read_mark
from api.doors import GuestIn, passage_event, read_guest
from api.errors import NotThere, TooManyStreams, Unavailable
from api.feed import HEARTBEAT_S, Feed
from api.http.services import Services
from api.language import Language, preferred
from api.live import Start, Wanted
from api.metrics import GARBAGE
from api.query import token
from api.views import moment as written
from ingest.bus import Entry
from postprocess.contract import Employee, VehicleEntry
from postprocess.functions.doors import DENIED, GRANTED, door_token
from postprocess.functions.offline import OFFLINE_MAX, offline_entries, offline_revision

T = TypeVar("T")
LATE_US_MAX = 60_000_000
"""A controller's clock may be ahead by so much."""
NOTE_CHARS_MAX = 500


class Doors(doors_pb2_grpc.DoorsServicer):  # type: ignore[misc]
    """The calls of the service."""

    def __init__(self, parts: Services, feed: Feed) -> None:
        self._parts, self._feed = parts, feed
        self._hello = hello_message(site=parts.settings.site_name, version=parts.version, heartbeat_s=HEARTBEAT_S)
        self._followers = 0

    async def Decisions(self, request: dp.DecisionsRequest, context: Context) -> None:  # noqa: N802
        """Decisions as they are made, until the client goes, is too slow, or the process stops."""
        doors, language = doors_of(request), _language(context)
        for door in doors:
            self._parts.doors.door(door)  # a name that nobody has would wait for ever
        wanted = Wanted(cameras=tuple(door_token(door) for door in doors), kinds=(GRANTED, DENIED))
        start = Start(after=read_mark(request.cursor) if request.cursor else None)
        if len(wanted.cameras) * len(wanted.kinds) > 256:
            raise refused("doors", len(doors), "128 doors, or none for all", "не более 128 дверей либо ни одной")
        mine = msgspec.structs.replace(self._parts, feed=self._feed).seen_by(CALLER.get(), [])
        items = await mine.feed.open(wanted, start)

        def message(item: Shown) -> dp.DecisionsResponse:
            return response(item, now_us=self._parts.now_us(), hello=self._hello, language=language)

        with self._parts.doors.listening(doors):
            await pour(context, items, message, send_timeout_s=self._parts.settings.send_timeout_s)

    async def Decide(self, request: dp.DecideRequest, context: Context) -> dp.Decision:  # noqa: N802
        """About a card, plate or person that the caller's reader saw."""
        candidate = candidate_of(request, author=CALLER.get().name, now_us=self._parts.now_us())
        event = await self._parts.doors.ask(candidate)
        return decision_message(event, now_us=self._parts.now_us(), language=_language(context))

    async def OpenDoor(self, request: dp.OpenDoorRequest, context: Context) -> dp.Decision:  # noqa: N802
        """By hand, with a reason."""
        reason, author = request.reason.strip(), CALLER.get().name
        if not 3 <= len(reason) <= NOTE_CHARS_MAX:
            raise refused("reason", reason[:20], "3 to 500 characters", "от 3 до 500 символов")
        subject = f"hand-{author}-{request_id(request.request_id)}"
        event = await self._parts.doors.open(token("door", request.door), subject=subject, author=author, reason=reason)
        return decision_message(event, now_us=self._parts.now_us(), language=_language(context))

    async def ReportPassage(  # noqa: N802
        self,
        request: dp.ReportPassageRequest,
        context: Context,  # noqa: ARG002
    ) -> dp.ReportPassageResponse:
        """What a controller did."""
        now_us = self._parts.now_us()
        at_us = time_of("at", request.at) if request.HasField("at") else now_us
        if at_us > now_us + LATE_US_MAX:
            raise refused("at", written(at_us), "no time of the future", "время не из будущего")
        for name in ("decision_id", "plate", "person", "note"):
            if len(getattr(request, name)) > NOTE_CHARS_MAX:
                raise refused(name, "…", f"{NOTE_CHARS_MAX} characters", f"{NOTE_CHARS_MAX} символов")
        door = self._parts.doors.door(token("door", request.door))
        passage = passage_event(
            door=door.id,
            outcome=outcome_of(request.outcome),
            at_us=at_us,
            author=CALLER.get().name,
            decision=self._parts.doors.said(request.decision_id),
            decision_id=request.decision_id,
            plate=request.plate,
            person=token("person", request.person) if request.person else "",
            direction=way_of("direction", request.direction),
            note=request.note,
        )
        await self._parts.doors.report(passage)
        return dp.ReportPassageResponse(event_id=passage.event_id)

    async def ListMembers(self, request: dp.ListMembersRequest, context: Context) -> None:  # noqa: N802
        """Members as they are, and then as they change."""
        bucket = _bucket(request.kind)
        if self._followers >= self._parts.settings.acs_clients_max:
            raise TooManyStreams(clients_max=self._parts.settings.acs_clients_max, key="acs_clients_max")
        self._followers += 1
        try:
            async with contextlib.aclosing(self._members(bucket, follow=request.follow)) as messages:
                async for message in messages:
                    async with asyncio.timeout(self._parts.settings.send_timeout_s):
                        await context.write(message)
        except TimeoutError:
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "This client took no message for too long.")
        finally:
            self._followers -= 1

    async def _members(self, bucket: str, *, follow: bool) -> AsyncGenerator[dp.ListMembersResponse]:
        bus = self._parts.link.bus()
        outages, members, revision = bus.outages, 0, 0
        async for entry in bus.bucket(bucket).watch():
            if bus.outages != outages:
                raise Unavailable(component="nats")  # what vanished meanwhile is not told: begin anew
            if entry is None:
                yield dp.ListMembersResponse(revision=revision, synced=dp.Synced(members=members))
                if not follow:
                    return
                continue
            message = _member(bucket, entry)
            if message is not None:
                revision, members = max(revision, entry.revision), members + 1
                yield message

    async def UpsertMember(self, request: dp.UpsertMemberRequest, context: Context) -> dp.MemberRevision:  # noqa: ARG002, N802
        """Set a member by its external id."""
        catalog, name = self._catalog(), token("external_id", request.member.external_id)
        match request.member.WhichOneof("member"):
            case "vehicle":
                entry = vehicle_of(name, request.member.vehicle)
                known, expect = await _or_none(catalog.vehicle(name))
                done = 0 if known == entry else await catalog.write_vehicle(entry, expect=expect)
            case "person":
                before, expect = await _or_none(catalog.person(name))
                person = person_of(name, request.member.person, before)
                done = 0 if before == person else await catalog.write_person(person, expect=expect)
            case _:
                raise refused("member", "", "a vehicle or a person", "транспорт или человек")
        return dp.MemberRevision(revision=done)

    async def RemoveMember(self, request: dp.RemoveMemberRequest, context: Context) -> dp.MemberRevision:  # noqa: ARG002, N802
        """Take a member off by its external id."""
        catalog, name = self._catalog(), token("external_id", request.external_id)
        if _bucket(request.kind) == "vehicles":
            known, expect = await _or_none(catalog.vehicle(name))
            if known is not None:
                await catalog.delete_vehicle(name, expect=expect)
        else:
            person, expect = await _or_none(catalog.person(name))
            if person is not None:
                await catalog.delete_person(name, expect=expect)
        return dp.MemberRevision(revision=expect)

    async def AddGuestPass(self, request: dp.AddGuestPassRequest, context: Context) -> dp.Member:  # noqa: ARG002, N802
        """Let a plate in for a time."""
        if not request.HasField("valid_until"):
            raise refused("valid_until", "", "a time", "время")
        since = written(time_of("valid_from", request.valid_from)) if request.HasField("valid_from") else None
        guest = GuestIn(
            plate=request.plate[:64],
            valid_until=written(time_of("valid_until", request.valid_until)),
            valid_from=since,
            owner=request.owner[:NOTE_CHARS_MAX],
            note=request.note[:NOTE_CHARS_MAX],
        )
        entry, catalog = read_guest(guest, self._parts.now_us()), self._catalog()
        _, expect = await _or_none(catalog.vehicle(entry.id))
        await catalog.write_vehicle(entry, expect=expect)
        return member_message(entry)

    async def OfflineList(self, request: dp.OfflineListRequest, context: Context) -> dp.OfflineListResponse:  # noqa: ARG002, N802
        """Whom a door lets in while nobody can be asked."""
        door, now_us = self._parts.doors.door(token("door", request.door)), self._parts.now_us()
        until_us = now_us + round(door.offline_h * 3.6e9)
        every = list(offline_entries(door, self._parts.doors.site(), now_us, until_us)) if until_us > now_us else []
        entries = every[:OFFLINE_MAX]
        return dp.OfflineListResponse(
            door=door.id,
            revision=offline_revision(door, entries),
            made_at=moment(now_us),
            valid_until=moment(until_us),
            timezone=str(self._parts.zone),
            schedule=hours_messages(door.schedule),
            entries=offline_messages(entries),
            left_out=len(every) - len(entries),
        )

    def _catalog(self) -> Catalog:
        """The settings for the caller: what it changes is noted for the audit."""
        return self._parts.seen_by(CALLER.get(), CHANGES.get()).catalog


def _language(context: Context) -> Language:
    metadata = {str(key): str(value) for key, value in context.invocation_metadata() or ()}
    return preferred(metadata.get("accept-language", ""))


BUCKETS: dict[int, str] = {dp.MEMBER_KIND_VEHICLE: "vehicles", dp.MEMBER_KIND_PERSON: "people"}


def _bucket(kind: int) -> str:
    if kind not in BUCKETS:
        raise refused("kind", kind, "MEMBER_KIND_VEHICLE or MEMBER_KIND_PERSON", "MEMBER_KIND_VEHICLE или …_PERSON")
    return BUCKETS[kind]


def _member(bucket: str, entry: Entry) -> dp.ListMembersResponse | None:
    """A change of a list; None for an entry that can't be read."""
    if entry.value is None:
        return dp.ListMembersResponse(revision=entry.revision, remove=entry.key)
    try:
        found: VehicleEntry | Employee = (
            msgspec.json.decode(entry.value, type=VehicleEntry)
            if bucket == "vehicles"
            else msgspec.json.decode(entry.value, type=Employee)
        )
    except (msgspec.DecodeError, UnicodeDecodeError):
        GARBAGE.labels("setting").inc()
        return None
    return dp.ListMembersResponse(revision=entry.revision, upsert=member_message(found))


async def _or_none(reading: Awaitable[tuple[T, int]]) -> tuple[T | None, int]:
    """What has an id and its revision; None and 0 where nothing has it."""
    try:
        return await reading
    except NotThere:
        return None, 0
