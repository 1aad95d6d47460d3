"""People over the real broker and the real store; recognition's part is played on the bus, through its contract."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import msgspec
import numpy as np
import pytest

from ingest.bus import Bus
from ingest.contract import decode, encode
from model_repository.contract import ModelRef
from postprocess.contract import FACE_SUBJECT, Event, FaceMatch, FaceReply, FaceRequest, FaceSample, feedback_of
from tests.support.api import TOKEN, Site, running_site, shot_of, vehicle_event
from tests.support.postprocess import everything

WEIGHTS = ModelRef(name="faces", version="2", sha256="ab" * 32)
EMBEDDING = np.array([0.6, 0.8], "<f4").tobytes()
GOOD = FaceReply(
    cause="none", embedding=EMBEDDING, model=WEIGHTS, quality=0.9, size=1.0, sharpness=0.95, pose=0.8
)  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One running site for the whole file."""
    with running_site(tmp_path_factory.mktemp("api-people")) as running:
        yield running


@pytest.fixture
async def client(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    """A client with the token that leaves the loop free, for recognition answers on it."""
    with site.client() as plain:
        headers = dict(plain.headers)
    async with httpx.AsyncClient(base_url=site.api.url, headers=headers, timeout=30) as found:
        yield found


@pytest.fixture
async def bus(site: Site) -> AsyncIterator[Bus]:
    """The bus, for what recognition would say."""
    async with Bus.open(site.broker.settings, name="test") as found:
        yield found


async def answers(bus: Bus, reply: FaceReply) -> list[FaceRequest]:
    """Play recognition; returns what it was asked."""
    asked: list[FaceRequest] = []

    async def handler(_subject: str, payload: bytes) -> bytes:
        request = decode(payload, FaceRequest)
        asked.append(request)
        return encode(reply if request.jpeg else FaceReply(cause="no_picture", model=WEIGHTS))

    await bus.serve(FACE_SUBJECT, handler)
    await bus._client.flush()
    return asked


async def add(client: httpx.AsyncClient, person: str, **fields: Any) -> httpx.Response:
    """Add a person."""
    answer = await client.post(
        "/api/v1/people", json={"id": person, "name": person.title(), "basis": "consent"} | fields
    )
    assert answer.status_code == 201, answer.text
    return answer


async def test_a_person_lives_from_post_to_delete(client: httpx.AsyncClient, bus: Bus) -> None:
    """Added, read, found, changed over the version that was read, removed with every face."""
    added = await add(client, "life", name="Анна Л.", department="Цех 3", valid_until="2030-01-01T00:00:00Z")
    assert added.headers["location"] == "/api/v1/people/life"
    read = await client.get("/api/v1/people/life")
    assert read.headers["etag"] == added.headers["etag"] == read.json()["etag"]
    assert read.json()["valid_until"] == "2030-01-01T00:00:00.000000Z"
    tag = {"If-Match": read.headers["etag"]}
    changed = await client.patch("/api/v1/people/life", json={"watch": "vip", "valid_until": None}, headers=tag)
    assert (changed.status_code, changed.json()["watch"], changed.json()["valid_until"]) == (200, "vip", None)
    assert (await client.patch("/api/v1/people/life", json={"name": "x"}, headers=tag)).status_code == 412
    assert (await client.patch("/api/v1/people/life", json={"name": "x"})).status_code == 428
    await answers(bus, GOOD)
    assert (await client.post("/api/v1/people/life/photos", content=b"a photo")).status_code == 201
    assert await bus.bucket("faces").under("life")
    gone = await client.delete("/api/v1/people/life", headers={"If-Match": changed.headers["etag"]})
    assert gone.status_code == 204
    assert await bus.bucket("faces").under("life") == {}
    assert (await client.get("/api/v1/people/life")).status_code == 404


async def test_a_photo_needs_a_basis(client: httpx.AsyncClient, bus: Bus) -> None:
    """None, one that has ended and one that has not begun are refused in words; then it is taken in."""
    await add(client, "based", basis="")
    asked = await answers(bus, GOOD)

    async def told(**fields: Any) -> tuple[int, str]:
        changed = await client.patch("/api/v1/people/based", json=fields, headers={"If-Match": "*"})
        assert changed.status_code == 200, changed.text
        answer = await client.post("/api/v1/people/based/photos", content=b"a photo")
        return answer.status_code, answer.json().get("detail", "")

    status, detail = await told(name="Based")
    assert (status, "'based' is missing: write it" in detail) == (409, True)
    past = {"basis": "consent", "basis_at": "2020-01-01T00:00:00Z", "basis_until": "2021-01-01T00:00:00Z"}
    status, detail = await told(**past)
    assert (status, "'based' has ended: write it" in detail) == (409, True)
    assert (await told(basis_at="2090-01-01T00:00:00Z", basis_until=None))[0] == 409
    assert asked == []
    assert (await told(basis="law", basis_note="Contract 7, folder 3"))[0] == 201
    shown = (await client.get("/api/v1/people/based")).json()
    assert (shown["basis"], shown["basis_note"], shown["basis_until"]) == ("law", "Contract 7, folder 3", None)
    assert shown["basis_at"] is None  # that of the basis before is not this one's
    kept = await client.patch("/api/v1/people/based", json={"basis": ""}, headers={"If-Match": "*"})
    assert (kept.status_code, "set basis_until" in kept.json()["errors"][0]["message"]) == (422, True)


async def test_half_a_basis_is_refused(client: httpx.AsyncClient) -> None:
    """An end or a note without a basis, an end before the beginning, a basis that there is not."""
    day = "2030-01-01T00:00:00Z"
    for body, field in (
        ({"basis_note": "x"}, "basis"),
        ({"basis_until": day}, "basis"),
        ({"basis": "consent", "basis_at": day, "basis_until": day}, "basis_until"),
        ({"basis": "because"}, "basis"),
        ({"basis": "law", "basis_until": "soon"}, "basis_until"),
    ):
        answer = await client.post("/api/v1/people", json={"name": "x"} | body)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field), answer.text


async def test_people_are_found_page_by_page(client: httpx.AsyncClient) -> None:
    """By part of the name, department and list; a page names where the next one begins."""
    for number in range(5):
        await add(client, f"page-{number}", name=f"Пагинация {number}", department="Склад" if number % 2 else "Офис")
    found = (await client.get("/api/v1/people", params={"q": "пагин", "limit": 2})).json()
    assert ([one["id"] for one in found["items"]], found["total"]) == (["page-0", "page-1"], 5)
    rest = (await client.get("/api/v1/people", params={"q": "пагин", "after": found["next_after"]})).json()
    assert ([one["id"] for one in rest["items"]], rest["next_after"]) == (["page-2", "page-3", "page-4"], None)
    store = (await client.get("/api/v1/people", params={"department": "Склад"})).json()
    assert [one["id"] for one in store["items"]] == ["page-1", "page-3"]
    assert (await client.get("/api/v1/people", params={"nobody": "x"})).status_code == 422


async def test_what_people_write_is_checked(client: httpx.AsyncClient) -> None:
    """Unknown fields, a time without a zone, a list that is no token, an id that is taken."""
    for body, field in (
        ({"name": "x", "nmae": 1}, "nmae"), ({"name": ""}, "name"), ({"name": "x", "watch": "Плохие"}, "watch"),
        ({"name": "x", "valid_until": "tomorrow"}, "valid_until"),
    ):  # fmt: skip
        answer = await client.post("/api/v1/people", json=body)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field), answer.text
    await add(client, "taken")
    assert (await client.post("/api/v1/people", json={"id": "taken", "name": "b"})).status_code == 409


async def test_a_photo_is_taken_in(client: httpx.AsyncClient, bus: Bus) -> None:
    """Only the embedding is kept, with its weights; who looks alike is told; the same photo is the same sample."""
    await add(client, "anna")
    await add(client, "boris", name="Борис")
    near = FaceMatch(person="boris", similarity=0.71, false_accept_rate=0.001)
    asked = await answers(bus, msgspec.structs.replace(GOOD, nearest=near, own=0.1))
    first = await client.post("/api/v1/people/anna/photos", content=b"photo 1")
    assert first.status_code == 201, first.text
    told = first.json()
    assert told["alike"] == {"person": "boris", "name": "Борис", "similarity": 0.71, "false_accept_rate": 0.001}
    assert (told["unlike_before"], told["liveness"], told["quality"]) == (True, None, 0.9)
    assert (asked[0].jpeg, asked[0].person, asked[0].strict) == (b"photo 1", "anna", True)
    await client.post("/api/v1/people/anna/photos", content=b"photo 1")
    (entry,) = (await bus.bucket("faces").under("anna")).values()
    kept = msgspec.json.decode(entry.value or b"", type=FaceSample)
    assert (kept.embedding, kept.model, kept.person) == (EMBEDDING, WEIGHTS, "anna")
    assert b"photo 1" not in (entry.value or b"")
    (shown,) = (await client.get("/api/v1/people/anna/photos")).json()["items"]
    assert (shown["usable"], shown["negative"], shown["model"]["sha256"]) == (True, False, WEIGHTS.sha256)
    assert (await client.delete(f"/api/v1/people/anna/photos/{shown['id']}")).status_code == 204
    assert (await client.delete(f"/api/v1/people/anna/photos/{shown['id']}")).status_code == 404


async def test_faces_of_other_weights_are_named(client: httpx.AsyncClient, bus: Bus) -> None:
    """They are there, and not usable; where nobody says what is deployed, that is said."""
    await add(client, "old")
    sample = FaceSample(id="p-1", person="old", embedding=EMBEDDING, model=ModelRef(name="before", sha256="00"))
    await bus.bucket("faces").put("old.p-1", msgspec.json.encode(sample))
    assert (await client.get("/api/v1/people/old/photos")).json()["items"][0]["usable"] is None
    await answers(bus, GOOD)
    assert (await client.get("/api/v1/people/old/photos")).json()["items"][0]["usable"] is False


@pytest.mark.parametrize("cause", ["no_picture", "no_face", "several_faces", "too_small", "blurred", "turned_away"])
async def test_a_photo_is_refused_in_words(client: httpx.AsyncClient, bus: Bus, cause: str) -> None:
    """In both languages, with the cause for programs; nothing is kept."""
    person = f"refused-{cause}".replace("_", "-")
    await add(client, person)
    await answers(bus, msgspec.structs.replace(GOOD, cause=cause, embedding=b""))
    answer = await client.post(f"/api/v1/people/{person}/photos", content=b"photo")
    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (422, "urn:zool:problem:photo-refused")
    assert problem["errors"][0]["field"] == f"photo.{cause}"
    russian = await client.post(f"/api/v1/people/{person}/photos", content=b"photo", headers={"Accept-Language": "ru"})
    assert russian.json()["detail"] != problem["detail"]
    assert await bus.bucket("faces").under(person) == {}


async def _said_to_a_large_body(site: Site, path: str) -> bytes:
    """The answer to a body of 4 MB, told from its length alone."""
    host, port = site.api.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: 4000000\r\n\r\n"
    writer.write(head.encode())
    answer = await reader.read()
    writer.close()
    return answer


async def test_photos_are_bounded(site: Site, client: httpx.AsyncClient, bus: Bus) -> None:
    """A person who is not there, a photo that is too large, more photos than are kept, recognition away."""
    assert (await client.post("/api/v1/people/nobody/photos", content=b"x")).status_code == 404
    await add(client, "many")
    assert (await client.post("/api/v1/people/many/photos", content=b"x")).status_code == 503
    large = await _said_to_a_large_body(site, "/api/v1/people/many/photos")
    assert large.startswith(b"HTTP/1.1 413 ")
    assert b"3145728" in large
    await answers(bus, GOOD)
    for number in range(12):
        assert (await client.post("/api/v1/people/many/photos", content=f"{number}".encode())).status_code == 201
    assert (await client.post("/api/v1/people/many/photos", content=b"one more")).status_code == 409


async def test_not_this_person(site: Site, client: httpx.AsyncClient, bus: Bus) -> None:
    """The face is remembered as not theirs, and the feedback is an event."""
    await add(client, "wrong")
    event = vehicle_event(1, camera="door-1", kind="face_known", function="faces", plate="", person="wrong", final=True)
    site.keep(event, shots=(shot_of(event),))
    asked = await answers(bus, GOOD)
    answer = await client.post("/api/v1/people/wrong/mistakes", json={"event": event.event_id})
    assert answer.status_code == 201, answer.text
    assert (answer.json()["negative"], answer.json()["source"]) == (True, f"event:{event.event_id}")
    assert (asked[0].jpeg, asked[0].strict) == (b"\xff\xd8large", False)
    told = [decode(m.payload, Event) for m in await everything(bus, "EVENTS", "zool.events.door-1.*")]
    (said,) = (feedback_of(one) for one in told)
    assert said is not None
    assert (said.event_id, said.verdict, said.person) == (event.event_id, "not_person", "wrong")
    (entry,) = (await bus.bucket("faces").under("wrong")).values()
    assert msgspec.json.decode(entry.value or b"", type=FaceSample).negative
    with contextlib.suppress(KeyError):
        await add(client, "right")
    other = await client.post("/api/v1/people/right/mistakes", json={"event": event.event_id})
    assert other.status_code == 404
    assert (await client.post("/api/v1/people/right/mistakes", json={"event": "no-such"})).status_code == 404
