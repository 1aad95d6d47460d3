"""Parking lots and stays over a real broker and the real engine."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
import pytest

from ingest.bus import Bus
from postprocess.contract import Event, Region
from postprocess.rules.lots import Policy
from postprocess.rules.parking import LotMemory, step
from tests.support.api import Site, running_site

NOW_US = int(time.time() * 1e6)
MIN_US = 60_000_000
LOTS = "/api/v1/parking/lots"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One running site for the whole file."""
    with running_site(tmp_path_factory.mktemp("api-parking")) as running:
        yield running


@pytest.fixture
def client(site: Site) -> Iterator[httpx.Client]:
    """A client with the token."""
    with site.client() as found:
        yield found


def region(site: Site, name: str) -> Region:
    """A region as the bucket holds it."""

    async def get() -> Region:
        async with Bus.open(site.broker.settings, name="test") as bus:
            entry = await bus.bucket("regions").get(name)
        assert entry is not None
        return msgspec.json.decode(entry.value or b"", type=Region)

    return asyncio.run(get())


def passage(name: str, ago_min: float, way: Any, plate: str = "А123ВС77", **fields: Any) -> Event:
    """A final passage, so many minutes ago."""
    return Event(
        event_id=name, version=2, kind=f"vehicle_{way}", camera="gate", opened_at_us=NOW_US - round(ago_min * MIN_US),
        final=True, direction=way, plate=plate, plate_sure=True, **fields,
    )  # fmt: skip


def happened(site: Site, lot: str, *passages: Event) -> None:
    """What the rules say of passages is in the store."""
    memory, said = LotMemory(), list[Event]()
    for event in passages:
        memory, events = step(memory, event, Policy(lot=lot))
        said += events
    site.keep(*said)


def test_a_lot_from_its_beginning_to_its_end(site: Site, client: httpx.Client) -> None:
    """A region is made with it, changed over the version that was read, and stays when the lot is gone."""
    path = f"{LOTS}/yard"
    made = client.put(path, json={"name": "Двор", "capacity": 10})
    assert made.status_code == 201, made.text
    assert (made.json()["occupied"], made.json()["free"], made.json()["name"]) == (0, 10, "Двор")
    assert region(site, "yard").functions["parking"]["capacity"] == 10
    assert client.put(path, json={"capacity": 11}).status_code == 428
    assert client.put(path, json={"capacity": 11}, headers={"If-Match": '"1000"'}).status_code == 412
    changed = client.put(path, json={"antipassback": "both"}, headers={"If-Match": made.headers["etag"]})
    assert (changed.status_code, changed.json()["name"], changed.json()["free"]) == (200, "Двор", None)
    assert [lot["id"] for lot in client.get(LOTS).json()["items"]] == ["yard"]
    assert client.delete(path, headers={"If-Match": made.headers["etag"]}).status_code == 412
    assert client.delete(path, headers={"If-Match": changed.headers["etag"]}).status_code == 204
    assert client.get(path).status_code == 404
    assert region(site, "yard") == Region(id="yard", name="Двор")


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("yard", {"capacity": 0}, "capacity"),
        ("yard", {"places": 3}, "places"),
        ("x" * 61, {}, "id"),
        ("Двор", {}, "lot"),
    ],
)
def test_what_is_no_lot(client: httpx.Client, path: str, body: dict[str, Any], field: str) -> None:
    """Each field is named."""
    answer = client.put(f"{LOTS}/{path}", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


def test_free_places_and_stays(site: Site, client: httpx.Client) -> None:
    """Two came, one left; one left that nobody saw come; one that nobody could name frees a place."""
    assert client.put(f"{LOTS}/deck", json={"capacity": 3}).status_code == 201
    happened(
        site,
        "deck",
        passage("a", 90, "entry", listed="guest", plate_region="ru"),
        passage("b", 80, "entry", plate="М777ММ99"),
        passage("c", 70, "exit", plate="Т050ХХ150"),
        passage("a-out", 60, "exit"),
        passage("d", 50, "entry", plate="Х001ХХ77"),
    )
    lot = client.get(f"{LOTS}/deck").json()
    assert (lot["occupied"], lot["free"]) == (2, 1)
    path = "/api/v1/parking/sessions"
    stays = client.get(path, params={"lot": "deck"}).json()["items"]
    assert [(one["state"], one["entry_event"], one["exit_event"]) for one in stays] == [
        ("open", "d", ""), ("no_entry", "", "c"), ("open", "b", ""), ("closed", "a", "a-out"),
    ]  # fmt: skip
    assert (stays[3]["stay_s"], stays[3]["listed"], stays[3]["plate_region"]) == (1800.0, "guest", "ru")
    assert stays[1]["entered_at"] is None
    assert stays[0]["left_at"] is None
    found = {
        state: [one["plate"] for one in client.get(path, params={"lot": "deck", "state": state}).json()["items"]]
        for state in ("open", "closed", "no_entry", "no_exit")
    }
    assert found == {"open": ["Х001ХХ77", "М777ММ99"], "closed": ["А123ВС77"], "no_entry": ["Т050ХХ150"], "no_exit": []}
    assert client.get(path, params={"state": "parked"}).status_code == 422
    first = client.get(path, params={"lot": "deck", "limit": "3"}).json()
    rest = client.get(path, params={"lot": "deck", "cursor": first["next_cursor"]}).json()
    assert [one["plate"] for one in rest["items"]] == ["А123ВС77"]
    assert [one["entry_event"] for one in client.get(path, params={"plate": "m777"}).json()["items"]] == ["b"]
    happened(site, "deck", passage("x", 10, "exit", plate=""))
    assert client.get(f"{LOTS}/deck").json()["occupied"] == 1
