"""Regions, people and vehicle lists in a real browser over a running api; recognition's part is played on the bus."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from ingest.bus import Bus
from ingest.contract import STREAMS, decode, encode
from model_repository.contract import ModelRef
from postprocess.contract import FACE_SUBJECT, FaceMatch, FaceReply, FaceRequest
from tests.support.api import TOKEN, Site, running_site
from tests.support.console import browser_page, sign_in
from tests.support.voice import Ingest, jpeg

pytestmark = pytest.mark.system

WEIGHTS = ModelRef(name="faces", version="2", sha256="ab" * 32)
BLURRED = jpeg(64, 64)
TAKEN = FaceReply(
    cause="none", embedding=np.array([0.6, 0.8], "<f4").tobytes(), model=WEIGHTS, quality=0.9, size=1.0, sharpness=0.95,
    pose=0.25, nearest=FaceMatch(person="twin", similarity=0.71),
)  # fmt: skip


async def face(_: str, payload: bytes) -> bytes:
    """What recognition says of a photo: one is blurred, all others are good and look like somebody else."""
    asked = decode(payload, FaceRequest)
    if not asked.jpeg:
        return encode(FaceReply(cause="no_picture", model=WEIGHTS))
    return encode(FaceReply(cause="blurred", model=WEIGHTS) if asked.jpeg == BLURRED else TAKEN)


async def streams(site: Site) -> None:
    """Everything that erasing looks through."""
    async with Bus.open(site.broker.settings, name="test") as bus:
        await bus.ensure_streams(*STREAMS)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site with two cameras and somebody who has a double."""
    with running_site(tmp_path_factory.mktemp("lists")) as running, Ingest(running) as voice:
        voice.serve(FACE_SUBJECT, face)
        asyncio.run(streams(running))
        with running.client() as client:
            for name in ("gate", "office"):
                body = {"id": name, "name": name.title(), "url": f"rtsp://10.0.0.7/{name}"}
                assert client.post("/api/v1/cameras", json=body).status_code == 201
            assert client.post("/api/v1/people", json={"id": "twin", "name": "Vera Twin"}).status_code == 201
        yield running


@pytest.fixture
def client(site: Site) -> Iterator[httpx.Client]:
    """A client with the token."""
    with site.client() as found:
        yield found


@pytest.fixture
def console(site: Site) -> Iterator[Page]:
    """The console, signed in, in English; questions are answered with yes, and complaints of the browser fail."""
    complaints: list[str] = []
    with browser_page(lang="en") as page:
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if "Security Policy" in said.text else None)
        page.on("dialog", lambda asked: asked.accept())
        sign_in(page, site.api.url, TOKEN)
        yield page
    assert complaints == []


def item(client: httpx.Client, path: str, **wanted: Any) -> dict[str, Any]:
    """The one item of a list that is so."""
    items = client.get(f"/api/v1/{path}").json()["items"]
    return next(one for one in items if wanted.items() <= one.items())


def test_the_tree_of_regions(site: Site, client: httpx.Client, console: Page) -> None:
    """A region and one below it are made; a camera put into the lower one gets settings of the upper one."""
    console.goto(f"{site.api.url}/#/regions")
    for name in ("Plant", "Press shop"):
        console.click("text=Add region")
        console.fill("[name=name]", name)
        console.click("#page section button[type=submit]")
        expect(console.locator(".tree a[aria-current]")).to_contain_text(name)
    assert item(client, "regions", name="Press shop")["parent"] == item(client, "regions", name="Plant")["id"]
    console.get_by_label("Put a camera here…").select_option(label="Gate")
    expect(console.locator(".camera-rows a")).to_have_text("Gate")
    console.click(".tree a >> text=Plant")
    loitering = console.locator("[data-function=loitering]")
    loitering.locator("summary").first.click()
    loitering.locator("[data-field=dwell_s] input").fill("90")
    loitering.locator("button[type=submit]").click()
    expect(loitering.locator(".status")).to_have_text("Saved")
    above = client.get("/api/v1/cameras/gate/functions").json()["inherited"]["loitering"]["dwell_s"]
    assert above == {"value": 90.0, "source": "region", "region": item(client, "regions", name="Plant")["id"]}
    console.fill("[name=name]", "Main plant")
    console.click("section.panel button[type=submit] >> nth=0")
    expect(console.locator(".tree a[aria-current]")).to_contain_text("Main plant")
    assert item(client, "regions", name="Main plant")["functions"] == {"loitering": {"dwell_s": 90}}
    console.click("text=Remove region")
    expect(console.locator("section.panel .status").first).to_contain_text("still used by Press shop")


def test_a_person_gets_a_face(site: Site, client: httpx.Client, console: Page, tmp_path: Path) -> None:
    """Added, given photos: a good one with its marks and a warning, a blurred one refused in words; then watched."""
    console.goto(f"{site.api.url}/#/people")
    console.click("text=Add person")
    console.fill("[name=name]", "Anna Brown")
    console.fill("[name=department]", "Assembly")
    console.click("#page section button[type=submit]")
    expect(console.locator(".tree a[aria-current]")).to_contain_text("Anna Brown")
    expect(console.locator(".tree a[aria-current]")).to_contain_text("no basis")
    early = tmp_path / "early.jpg"
    early.write_bytes(jpeg(300, 300))
    console.locator("#person-photo").set_input_files(early)
    expect(console.locator(".photo-told .refused")).to_contain_text("is missing: write it into the person's record")
    console.select_option("[name=basis]", "consent")
    console.fill("[name=basis_note]", "Consent of 12 May, folder 3")
    console.click("#person form button[type=submit]")
    expect(console.locator("#person form .status")).to_have_text("Saved")
    console.reload()
    expect(console.locator("[name=basis]")).to_have_value("consent")
    assert item(client, "people", name="Anna Brown")["basis_at"]
    expect(console.locator(".tree a[aria-current]")).not_to_contain_text("no basis")
    good, blurred = tmp_path / "good.jpg", tmp_path / "blurred.jpg"
    good.write_bytes(jpeg(300, 300))
    blurred.write_bytes(BLURRED)
    console.locator("#person-photo").set_input_files([good, blurred])
    expect(console.locator(".photo-told .taken")).to_contain_text("Vera Twin (0.71)")
    expect(console.locator(".photo-told .taken .mark.poor")).to_contain_text("towards the camera")
    expect(console.locator(".photo-told .refused")).to_contain_text("The face is blurred")
    expect(console.locator(".samples li")).to_have_count(1)
    console.fill("[name=watch]", "banned")
    console.click("section.panel button[type=submit] >> nth=0")
    expect(console.locator("section.panel .status").first).to_have_text("Saved")
    assert item(client, "people", name="Anna Brown")["watch"] == "banned"
    console.locator(".samples .link").click()
    expect(console.locator(".samples")).to_contain_text("known by name only")


def test_somebody_is_found_and_erased(site: Site, client: httpx.Client, console: Page) -> None:
    """A search by part of a name; erasing says what is not reached yet when a stage does not answer."""
    assert client.post("/api/v1/people", json={"id": "leaver", "name": "Oleg Leaver"}).status_code == 201
    console.goto(f"{site.api.url}/#/people")
    console.fill(".tree input", "leav")
    expect(console.locator(".tree a")).to_have_count(1)
    console.click(".tree a")
    console.locator("button", has_text="Erase everywhere").click()
    expect(console.locator("dl.erased")).to_contain_text("people: 1", timeout=60_000)
    assert client.get("/api/v1/people/leaver").status_code == 404


def test_a_plate_from_its_entry_to_its_end(site: Site, client: httpx.Client, console: Page) -> None:
    """Added with its hours and one direction, shown as a plate, changed, found, removed."""
    console.goto(f"{site.api.url}/#/vehicles")
    console.click("text=Add plate")
    dialog = console.locator("#camera-dialog")
    dialog.locator("[name=plate]").fill("А123ВС77")
    dialog.locator("[name=owner]").fill("Northern Freight")
    dialog.locator("[name=valid_until]").fill("2031-01-01T00:00")
    dialog.get_by_label("exit").uncheck()
    dialog.locator("text=+ hours").click()
    dialog.locator("button[type=submit]").click()
    expect(console.locator("tbody tr")).to_have_count(1)
    entry = item(client, "vehicles", owner="Northern Freight")
    assert (entry["directions"], entry["schedule"][0]["days"]) == (["entry"], ["mon", "tue", "wed", "thu", "fri"])
    expect(console.locator("tbody tr")).to_contain_text("Mo–Fr 08:00–18:00")
    console.click(".plate-button")
    dialog.locator("[name=list]").select_option("deny")
    dialog.locator("button[type=submit]").click()
    expect(console.locator("tbody .chip").first).to_have_text("denied")
    assert item(client, "vehicles", owner="Northern Freight")["valid_until"] == entry["valid_until"]
    console.get_by_label("Any part of a plate").fill("B123")
    expect(console.locator("#page .empty")).to_be_visible()
    console.get_by_label("Any part of a plate").fill("a123")
    console.click(".plate-button")
    dialog.locator(".danger").click()
    expect(console.locator("#page .empty")).to_be_visible()
    assert client.get("/api/v1/vehicles").json()["total"] == 0


def test_lists_come_and_go_as_spreadsheets(site: Site, client: httpx.Client, console: Page, tmp_path: Path) -> None:
    """A file with a fault is shown by line and refused; a good one is taken; the export is what the server writes."""
    console.goto(f"{site.api.url}/#/vehicles")
    console.click("text=Import CSV")
    dialog = console.locator("#camera-dialog")
    sheet = tmp_path / "lists.csv"
    sheet.write_text("plate,list\nA001AA77,maybe\n")
    dialog.locator("input[type=file]").set_input_files(sheet)
    dialog.locator("text=Try out").click()
    expect(dialog.locator("tbody")).to_contain_text("line 2, list")
    sheet.write_text("plate,list\nA001AA77,allow\nA002AA77,guest\n")
    dialog.locator("input[type=file]").set_input_files(sheet)
    dialog.locator("button[type=submit]").click()
    expect(dialog.locator(".status")).to_contain_text("new: 2")
    dialog.get_by_label("Close").click()
    with console.expect_download() as download:
        console.click("text=Export CSV")
    assert download.value.path().read_bytes() == client.get("/api/v1/vehicles/export.csv").content
