"""`/people`: who is known by name, and by which faces."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Annotated

from litestar import Controller, Response, delete, get, patch, post
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.params import FromPath, HeaderParameter, QueryParameter

from api import people
from api.contract import (
    EnrolOut,
    ErasureOut,
    MistakeIn,
    PersonIn,
    PersonList,
    PersonOut,
    PersonPatch,
    SampleList,
    SampleOut,
)
from api.errors import NotThere, Stale, TooManyPhotos, Unavailable
from api.etag import etag, matches
from api.http.answers import AnyRequest, only_known
from api.http.bodies import body, takes
from api.http.found import event_by
from api.http.services import Given, Services
from api.query import photo_query, picture, thumbnail_query, token, whole
from ingest.contract import encode, events_subject
from postprocess.contract import PHOTO_BYTES_MAX, Employee, Event, FaceRequest, Feedback

log = logging.getLogger(__name__)

FILTERS = frozenset({"q", "department", "watch", "after", "limit"})
LIMIT_MAX = 500


@dataclass
class _Photo(Operation):
    def __post_init__(self) -> None:
        picture_schema = OpenAPIMediaType(schema=Schema(type=None, description="JPEG or PNG, 3 MiB at most"))
        self.request_body = RequestBody(
            content={"image/jpeg": picture_schema, "image/png": picture_schema}, required=True
        )


def _with_etag(person: Employee, revision: int, *, status: int = 200) -> Response[PersonOut]:
    headers = {"ETag": etag(revision)} | ({"Location": f"/api/v1/people/{person.id}"} if status == 201 else {})
    return Response(people.person_view(person, revision), status_code=status, headers=headers)


class People(Controller):
    """People."""

    path = "/people"
    tags = ["People"]

    @get(summary="People, ordered by name")
    async def list_people(
        self,
        *,
        request: AnyRequest,
        services: Given,
        q: Annotated[str, QueryParameter(description="Any part of name, id or badge")] = "",
        department: Annotated[str, QueryParameter(description="Department, whole")] = "",
        watch: Annotated[str, QueryParameter(description="Watch list")] = "",
        after: Annotated[str, QueryParameter(description="next_after of the page before")] = "",
        limit: Annotated[str, QueryParameter(description=f"1..{LIMIT_MAX}")] = "100",
    ) -> PersonList:
        """Faces are told of one person at a time."""
        only_known(request, FILTERS)
        count = whole("limit", limit, 1, LIMIT_MAX)
        found = [
            pair
            for pair in services.catalog.people()
            if people.matching(pair[0], text=q[:200], department=department, watch=watch)
        ]
        ids = [person.id for person, _ in found]
        start = ids.index(after) + 1 if after in ids else 0
        page = found[start : start + count]
        more = start + count < len(found)
        return PersonList(
            items=tuple(people.person_view(*pair) for pair in page),
            next_after=page[-1][0].id if more else None,
            total=len(found),
        )

    @post(summary="Add a person", operation_class=takes(PersonIn))
    async def add_person(self, request: AnyRequest, services: Given) -> Response[PersonOut]:
        """Known by name from the next second on, by face once there is a photo."""
        wanted = await body(request, PersonIn)
        person = people.person_of(wanted, wanted.id or services.new_id("p"))
        revision = await services.catalog.write_person(person, expect=0)
        return _with_etag(person, revision, status=201)

    @get("/{person_id:str}", summary="One person")
    async def get_person(self, services: Given, person_id: FromPath[str]) -> Response[PersonOut]:
        """Comes with its ETag."""
        return _with_etag(*await services.catalog.person(person_id))

    @patch("/{person_id:str}", summary="Change a person", operation_class=takes(PersonPatch))
    async def change_person(
        self,
        request: AnyRequest,
        services: Given,
        person_id: FromPath[str],
        if_match: Annotated[str, HeaderParameter(name="If-Match", description="The ETag that was read")] = "",
    ) -> Response[PersonOut]:
        """Fields that are left out stay as they are."""
        matches(if_match, 0)
        wanted = await body(request, PersonPatch)
        person, revision = await services.catalog.person(person_id)
        if not matches(if_match, revision):
            raise Stale(kind="person", name=person_id, etag=etag(revision))
        changed = people.changed(person, wanted)
        return _with_etag(changed, await services.catalog.write_person(changed, expect=revision))

    @delete("/{person_id:str}", summary="Remove a person and its faces")
    async def remove_person(
        self,
        request: AnyRequest,
        services: Given,
        person_id: FromPath[str],
        if_match: Annotated[str, HeaderParameter(name="If-Match", description="The ETag that was read")] = "",
    ) -> None:
        """Events that name the person's id stay; the name is gone."""
        matches(if_match, 0)
        _, revision = await services.catalog.person(person_id)
        if not matches(if_match, revision):
            raise Stale(kind="person", name=person_id, etag=etag(revision))
        faces = await services.catalog.delete_person(person_id, expect=revision)
        log.info("person %s with %d faces removed by %s", person_id, faces, _who(request))

    @post("/{person_id:str}/erase", summary="Erase a person everywhere", status_code=200)
    async def erase(self, request: AnyRequest, services: Given, person_id: FromPath[str]) -> ErasureOut:
        """Name, faces, shifts, messages, dead letters, events, pictures and looks; cannot be undone.

        May be called again, also for somebody who is gone: until it says `finished`.
        """
        report = await services.eraser.erase(token("person_id", person_id))
        log.info("person %s erased by %s: %s", person_id, _who(request), report)
        return report

    @get("/{person_id:str}/photos", summary="Faces that a person is known by")
    async def list_photos(self, services: Given, person_id: FromPath[str]) -> SampleList:
        """Those made by other weights than the deployed ones are named as such: they are not used."""
        await services.catalog.person(person_id)
        samples = await services.catalog.samples(person_id)
        deployed = await _deployed(services) if samples else None
        return SampleList(items=tuple(people.sample_view(sample, deployed) for sample in samples))

    @post(
        "/{person_id:str}/photos",
        summary="Add a photo of a person",
        operation_class=_Photo,
        request_max_body_size=PHOTO_BYTES_MAX,
    )
    async def add_photo(self, request: AnyRequest, services: Given, person_id: FromPath[str]) -> EnrolOut:
        """One face, sharp, from the front. Only its embedding is kept; the same photo again changes nothing.

        Refused (409) for a person whose record holds no basis for it, or one that has ended.
        """
        photo = await request.body()
        person, _ = await services.catalog.person(person_id)
        if services.settings.biometrics_need_basis:
            people.check_basis(person, now_us=services.now_us())
        samples = [sample for sample in await services.catalog.samples(person_id) if not sample.negative]
        reply = await services.states.face(FaceRequest(jpeg=photo, person=person_id))
        sample = people.sample_of(person_id, photo, reply, now_us=services.now_us())
        known = {one.id for one in samples if one.model.sha256 == sample.model.sha256}
        if sample.id not in known and len(known) >= people.PHOTOS_MAX:
            raise TooManyPhotos(person=person_id, photos_max=people.PHOTOS_MAX)
        await services.catalog.write_sample(sample)
        names = {one.id: one.name for one, _ in services.catalog.people()}
        return people.enrol_view(sample, reply, names)

    @delete("/{person_id:str}/photos/{sample_id:str}", summary="Remove a face of a person")
    async def remove_photo(self, services: Given, person_id: FromPath[str], sample_id: FromPath[str]) -> None:
        """Also takes back a "not this person"."""
        await services.catalog.delete_sample(person_id, sample_id)

    @post("/{person_id:str}/mistakes", summary="Not this person", operation_class=takes(MistakeIn))
    async def add_mistake(self, request: AnyRequest, services: Given, person_id: FromPath[str]) -> SampleOut:
        """An event took somebody else for the person: that face is remembered, and the feedback is an event.

        From then on faces that look more like it than like the person's own photos are not the person.
        """
        asked = await body(request, MistakeIn)
        await services.catalog.person(person_id)
        event = await event_by(services, asked.event)
        if event.person != person_id:
            raise NotThere(kind="person", name=f"{person_id} in event {event.event_id}")
        now_us = services.now_us()
        reply = await services.states.face(FaceRequest(jpeg=await _photo(services, event), strict=False))
        sample = people.mistake_of(person_id, event, reply, now_us=now_us)
        await services.catalog.write_sample(sample)
        told = Feedback(
            event_id=event.event_id,
            camera=event.camera,
            user=_who(request),
            verdict="not_person",
            at_us=now_us,
            person=person_id,
        ).event()
        await services.catalog.tell(events_subject(told.camera, told.kind), encode(told), told.message_id)
        return people.sample_view(sample, sample.model.sha256)


async def _deployed(services: Services) -> str | None:
    """SHA-256 of the weights in use; None while recognition does not answer."""
    try:
        reply = await services.states.face(FaceRequest(jpeg=b""))
    except Unavailable:
        return None
    return reply.model.sha256 if reply.model is not None else None


async def _photo(services: Services, event: Event) -> bytes:
    """The best picture of an event, else the small one that came with it."""
    for photo in event.photos[:1]:
        for row in await services.archive.rows(photo_query(event.camera, photo)):
            return picture(row)
    for row in await services.archive.rows(thumbnail_query(event.event_id)):
        if small := picture(row):
            return small
    raise NotThere(kind="photo", name=event.event_id)


def _who(request: AnyRequest) -> str:
    return str(request.scope["user"].name)
