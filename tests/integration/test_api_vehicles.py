"""Lists of vehicles, feedback and the review of plates, over a real broker and the real engine."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import httpx
import msgspec
import pytest

from ingest.bus import Bus
from ingest.contract import decode
from postprocess.contract import Event, VehicleEntry, feedback_of
from tests.support.api import Site, running_site, vehicle_event

NOW_US = int(time.time() * 1e6)
PATH = "/api/v1/vehicles"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One running site for the whole file."""
    with running_site(tmp_path_factory.mktemp("api-vehicles")) as running:
        yield running


@pytest.fixture
def client(site: Site) -> Iterator[httpx.Client]:
    """A client with the token."""
    with site.client() as found:
        yield found


def stored(site: Site, key: str) -> VehicleEntry | None:
    """An entry as the bucket holds it."""

    async def get() -> VehicleEntry | None:
        async with Bus.open(site.broker.settings, name="test") as bus:
            entry = await bus.bucket("vehicles").get(key)
        return None if entry is None or entry.value is None else msgspec.json.decode(entry.value, type=VehicleEntry)

    return asyncio.run(get())


def feedbacks(site: Site) -> list[Event]:
    """What people said, as it is in the stream."""

    async def read() -> list[Event]:
        async with Bus.open(site.broker.settings, name="test") as bus:
            reader = await bus.reader("EVENTS", subject="zool.events.*.feedback", start_seq=1)
            return [decode(message.payload, Event) for message in await reader.fetch(100, timeout_s=2.0)]

    return asyncio.run(read())


def test_an_entry_from_its_beginning_to_its_end(site: Site, client: httpx.Client) -> None:
    """Put on a list, found, changed over the version that was read, taken off."""
    body = {"plate": "А 001 АА 77", "list": "allow", "owner": "Director", "valid_until": "2030-01-01T00:00:00+03:00"}
    made = client.post(PATH, json=body)
    assert made.status_code == 201, made.text
    path, shown = made.headers["location"], made.json()
    assert (shown["plate_folded"], shown["valid_until"]) == ("A001AA77", "2029-12-31T21:00:00.000000Z")
    assert client.post(PATH, json=body).status_code == 409
    assert [one["id"] for one in client.get(PATH, params={"plate": "001aa"}).json()["items"]] == [shown["id"]]
    assert client.put(path, json=body).status_code == 428
    assert client.put(path, json=body, headers={"If-Match": '"1000"'}).status_code == 412
    denied = client.put(path, json=body | {"list": "deny"}, headers={"If-Match": made.headers["etag"]})
    assert denied.status_code == 200
    found = stored(site, shown["id"])
    assert found is not None
    assert found.list == "deny"
    assert client.delete(path, headers={"If-Match": made.headers["etag"]}).status_code == 412
    assert client.delete(path, headers={"If-Match": denied.headers["etag"]}).status_code == 204
    assert client.get(path).status_code == 404
    assert stored(site, shown["id"]) is None


def test_an_entry_with_a_name_of_its_own(client: httpx.Client) -> None:
    """PUT makes it without If-Match; a body that names another one is refused."""
    body = {"plate": "Т002ТТ99", "list": "guest"}
    assert client.put(f"{PATH}/crane", json=body | {"id": "other"}).status_code == 422
    assert client.put(f"{PATH}/crane", json=body).status_code == 201
    assert client.get(f"{PATH}/crane").json()["list"] == "guest"
    assert client.delete(f"{PATH}/crane", headers={"If-Match": "*"}).status_code == 204


def test_a_list_of_a_thousand_twice(client: httpx.Client) -> None:
    """Imported, imported again (nothing changes), one line changed, exported, taken page by page."""
    lines = [f"В{number:03}ОР{region},deny,note {number}" for region in (50, 90) for number in range(1, 501)]
    text = "plate,list,note\n" + "\n".join(lines)
    trial = client.post(f"{PATH}/import", params={"dry_run": "true"}, content=text.encode())
    assert trial.json() == {"added": 1000, "changed": 0, "unchanged": 0, "dry_run": True}
    first = client.post(f"{PATH}/import", content=text.encode())
    assert first.json() == {"added": 1000, "changed": 0, "unchanged": 0, "dry_run": False}
    again = client.post(f"{PATH}/import", content=text.replace("note 17\n", "stolen\n", 1).encode())
    assert again.json() == {"added": 0, "changed": 1, "unchanged": 999, "dry_run": False}
    exported = client.get(f"{PATH}/export.csv", params={"list": "deny"}, headers={"Accept-Language": "ru"})
    assert exported.content.decode("utf-8-sig").splitlines()[0].startswith("номер;список;")
    back = client.post(f"{PATH}/import", content=exported.content)
    assert back.json() == {"added": 0, "changed": 0, "unchanged": 1000, "dry_run": False}
    plates, after = list[str](), ""
    while after is not None:
        page = client.get(PATH, params={"list": "deny", "limit": "300"} | ({"after": after} if after else {})).json()
        plates += [one["plate_folded"] for one in page["items"]]
        after = page["next_after"]
    assert page["total"] == len(plates) == 1000
    assert plates == sorted(plates)


def test_a_wrong_file_changes_nothing(client: httpx.Client) -> None:
    """Every line that is wrong is named, in the reader's language."""
    text = "номер;список\nА777АА77;гость\nА778АА77;никакой\n?;гость\n"
    answer = client.post(f"{PATH}/import", content=text.encode(), headers={"Accept-Language": "ru"})
    assert answer.status_code == 422
    assert [fault["field"] for fault in answer.json()["errors"]] == ["line 3, list", "line 4, plate"]
    assert "разрешён" in answer.json()["errors"][0]["message"]
    assert client.get(PATH, params={"plate": "777AA77"}).json()["total"] == 0
    assert client.post(f"{PATH}/import", params={"dry_run": "maybe"}, content=b"").status_code == 422


def test_plates_wait_for_a_person(site: Site, client: httpx.Client) -> None:
    """Unread and unsure ones; not the sure, the absent, the unfinished. A corrected one leaves the queue."""
    states = {
        "unread": {"plate": "", "cause": "plate_unread"},
        "unsure": {"plate": "А123ВС77"},
        "sure": {"plate": "А123ВС77", "plate_sure": True},
        "none": {"plate": "", "cause": "plate_none"},
        "open": {"plate": "", "cause": "plate_pending", "final": False},
    }
    for number, (name, fields) in enumerate(states.items()):
        wanted = {"final": True, "event_id": f"review-{name}"} | fields
        site.keep(vehicle_event(number, camera="review", at_us=NOW_US - 60_000_000, **wanted))
    queue = "/api/v1/review/plates"
    waiting = client.get(queue, params={"camera": "review"}).json()["items"]
    assert [event["id"] for event in waiting] == ["review-unsure", "review-unread"]
    assert waiting[0]["photos"][0]["url"].endswith("/review-unsure/photos/0.jpg")
    assert client.post(f"{queue}/review-unread", json={"plate": "!"}).status_code == 422
    assert client.post(f"{queue}/nobody", json={"plate": "М001ММ77"}).status_code == 404
    told = client.post(f"{queue}/review-unread", json={"plate": "М001ММ77", "reason": "by eye"})
    assert told.status_code == 201, told.text
    assert (told.json()["verdict"], told.json()["user"]) == ("corrected", "admin")
    (event,) = (event for event in feedbacks(site) if event.about == "review-unread")
    found = feedback_of(event)
    assert found is not None
    assert (found.plate, found.reason, found.user, found.camera) == ("М001ММ77", "by eye", "admin", "review")
    site.keep(event)  # as the store does
    waiting = client.get(queue, params={"camera": "review"}).json()["items"]
    assert [event["id"] for event in waiting] == ["review-unsure"]
    shown = client.get("/api/v1/events/review-unread").json()
    assert (shown["plate"], shown["feedback"]["plate"]) == ("", "М001ММ77")
    listed = client.get("/api/v1/events", params={"plate": "m001mm", "kind": "vehicle_entry"}).json()["items"]
    assert [event["id"] for event in listed] == ["review-unread"]


def test_feedback_on_any_event(site: Site, client: httpx.Client) -> None:
    """The newest word counts; feedback on feedback is refused."""
    site.keep(vehicle_event(1, camera="judged", at_us=NOW_US - 60_000_000))
    path = "/api/v1/events/event-judged-0001/feedback"
    for verdict in ("false_alarm", "confirmed"):
        assert client.post(path, json={"verdict": verdict}).status_code == 201
    assert client.post(path, json={"verdict": "praised"}).status_code == 422
    said = [event for event in feedbacks(site) if event.camera == "judged"]
    site.keep(*said)
    assert client.get("/api/v1/events/event-judged-0001").json()["feedback"]["verdict"] == "confirmed"
    assert client.post(f"/api/v1/events/{said[0].event_id}/feedback", json={"verdict": "confirmed"}).status_code == 422
