# ruff: noqa: ASYNC212 - a blocking client is fine where nothing of this loop has to answer meanwhile
"""REST over the real broker and the real store."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import msgspec
import pytest

from ingest.bus import Bus
from ingest.contract import (
    PROBE_SUBJECT,
    CameraState,
    ProbeReply,
    ProbeRequest,
    Shot,
    SnapshotReply,
    SnapshotRequest,
    decode,
    encode,
    snapshot_subject,
    state_subject,
)
from postprocess.contract import Event
from postprocess.functions.registry import registry
from tests.support.api import Site, running_site, shot_of, vehicle_event

URL = "rtsp://viewer:secret-word@10.0.0.8:554/stream1"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One running site for the whole file."""
    with running_site(tmp_path_factory.mktemp("api-rest"), {"ZOOL_API_FAILED_LOGINS_PER_MINUTE": "4"}) as running:
        yield running


@pytest.fixture
def client(site: Site) -> Iterator[httpx.Client]:
    """A client with the token."""
    with site.client() as found:
        yield found


@pytest.fixture
async def bus(site: Site) -> AsyncIterator[Bus]:
    """The bus, for what ingest would say."""
    async with Bus.open(site.broker.settings, name="test") as found:
        yield found


def add(client: httpx.Client, camera_id: str, **fields: Any) -> httpx.Response:
    """Add a camera."""
    answer = client.post("/api/v1/cameras", json={"id": camera_id, "name": "Ворота", "url": URL} | fields)
    assert answer.status_code == 201, answer.text
    return answer


def test_a_camera_lives_from_post_to_delete(client: httpx.Client) -> None:
    """A camera is added, read, listed, changed and removed, each over the version that was read."""
    added = add(client, "life-1")
    assert added.headers["location"] == "/api/v1/cameras/life-1"
    assert added.json()["url"] == "rtsp://***@10.0.0.8:554/stream1"
    read = client.get("/api/v1/cameras/life-1")
    assert read.headers["etag"] == added.headers["etag"] == read.json()["etag"]
    assert "life-1" in [one["id"] for one in client.get("/api/v1/cameras").json()["items"]]
    tag = {"If-Match": read.headers["etag"]}
    changed = client.patch("/api/v1/cameras/life-1", json={"name": "Gate", "analysis_fps": 8}, headers=tag)
    assert (changed.status_code, changed.json()["name"], changed.json()["analysis_fps"]) == (200, "Gate", 8.0)
    assert changed.headers["etag"] != tag["If-Match"]
    assert client.delete("/api/v1/cameras/life-1", headers=tag).status_code == 412
    assert client.delete("/api/v1/cameras/life-1", headers={"If-Match": changed.headers["etag"]}).status_code == 204
    assert client.get("/api/v1/cameras/life-1").status_code == 404


def test_the_system_s_own_name_is_no_camera(client: httpx.Client) -> None:
    """Its events stand where a camera's would."""
    answer = client.post("/api/v1/cameras", json={"id": "system", "name": "x", "url": URL})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "id")


def test_a_camera_gets_an_id_of_its_own(client: httpx.Client) -> None:
    """Without an id one is made that fits into a subject."""
    answer = client.post("/api/v1/cameras", json={"name": "Office", "url": "rtsp://10.0.0.9/"})
    assert answer.json()["id"].startswith("cam-")


def test_changes_need_a_fresh_if_match(client: httpx.Client) -> None:
    """No If-Match is 428, an old one 412, and the answer says what to do."""
    first = add(client, "fresh-1").headers["etag"]
    assert client.patch("/api/v1/cameras/fresh-1", json={"name": "x"}).status_code == 428
    assert client.delete("/api/v1/cameras/fresh-1").status_code == 428
    assert client.patch("/api/v1/cameras/fresh-1", json={"name": "x"}, headers={"If-Match": first}).status_code == 200
    stale = client.patch("/api/v1/cameras/fresh-1", json={"name": "y"}, headers={"If-Match": first})
    assert stale.status_code == 412
    assert "read it again" in stale.json()["detail"]


def test_an_id_is_taken_once(client: httpx.Client) -> None:
    """A second camera of the same id is refused, the first one stays."""
    add(client, "twice-1")
    answer = client.post("/api/v1/cameras", json={"id": "twice-1", "name": "b", "url": URL})
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:zool:problem:already-exists")


async def test_the_password_stays_inside(client: httpx.Client, bus: Bus) -> None:
    """A masked address sent back keeps the stored one; one masked by hand is refused."""
    tag = add(client, "mask-1").headers["etag"]
    masked = client.get("/api/v1/cameras/mask-1").json()["url"]
    answer = client.patch("/api/v1/cameras/mask-1", json={"url": masked, "name": "n"}, headers={"If-Match": tag})
    assert answer.status_code == 200
    entry = await bus.bucket("cameras").get("mask-1")
    assert entry is not None
    assert msgspec.json.decode(entry.value or b"")["url"] == URL
    refused = client.patch(
        "/api/v1/cameras/mask-1",
        json={"url": "rtsp://***@10.9.9.9/other"},
        headers={"If-Match": answer.headers["etag"]},
    )
    assert refused.status_code == 422


async def test_a_second_stream_is_as_safe_as_the_first(client: httpx.Client, bus: Bus) -> None:
    """Its address is checked, shown masked, kept when it comes back masked, and taken away by an empty one."""
    second = URL.replace("stream1", "stream2")
    added = add(client, "two-1", analysis_url=second)
    assert added.json()["analysis_url"] == "rtsp://***@10.0.0.8:554/stream2"

    def patched(tag: str, **fields: str) -> httpx.Response:
        return client.patch("/api/v1/cameras/two-1", json=fields, headers={"If-Match": tag})

    kept = patched(added.headers["etag"], analysis_url=added.json()["analysis_url"], name="n")
    entry = await bus.bucket("cameras").get("two-1")
    assert entry is not None
    assert msgspec.json.decode(entry.value or b"")["analysis_url"] == second
    for wrong in ("file:///etc/passwd", "rtsp://***@10.9.9.9/other"):
        refused = patched(kept.headers["etag"], analysis_url=wrong)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "analysis_url")
    gone = patched(kept.headers["etag"], analysis_url="")
    assert (gone.status_code, gone.json()["analysis_url"]) == (200, "")
    wrong_from_the_first = {"name": "x", "url": URL, "analysis_url": "file:///etc/passwd"}
    assert client.post("/api/v1/cameras", json=wrong_from_the_first).status_code == 422


async def test_states_come_with_the_list(site: Site, client: httpx.Client, bus: Bus) -> None:
    """What ingest says of a camera is in the list, its cause in the reader's language; silence is unknown."""
    add(client, "state-1")
    assert client.get("/api/v1/cameras/state-1").json()["state"]["phase"] == "unknown"
    state = CameraState(camera="state-1", phase="lost", cause="auth", detail="401 from the camera", since_us=1)

    def shown(asked: httpx.Client) -> bool:
        return bool(asked.get("/api/v1/cameras/state-1").json()["state"]["phase"] == "lost")

    for _ in range(100):
        await bus.tell(state_subject("state-1"), b"garbage")
        await bus.tell(state_subject("state-1"), encode(state))
        await asyncio.sleep(0.05)
        if shown(client):
            break
    assert client.get("/api/v1/cameras/state-1").json()["state"]["detail"] == "401 from the camera"
    with site.client(language="ru-RU,ru;q=0.9") as russian:
        found = russian.get("/api/v1/cameras/state-1").json()["state"]["detail"]
    assert found == "Неверное имя пользователя или пароль (401 from the camera)"
    assert client.get("/health/ready").json()["components"]["ingest"]["ok"] is True


async def test_a_probe_says_what_is_there(client: httpx.Client, bus: Bus) -> None:
    """Codec, size, rate and a picture, or the cause in words."""

    async def probe(_: str, payload: bytes) -> bytes:
        request = decode(payload, ProbeRequest)
        if "wrong" in request.url:
            return encode(ProbeReply(ok=False, cause="dns", detail="host 'wrong.example' is unknown"))
        return encode(ProbeReply(ok=True, codec="h264", width=1280, height=720, fps=25.0, jpeg=b"\xff\xd8picture"))

    await bus.serve(PROBE_SUBJECT, probe)
    good = await asyncio.to_thread(client.post, "/api/v1/cameras/test", json={"url": "rtsp://10.0.0.8/"})
    assert good.json() | {"snapshot": ""} == {
        "ok": True, "cause": "none", "detail": "", "codec": "h264", "width": 1280, "height": 720, "fps": 25.0,
        "snapshot": "",
    }  # fmt: skip
    assert base64.b64decode(good.json()["snapshot"]) == b"\xff\xd8picture"
    bad = await asyncio.to_thread(client.post, "/api/v1/cameras/test", json={"url": "rtsp://wrong.example/"})
    assert (bad.status_code, bad.json()["cause"]) == (200, "dns")
    assert "wrong.example" in bad.json()["detail"]


async def test_a_snapshot_is_a_picture_or_a_reason(client: httpx.Client, bus: Bus) -> None:
    """The newest picture as JPEG; while there is none, the reason in words."""
    add(client, "snap-1")
    add(client, "snap-2")
    add(client, "snap-3")

    async def picture(subject: str, _: bytes) -> bytes:
        ok = subject == snapshot_subject("snap-1")
        return encode(SnapshotReply(jpeg=b"\xff\xd8now") if ok else SnapshotReply(detail="the camera is connecting"))

    await bus.serve(snapshot_subject("snap-1"), picture)
    await bus.serve(snapshot_subject("snap-2"), picture)
    found = await asyncio.to_thread(client.get, "/api/v1/cameras/snap-1/snapshot.jpg")
    assert (found.headers["content-type"], found.content) == ("image/jpeg", b"\xff\xd8now")
    none = await asyncio.to_thread(client.get, "/api/v1/cameras/snap-2/snapshot.jpg")
    assert (none.status_code, none.headers["retry-after"]) == (503, "2")
    assert "the camera is connecting" in none.json()["detail"]
    nobody = await asyncio.to_thread(client.get, "/api/v1/cameras/snap-3/snapshot.jpg")
    assert (nobody.status_code, nobody.json()["type"]) == (503, "urn:zool:problem:unavailable")
    assert client.get("/api/v1/cameras/nowhere/snapshot.jpg").status_code == 404


async def test_what_was_not_seen_is_marked(client: httpx.Client, bus: Bus) -> None:
    """A picture is kept as a photo, a mark in it becomes an event; a picture of another camera is refused."""
    add(client, "miss-1")
    add(client, "miss-2")

    async def picture(_: str, asked: bytes) -> bytes:
        wide = decode(asked, SnapshotRequest).width_max
        return encode(SnapshotReply(jpeg=b"\xff\xd8now", captured_at_us=1_780_000_000_000_000, width=wide, height=720))

    await bus.serve(snapshot_subject("miss-1"), picture)
    kept = await asyncio.to_thread(client.post, "/api/v1/cameras/miss-1/stills")
    assert (kept.status_code, kept.json()["width"]) == (201, 1920)
    shots = await bus.reader("SHOTS", subject="zool.shots.still.miss-1", start_seq=1)
    (shot,) = await shots.fetch(1, timeout_s=20)
    await shots.close()
    assert decode(shot.payload, Shot).shot_id == kept.json()["id"]
    body = {"still": kept.json()["id"], "objects": [{"label": "truck", "box": [0.1, 0.2, 0.4, 0.6]}]}
    done = client.post("/api/v1/cameras/miss-1/missed", json=body)
    assert done.status_code == 201, done.text
    events = await bus.reader("EVENTS", subject="zool.events.miss-1.missed_object", start_seq=1)
    (event,) = await events.fetch(1, timeout_s=20)
    await events.close()
    assert [decode(event.payload, Event).event_id] == done.json()["events"]
    assert client.post("/api/v1/cameras/miss-2/missed", json=body).status_code == 422


LINE = {"id": "gate", "a": [0.1, 0.6], "b": [0.9, 0.6]}


def test_a_function_lives_from_put_to_delete(client: httpx.Client) -> None:
    """A function is set up, changed over the version that was read, listed, and goes with its camera."""
    tag = add(client, "func-1").headers["etag"]
    path = "/api/v1/cameras/func-1/functions/vehicles"
    made = client.put(path, json={"settings": {"lines": [LINE], "confidence_ratio": 0.6}})
    assert made.status_code == 201, made.text
    assert made.json()["settings"]["lines"] == [LINE | {"entry": "forward"}]
    assert made.json()["effective"]["confidence_ratio"] == {"value": 0.6, "source": "function"}
    assert made.json()["effective"]["class_list"]["source"] == "default"
    assert client.put(path, json={"enabled": False}).status_code == 428
    again = client.put(path, json={"enabled": False}, headers={"If-Match": made.headers["etag"]})
    assert (again.status_code, again.json()["enabled"]) == (200, False)
    assert client.put(path, json={}, headers={"If-Match": made.headers["etag"]}).status_code == 412
    listed = client.get("/api/v1/cameras/func-1/functions").json()
    assert ([one["name"] for one in listed["items"]], listed["available"]) == (["vehicles"], list(registry()))
    assert client.delete("/api/v1/cameras/func-1", headers={"If-Match": tag}).status_code == 204
    add(client, "func-1")
    assert client.get(path).status_code == 404


def test_a_function_can_be_removed(client: httpx.Client) -> None:
    """Removing a function needs the version that was read and leaves the camera."""
    add(client, "func-2")
    path = "/api/v1/cameras/func-2/functions/vehicles"
    tag = client.put(path, json={}).headers["etag"]
    assert client.delete(path).status_code == 428
    assert client.delete(path, headers={"If-Match": tag}).status_code == 204
    assert client.get(path).status_code == 404
    assert client.get("/api/v1/cameras/func-2").status_code == 200


def test_events_page_by_page(site: Site, client: httpx.Client) -> None:
    """Newest first, in pages that hold still while events come in, each event once in its newest version."""
    events = [vehicle_event(number, camera="page-1") for number in range(7)]
    site.keep(*events, msgspec.structs.replace(events[2], version=2, plate="К777КК99"))
    seen: list[str] = []
    cursor = ""
    for page in range(10):
        answer = client.get("/api/v1/events", params={"camera": "page-1", "limit": 3, "cursor": cursor}).json()
        seen += [one["id"] for one in answer["items"]]
        if page == 0:
            site.keep(vehicle_event(99, camera="page-1"))
        cursor = answer["next_cursor"]
        if cursor is None:
            break
    assert seen == [event.event_id for event in reversed(events)]
    found = client.get("/api/v1/events/event-page-1-0002").json()
    assert (found["version"], found["plate"]) == (2, "К777КК99")


def test_events_are_found_by_what_they_are(site: Site, client: httpx.Client) -> None:
    """Filters: plate in either alphabet and in part, kind, and time."""
    site.keep(
        vehicle_event(1, camera="find-1", plate="А123ВС77"),
        vehicle_event(2, camera="find-1", plate="О777ОО99", kind="vehicle_exit", direction="exit"),
        vehicle_event(3, camera="find-1", plate=""),
    )

    def found(**params: str) -> list[str]:
        answer = client.get("/api/v1/events", params={"camera": "find-1"} | params)
        assert answer.status_code == 200, answer.text
        return [one["id"][-1] for one in answer.json()["items"]]

    assert found() == ["3", "2", "1"]
    assert found(plate="a 123 bc") == ["1"]
    assert found(plate="77оо") == ["2"]
    assert found(kind="vehicle_exit") == ["2"]
    at = client.get("/api/v1/events/event-find-1-0002").json()["opened_at"]
    assert found(since=at) == ["3", "2"]
    assert found(until=at) == ["1"]


def test_an_event_comes_with_its_evidence(site: Site, client: httpx.Client) -> None:
    """One event: times in UTC with microseconds, models with their hash, photos as links that work."""
    event = vehicle_event(1, camera="full-1", at_us=1_780_000_000_000_001)
    site.keep(event, shots=(shot_of(event),))
    found = client.get(f"/api/v1/events/{event.event_id}").json()
    assert found["opened_at"] == "2026-05-28T20:26:41.000001Z"
    assert found["models"][0] == {"name": "starter-detector", "version": "1", "sha256": "ab" * 32, "starter": True}
    assert found["photos"][0]["quad"][0] == [0.2, 0.5]
    photo = client.get(found["photos"][0]["url"])
    assert (photo.headers["content-type"], photo.content) == ("image/jpeg", b"\xff\xd8large")
    assert client.get(f"/api/v1/events/{event.event_id}/photos/1.jpg").status_code == 404
    assert client.get(f"/api/v1/events/{event.event_id}/photos/x.jpg").status_code == 404
    assert client.get("/api/v1/events/nothing-here").status_code == 404


def test_a_thumbnail_stands_in_for_a_photo(site: Site, client: httpx.Client) -> None:
    """While the store has no photo, the event's small picture is shown, and not kept by the browser."""
    event = vehicle_event(1, camera="small-1")
    site.keep(event)
    photo = client.get(f"/api/v1/events/{event.event_id}/photos/0.jpg")
    assert (photo.content, photo.headers["cache-control"]) == (b"\xff\xd8small", "no-store")


def test_nothing_but_health_is_open(site: Site) -> None:
    """Without a token there is health and the pages, and nothing else; too many wrong tokens have to wait."""
    with site.client(token="") as nobody:
        assert nobody.get("/health/live").json() == {"live": True}
        assert nobody.get("/health/ready").status_code == 200
        assert nobody.get("/").headers["content-type"].startswith("text/html")
        for path in ("/metrics", "/api/v1/cameras", "/api/v1/events", "/api/v1/events/stream"):
            refused = nobody.get(path)
            assert (refused.status_code, refused.headers["www-authenticate"]) == (401, 'Bearer realm="zool"')
    with site.client(token="wrong-token") as guesser:
        answers = [guesser.get("/api/v1/cameras") for _ in range(5)]
        assert [answer.status_code for answer in answers] == [401, 401, 401, 401, 429]
        assert int(answers[-1].headers["retry-after"]) > 0
    with site.client() as known:
        assert known.get("/api/v1/cameras").status_code == 200
    assert "wrong-token" not in site.api.log
