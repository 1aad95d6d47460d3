"""Who may do what, over the running api: every call of its document by every role, and what a region's people see."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any, cast, get_args

import grpc  # type: ignore[import-untyped]
import httpx
import msgspec
import pytest

from api.access_table import OPEN, TABLE, grants
from api.contract import Role, User
from api.tokens import hash_token
from ingest.bus import Bus
from ingest.contract import Camera, encode, events_subject
from postprocess.contract import Event, Region
from tests.support.acs import connected
from tests.support.api import Site, running_site, shot_of, vehicle_event

ROLES: tuple[Role, ...] = get_args(Role)
FAR, NEAR, BELOW = "gate-south", "gate-north", "yard-north"
LOOSE = "gate-loose"
"""Stands in a region that is not in the tree."""
REFUSED = {401, 403}
MANY_WRONG = {"ZOOL_API_FAILED_LOGINS_PER_MINUTE": "10000"}


def token_of(name: str) -> str:
    """The token of a user of this file."""
    return f"token-of-the-user-{name}"


async def prepare(site: Site) -> None:
    """A user of each role, the same limited to the region north, and cameras in and outside of it."""
    users = [User(name=role, role=role, token_sha256=hash_token(token_of(role))) for role in ROLES]
    users += [
        User(name=f"{role}-north", role=role, regions=("north",), token_sha256=hash_token(token_of(f"{role}-north")))
        for role in ROLES
    ]
    users.append(User(name="gone", role="administrator", disabled=True, token_sha256=hash_token(token_of("gone"))))
    places = {"site": "", "north": "site", "south": "site", "yard": "north"}
    async with Bus.open(site.broker.settings, name="prepare") as bus:
        for user in users:
            await bus.bucket("users").put(user.name, msgspec.json.encode(user))
        for name, parent in places.items():
            functions: dict[str, Any] = {"parking": {}}
            region = Region(id=name, name=name, parent=parent, functions=functions)
            await bus.bucket("regions").put(name, msgspec.json.encode(region))
        for camera, region_id in ((FAR, "south"), (NEAR, "north"), (BELOW, "yard"), (LOOSE, "loading")):
            entry = Camera(id=camera, name=camera, url="rtsp://10.0.0.8/s", region=region_id)
            await bus.bucket("cameras").put(camera, msgspec.json.encode(entry))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A running site with people, places and events."""
    with running_site(tmp_path_factory.mktemp("api-access"), MANY_WRONG) as running:
        asyncio.run(prepare(running))
        events = [vehicle_event(number, camera=camera) for camera in (FAR, NEAR, BELOW) for number in (1, 2)]
        running.keep(*events, shots=tuple(shot_of(event) for event in events))
        with as_user(running, f"{ROLES[-1]}-north") as last:
            running.until(lambda _: last.get("/api/v1/functions").status_code == 200)
        running.until(lambda client: len(client.get("/api/v1/cameras").json()["items"]) == 4)
        running.until(lambda client: len(client.get("/api/v1/parking/lots").json()["items"]) == 4)
        yield running


def as_user(site: Site, name: str) -> httpx.Client:
    """A client of a user."""
    return site.client(token=token_of(name))


def status_of(client: httpx.Client, method: str, path: str) -> int:
    """How a call is answered: headers alone, since some answers never end."""
    with client.stream(method, path) as answer:
        return answer.status_code


def documented(site: Site) -> list[tuple[str, str]]:
    """Every call of the document that the running api serves."""
    with site.client() as client:
        paths = client.get("/schema/openapi.json").json()["paths"]
    return [(method.upper(), path) for path, item in paths.items() for method in item]


def filled(path: str) -> str:
    """A path whose parts name nothing that is there."""
    for name in ("camera_id", "name", "stage", "event_id", "person_id", "lot_id", "entry_id", "sample_id"):
        path = path.replace(f"{{{name}}}", "nothing")
    path = path.replace("{seq}", "999999").replace("{photo}", "0.jpg")
    while "{" in path:  # what others name in their own way
        path = path[: path.index("{")] + "nothing" + path[path.index("}") + 1 :]
    return path


@pytest.mark.parametrize("role", [*ROLES, "nobody", "gone"])
def test_every_call_by_every_role(site: Site, role: str) -> None:
    """Each call of the document answers each role as the table says; a call that is not in the table fails here."""
    wrong: list[tuple[str, str, int, str]] = []
    with as_user(site, role) as client:
        for method, path in documented(site):
            expected = expected_of(method, path, role)
            status = status_of(client, method, filled(path))
            if str(status if status in REFUSED else "let in") != expected:
                wrong.append((method, path, status, expected))
    assert wrong == []


def expected_of(method: str, path: str, role: str) -> str:
    """What the table says of a call."""
    if (method, path) in OPEN:
        return "let in"
    assert method in TABLE.get(path, {}), f"{method} {path} is missing in api/access_table.py"
    if role in {"nobody", "gone"}:
        return "401"
    return "let in" if grants(TABLE[path][method], [cast("Role", role)]) else "403"


@pytest.mark.parametrize("role", ROLES)
def test_every_call_by_people_of_a_region(site: Site, role: Role) -> None:
    """What is about the whole site is refused to them, whatever their role."""
    wrong: list[tuple[str, str, int]] = []
    with as_user(site, f"{role}-north") as client:
        for path, methods in TABLE.items():
            for method, access in methods.items():
                status = status_of(client, method, filled(path))
                allowed = grants(access, [role]) and access.place != "site"
                if (status not in REFUSED) != allowed:
                    wrong.append((method, path, status))
    assert wrong == []


def test_lists_hold_what_lies_in_the_region(site: Site) -> None:
    """Cameras, events, lots: those of the region and below it, to whatever question."""
    with as_user(site, "operator-north") as client:
        cameras = client.get("/api/v1/cameras").json()["items"]
        assert [camera["id"] for camera in cameras] == [NEAR, BELOW]
        events = client.get("/api/v1/events").json()["items"]
        assert {event["camera"] for event in events} == {NEAR, BELOW}
        assert len(events) == 4
        assert client.get("/api/v1/events", params={"camera": FAR}).json()["items"] == []
        assert [lot["id"] for lot in client.get("/api/v1/parking/lots").json()["items"]] == ["north", "yard"]
        pages = client.get("/api/v1/events", params={"limit": "3"}).json()
        rest = client.get("/api/v1/events", params={"limit": "3", "cursor": pages["next_cursor"]}).json()
        assert [len(pages["items"]), len(rest["items"])] == [3, 1]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"/api/v1/cameras/{FAR}"),
        ("GET", f"/api/v1/cameras/{FAR}/snapshot.jpg"),
        ("GET", f"/api/v1/cameras/{FAR}/functions"),
        ("GET", f"/api/v1/cameras/{FAR}/functions/vehicles"),
        ("GET", f"/api/v1/events/event-{FAR}-0001"),
        ("GET", f"/api/v1/events/event-{FAR}-0001/photos/0.jpg"),
        ("GET", "/api/v1/parking/lots/south"),
        ("GET", "/api/v1/parking/lots/site"),
        ("DELETE", f"/api/v1/cameras/{FAR}"),
        ("DELETE", f"/api/v1/cameras/{FAR}/functions/vehicles"),
        ("DELETE", "/api/v1/parking/lots/south"),
    ],
)
def test_single_things_of_elsewhere_are_not_there(site: Site, method: str, path: str) -> None:
    """404, as for what does not exist; people of the whole site find it."""
    with as_user(site, "administrator-north") as client:
        answer = client.request(method, path, headers={"If-Match": "*"})
        assert answer.status_code == 404, answer.text
    if method == "GET" and not path.endswith("/vehicles"):
        with as_user(site, "administrator") as client:
            assert client.get(path).status_code != 404


def test_what_is_written_stays_in_the_region(site: Site) -> None:
    """Bodies that reach elsewhere are refused: functions, feedback, a camera put or moved out, a lot out of place."""
    vehicles = {"enabled": True, "settings": {}}
    with as_user(site, "administrator-north") as client:
        assert client.put(f"/api/v1/cameras/{FAR}/functions/vehicles", json=vehicles).status_code == 404
        assert client.put(f"/api/v1/cameras/{NEAR}/functions/vehicles", json=vehicles).status_code == 201
        said = {"verdict": "confirmed"}
        assert client.post(f"/api/v1/events/event-{FAR}-0001/feedback", json=said).status_code == 404
        assert client.post(f"/api/v1/events/event-{NEAR}-0001/feedback", json=said).status_code == 201
        plate = {"plate": "А123ВС77"}
        assert client.post(f"/api/v1/review/plates/event-{FAR}-0001", json=plate).status_code == 404
        camera = {"id": "new-1", "name": "n", "url": "rtsp://10.0.0.9/s"}
        for region in ("south", "site", ""):
            assert client.post("/api/v1/cameras", json=camera | {"region": region}).status_code == 403
        assert client.post("/api/v1/cameras", json=camera | {"region": "yard"}).status_code == 201
        moved = client.patch("/api/v1/cameras/new-1", json={"region": "south"}, headers={"If-Match": "*"})
        assert moved.status_code == 403
        assert "limited to north" in moved.json()["detail"]
        assert client.delete("/api/v1/cameras/new-1", headers={"If-Match": "*"}).status_code == 204
        assert client.put("/api/v1/parking/lots/south-2", json={"parent": "south"}).status_code == 403
        assert client.put("/api/v1/parking/lots/loading", json={"parent": "yard"}).status_code == 403  # LOOSE's
        assert client.put("/api/v1/parking/lots/yard-2", json={"parent": "yard"}).status_code == 201
        assert client.delete("/api/v1/parking/lots/yard-2", headers={"If-Match": "*"}).status_code == 204
    patch = {"name": "x"}
    with as_user(site, "operator-north") as client:
        answer = client.patch(f"/api/v1/cameras/{FAR}", json=patch, headers={"If-Match": "*"})
        assert answer.status_code == 404


async def _happen(site: Site, *events: Event) -> None:
    async with Bus.open(site.broker.settings, name="happens") as bus:
        for event in events:
            await bus.publish(events_subject(event.camera, event.kind), encode(event), message_id=event.message_id)


def test_live_events_are_those_of_the_region(site: Site) -> None:
    """Server-sent events: what happens elsewhere never comes, also where it is asked for by name."""
    with (
        as_user(site, "viewer-north") as client,
        client.stream("GET", "/api/v1/events/stream", timeout=60) as mine,
    ):
        lines = mine.iter_lines()
        while not next(lines).startswith("event: hello"):
            pass
        asyncio.run(_happen(site, *(vehicle_event(n, camera=camera) for n in (11, 12) for camera in (FAR, NEAR))))
        seen: list[str] = []
        while len(seen) < 2:
            line = next(lines)
            if line.startswith("data: {") and '"camera"' in line:
                seen.append(json.loads(line.removeprefix("data: "))["id"])
        assert seen == [f"event-{NEAR}-0011", f"event-{NEAR}-0012"]


def test_the_same_over_grpc(site: Site) -> None:
    """Streams leave out what happens elsewhere, single events of elsewhere are not there."""
    with connected(site, token=token_of("integration-north")) as client:
        with client.stream() as stream:
            stream.message()
            asyncio.run(_happen(site, *(vehicle_event(n, camera=camera) for n in (21, 22) for camera in (FAR, NEAR))))
            assert stream.events(2) == [f"event-{NEAR}-0021", f"event-{NEAR}-0022"]
        assert client.get(f"event-{NEAR}-0001").camera == NEAR
        with pytest.raises(grpc.RpcError) as refused:
            client.get(f"event-{FAR}-0001")
        assert refused.value.code() == grpc.StatusCode.NOT_FOUND
    with connected(site, token=token_of("gone")) as client, pytest.raises(grpc.RpcError) as refused:
        client.get(f"event-{NEAR}-0001")
    assert refused.value.code() == grpc.StatusCode.UNAUTHENTICATED
