"""The pages on which an operator sets the system up, in a real browser over a running api."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.api import TOKEN, Site, running_site
from tests.support.axe import serious
from tests.support.console import browser_page, sign_in
from tests.support.demo import ROOT
from tests.support.voice import Ingest

pytestmark = pytest.mark.system

SCREENS = ROOT / "api" / "console" / "screens"
PLANT = {"id": "plant", "name": "Plant", "functions": {"intrusion": {"leave_s": 7}}}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site with a region and no camera yet."""
    with running_site(tmp_path_factory.mktemp("forms")) as running:
        with running.client() as client:
            assert client.post("/api/v1/regions", json=PLANT).status_code == 201
        yield running


@pytest.fixture(scope="module")
def ingest(site: Site) -> Iterator[Ingest]:
    """Ingest's voice."""
    with Ingest(site) as found:
        yield found


@pytest.fixture
def console(site: Site, ingest: Ingest) -> Iterator[Page]:
    """The console, signed in, in English; whatever the browser complains of fails the test."""
    assert ingest
    complaints: list[str] = []
    with browser_page(lang="en") as page:
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if "Security Policy" in said.text else None)
        sign_in(page, site.api.url, TOKEN)
        yield page
    assert complaints == []


def visit(page: Page, site: Site, place: str) -> None:
    """A page of the console, by its address."""
    page.goto(f"{site.api.url}/#/{place}")


def made(site: Site, camera: str, **fields: Any) -> None:
    """A camera that is there; a second time nothing happens."""
    with site.client() as client:
        body = {"id": camera, "name": camera.title(), "url": f"rtsp://10.0.0.7/{camera}"} | fields
        assert client.post("/api/v1/cameras", json=body).status_code in {201, 409}


def written(site: Site, camera: str, function: str) -> dict[str, Any]:
    """What is stored of a function."""
    with site.client() as client:
        found: dict[str, Any] = client.get(f"/api/v1/cameras/{camera}/functions/{function}").json()["written"]
    return found


def drag(page: Page, handle: Locator, dx: float, dy: float) -> None:
    """Take something in its middle and let it go elsewhere."""
    expect(handle).to_be_visible()  # it has no place before the picture has one
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + dx, y + dy, steps=4)
    page.mouse.up()


def test_the_first_camera_in_three_steps(site: Site, console: Page) -> None:
    """Without a camera the first page leads to the wizard: address, picture, purpose; the line is there to be drawn."""
    console.click("#first-camera")
    console.fill("#camera-url", "rtsp://10.0.0.9/stream")
    console.click("text=Connect")
    expect(console.locator("#probe-facts")).to_have_text("H264 · 1280×720 · 25 fps")
    console.fill("#camera-name", "North gate")
    console.click("text=Next")
    console.click('[data-template="gate"]')
    expect(console.locator("[data-function=vehicles].open")).to_be_visible()
    with site.client() as client:
        found = next(one for one in client.get("/api/v1/cameras").json()["items"] if one["name"] == "North gate")
    handle = console.locator('circle.dot[data-kind="lines"][data-point="1"]')
    drag(console, handle, -60, -80)
    console.click("text=Turn around")
    console.locator("[data-function=vehicles] button[type=submit]").click()
    expect(console.locator("[data-function=vehicles] .status")).to_have_text("Saved")
    line = written(site, found["id"], "vehicles")["lines"][0]
    assert line["entry"] == "backward"
    assert line["a"] == [0.1, 0.6]
    assert line["b"][0] < 0.88
    assert line["b"][1] < 0.5


def test_an_address_without_a_picture(site: Site, console: Page) -> None:
    """The cause is said in words; the address can be mended, or the camera added all the same, without a purpose."""
    visit(console, site, "add")
    console.fill("#camera-url", "rtsp://10.0.0.9/nobody")
    console.click("text=Connect")
    expect(console.locator("#probe-facts")).to_contain_text("10.0.0.9:554 refuses")
    console.click("text=Try again")
    expect(console.locator("#camera-url")).to_have_value("rtsp://10.0.0.9/nobody")
    console.click("text=Connect")
    console.fill("#camera-name", "Later")
    console.click("text=Add it all the same")
    console.click('[data-template=""]')
    expect(console.locator(".page-head h2")).to_contain_text("Later")
    expect(console.locator('.side [data-template="gate"]')).to_be_visible()


def test_a_zone_is_drawn_corner_by_corner(site: Site, console: Page) -> None:
    """Corners are set by clicks, a middle becomes a corner, keys move it; only what was changed is stored."""
    made(site, "yard", region="plant")
    visit(console, site, "camera?id=yard&function=intrusion")
    row = console.locator("[data-function=intrusion]")
    row.locator("summary").click()
    outside = row.locator("[data-field=leave_s]")
    expect(outside.locator("input")).to_have_value("7")
    expect(outside.locator(".origin")).to_have_text("from region Plant")
    console.click("text=Add zone")
    box = console.locator("svg.shapes").bounding_box()
    assert box is not None
    for x, y in ((0.2, 0.2), (0.8, 0.2), (0.5, 0.8), (0.2, 0.2)):
        console.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
    expect(console.locator("circle.dot")).to_have_count(3)
    drag(console, console.locator('circle.middle[data-point="0"]'), 0, -40)
    expect(console.locator("circle.dot")).to_have_count(4)
    corner = console.locator('circle.dot[data-point="2"]')
    corner.focus()
    corner.press("ArrowRight")
    row.locator("[data-field=severity] select").select_option("warning")
    row.locator("button[type=submit]").click()
    expect(row.locator(".status")).to_have_text("Saved")
    stored = written(site, "yard", "intrusion")
    assert stored.keys() == {"zones", "severity"}
    assert len(stored["zones"][0]["points"]) == 4
    row.locator("[data-field=severity] .link").click()
    row.locator("button[type=submit]").click()
    expect(row.locator("button[type=submit]")).to_be_disabled()
    assert written(site, "yard", "intrusion").keys() == {"zones"}


def test_a_function_is_switched_on_and_off(site: Site, console: Page) -> None:
    """One click each way; what can't be yet is said at its field and stays off."""
    made(site, "dock")
    visit(console, site, "camera?id=dock")
    loitering = console.locator("[data-function=loitering]")
    loitering.get_by_role("switch").first.check()
    expect(loitering.locator(".status")).to_have_text("Saved")
    assert written(site, "dock", "loitering") == {}
    objects = console.locator("[data-function=object]")
    objects.get_by_role("switch").first.click()
    expect(objects.locator("[data-field=class_list] .fault")).to_have_text("name the labels that count")
    expect(objects.get_by_role("switch").first).not_to_be_checked()
    loitering.get_by_role("switch").first.uncheck()
    with site.client() as client:
        path = "/api/v1/cameras/dock/functions/loitering"
        expect(loitering.locator(".status")).to_have_text("Saved")
        console.wait_for_function("() => !document.querySelector('[data-function=loitering] .switch').disabled")
        assert client.get(path).json()["enabled"] is False


def test_records_have_a_form(site: Site, console: Page) -> None:
    """Who is planned where: a row for each, with the zones that are drawn and hours of the week."""
    made(site, "hall")
    with site.client() as client:
        client.post("/api/v1/cameras/hall/template", json={"template": "workshop"})
    visit(console, site, "camera?id=hall&function=attendance")
    row = console.locator("[data-function=attendance]")
    row.locator("summary").click()
    roster = row.locator("[data-field=roster]")
    roster.locator("text=+ row").click()
    roster.get_by_label("Person").fill("anna")
    roster.locator("text=+ hours").click()
    row.locator("button[type=submit]").click()
    expect(row.locator(".status")).to_have_text("Saved")
    week = {"days": ["mon", "tue", "wed", "thu", "fri"], "since": "08:00", "until": "18:00"}
    planned = {"zone": "zone-1", "person": "anna", "schedule": [week]}
    assert written(site, "hall", "attendance")["roster"] == [planned]


def test_settings_are_copied_to_others(site: Site, console: Page) -> None:
    """A try says what would change, the copy does it."""
    made(site, "north")
    made(site, "south")
    with site.client() as client:
        client.post("/api/v1/cameras/north/template", json={"template": "workshop"})
    visit(console, site, "camera?id=north")
    console.click("text=Copy settings to others")
    dialog = console.locator("#camera-dialog")
    dialog.get_by_label("South").check()
    dialog.locator("text=Try out").click()
    expect(dialog.locator(".copy-done li")).to_have_text("South new: Attendance, Protective equipment")
    dialog.locator("button[type=submit]").click()
    expect(dialog.locator(".status")).to_have_text("Copied")
    assert written(site, "south", "ppe") == {}


def test_cameras_come_from_a_spreadsheet(site: Site, console: Page) -> None:
    """Faults are shown by line and nothing is written; a good file is tried, then taken."""
    visit(console, site, "cameras")
    console.click("text=Import CSV")
    dialog = console.locator("#camera-dialog")

    def give(text: str) -> None:
        file = {"name": "cameras.csv", "mimeType": "text/csv", "buffer": text.encode()}
        dialog.locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]

    give("name,url,region\nWest,rtsp://10.0.3.1/a,nowhere\n,file:///etc/passwd,\n")
    dialog.locator("button[type=submit]").click()
    expect(dialog.locator("tbody tr")).to_have_count(2)
    expect(dialog.locator("tbody")).to_contain_text("line 2, region")
    give("name,url,region\nWest,rtsp://10.0.3.1/a,Plant\nEast,rtsp://10.0.3.2/a,\n")
    dialog.locator("text=Try out").click()
    expect(dialog.locator(".status")).to_contain_text("new: 2")
    dialog.locator("button[type=submit]").click()
    expect(dialog.locator(".status")).to_contain_text("Imported")
    expect(console.locator("tbody a", has_text="West")).to_be_attached()


def test_what_was_not_seen_is_marked(site: Site, console: Page) -> None:
    """A picture is kept, a box is drawn and named, and it is sent."""
    made(site, "marked")
    visit(console, site, "camera?id=marked")
    console.click("text=Missed something?")
    expect(console.locator(".editor img")).to_be_visible()
    expect(console.get_by_role("button", name="Send")).to_be_disabled()
    console.click("text=Add a box")
    console.get_by_label("What it is 1").select_option("truck")
    drag(console, console.locator('circle.dot[data-kind="areas"][data-point="2"]'), 40, 30)
    with console.expect_request("**/missed") as sent:
        console.get_by_role("button", name="Send").click()
    expect(console.locator(".missed-form .status")).to_contain_text("Marked.")
    assert serious(console) == ""
    if os.environ.get("ZOOL_WRITE_PICTURES"):
        console.screenshot(path=SCREENS / "missed.png")
    (mark,) = sent.value.post_data_json["objects"]
    assert mark["label"] == "truck"
    assert mark["box"][2] > 0.7


def test_masks_are_drawn_and_removed(site: Site, console: Page) -> None:
    """A privacy mask is drawn corner by corner, a motion mask beside it, and both are the camera's; then one goes."""
    made(site, "lobby")
    visit(console, site, "camera?id=lobby")
    panel = console.locator(".camera-masks")
    panel.locator("summary").click()
    expect(panel.locator(".editor img")).to_be_visible()
    for tab in ("privacy_masks", "motion_masks"):
        panel.locator(f"[data-masks={tab}]").first.click()
        panel.get_by_role("button", name="Add mask").click()
        editor = panel.locator("svg.shapes")
        editor.scroll_into_view_if_needed()
        box = editor.bounding_box()
        assert box is not None
        for x, y in ((0.2, 0.2), (0.8, 0.2), (0.5, 0.8)):
            console.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
        panel.get_by_role("button", name="Zone is complete").click()
    panel.get_by_role("button", name="Save").click()
    expect(panel.locator(".status")).to_have_text("Saved")
    with site.client() as client:
        kept = client.get("/api/v1/cameras/lobby").json()
        assert [len(kept[name]) for name in ("privacy_masks", "motion_masks")] == [1, 1]
        assert len(kept["privacy_masks"][0]) == 3
        panel.locator("button[data-masks=privacy_masks]").click()
        panel.get_by_role("button", name="Remove", exact=True).click()
        panel.get_by_role("button", name="Save").click()
        expect(panel.locator(".status")).to_have_text("Saved")
        kept = client.get("/api/v1/cameras/lobby").json()
    assert [len(kept[name]) for name in ("privacy_masks", "motion_masks")] == [0, 1]
