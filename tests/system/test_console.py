"""The console in a real browser over a running api: events appear by themselves, cameras are added and get a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import msgspec
import pytest
from playwright.sync_api import Page, expect

from postprocess.contract import Event
from tests.support.api import TOKEN, Site, running_site, shot_of, vehicle_event
from tests.support.console import browser_page, screenshot, sign_in
from tests.support.voice import Ingest, jpeg

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site with two cameras and an event of an hour ago."""
    with running_site(tmp_path_factory.mktemp("console")) as running:
        with running.client() as client:
            for camera, name in (("gate", "Ворота"), ("office", "Офис")):
                body = {"id": camera, "name": name, "url": f"rtsp://10.0.0.7/{camera}"}
                assert client.post("/api/v1/cameras", json=body).status_code == 201
        event = with_picture(vehicle_event(1, camera="gate", plate="М050МХ50"))
        running.keep(event, shots=(shot_of(event, jpeg(420, 300)),))
        yield running


@pytest.fixture(scope="module")
def ingest(site: Site) -> Iterator[Ingest]:
    """Ingest's voice."""
    with Ingest(site) as found:
        yield found


def with_picture(event: Event) -> Event:
    """The event with a thumbnail that a browser can show."""
    photo = msgspec.structs.replace(event.photos[0], thumbnail=jpeg(320, 228))
    return msgspec.structs.replace(event, photos=(photo,))


@pytest.fixture
def console(site: Site, ingest: Ingest) -> Iterator[Page]:
    """The console, signed in, in English; whatever the browser complains of fails the test."""
    complaints: list[str] = []
    with browser_page(lang="en") as page:
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if "Security Policy" in said.text else None)
        sign_in(page, site.api.url, TOKEN)
        yield page
    assert complaints == []


def test_the_token_leaves_the_address_at_once(site: Site, console: Page) -> None:
    """A token in the fragment signs in and is gone from the address; it is in no request's address either."""
    assert console.url == f"{site.api.url}/"
    assert TOKEN not in site.api.log


def test_an_address_names_an_event(site: Site) -> None:
    """A link from elsewhere (a board, a message) asks to sign in, then opens the event; the address is clean again."""
    with browser_page() as page:
        page.goto(f"{site.api.url}/#event={vehicle_event(1, camera='gate').event_id}")
        page.fill("#login-token", TOKEN)
        page.press("#login-token", "Enter")
        expect(page.locator("#event-dialog[open] .big-plate")).to_be_visible()
        assert page.url == f"{site.api.url}/"


def test_sign_in_by_form(site: Site) -> None:
    """A wrong token is told so in the browser's language; the right one opens the console; signing out ends it."""
    with browser_page(lang="ru") as page:
        page.goto(site.api.url)
        page.fill("#login-token", "wrong-wrong-wrong-wrong")
        page.click("#login-form button")
        expect(page.locator("#login-error")).to_have_text("Такой токен здесь неизвестен.")
        page.fill("#login-token", TOKEN)
        page.click("#login-form button")
        expect(page.locator('#live[data-state="on"]')).to_be_visible()
        page.click("#leave")
        expect(page.locator("#login")).to_be_visible()


def test_events_appear_by_themselves(console: Page, ingest: Ingest) -> None:
    """A new event is on screen with picture and plate without any doing, above the earlier ones, and opens in full."""
    expect(console.locator("#feed li")).to_have_count(1)
    event = with_picture(vehicle_event(500, camera="gate", plate="А123ВС77"))
    ingest.publish(event)
    first = console.locator("#feed li").first
    expect(first.locator(".plate")).to_have_attribute("aria-label", "А123ВС77")
    expect(first).to_contain_text("Ворота")
    console.wait_for_function("() => document.querySelector('#feed li .crop img')?.naturalWidth === 320")
    ingest.publish(msgspec.structs.replace(event, version=2, plate="К777ОР199"))
    expect(first.locator(".plate")).to_have_attribute("aria-label", "К777ОР199")
    expect(console.locator("#feed li")).to_have_count(2)
    first.locator("button").click()
    dialog = console.locator("#event-dialog")
    expect(dialog).to_contain_text("starter model")
    expect(dialog).to_contain_text(event.event_id)


def test_earlier_events_are_found_by_plate(console: Page) -> None:
    """A part of a plate in Latin letters finds the Cyrillic one, and its photo comes from the store."""
    console.fill("#filter-plate", "m050")
    expect(console.locator("#feed li")).to_have_count(1)
    expect(console.locator("#feed .plate")).to_have_attribute("aria-label", "М050МХ50")
    console.wait_for_function("() => document.querySelector('#feed li .crop img')?.naturalWidth > 0")
    console.fill("#filter-plate", "000000")
    expect(console.locator("#no-events")).to_be_visible()


def test_cameras_show_state_and_picture(console: Page) -> None:
    """A live camera shows a picture that is renewed, a lost one its cause in words, in the language that is chosen."""
    live, lost = console.locator('[data-id="gate"]'), console.locator('.card[data-id="office"]')
    expect(live.locator(".badge")).to_have_text("Live")
    console.wait_for_function("() => document.querySelector('[data-id=gate] .frame img').naturalWidth === 1280")
    shown = live.locator(".frame img").get_attribute("src")
    expect(live.locator(".frame img")).not_to_have_attribute("src", str(shown))
    expect(lost).to_contain_text("10.0.0.7:554 refuses")
    console.click('[data-lang="ru"]')
    expect(lost.locator(".badge")).to_have_text("Нет связи")
    expect(lost).to_contain_text("Узел отклоняет соединение")


def test_swagger_ui_works_without_the_internet(site: Site) -> None:
    """The page draws every operation from local files, under the same strict policy."""
    paths = json.loads((Path(__file__).parents[1] / "contract" / "openapi.json").read_text())["paths"]
    operations = sum(len(path) for path in paths.values())
    with browser_page() as page:
        page.goto(f"{site.api.url}/schema/swagger")
        expect(page.locator(".opblock")).to_have_count(operations)


def test_screenshot_helper(site: Site, ingest: Ingest, tmp_path: Path) -> None:
    """The picture for the README comes from the running system."""
    ingest.publish(with_picture(vehicle_event(900, camera="gate")))
    screenshot(site.api.url, TOKEN, tmp_path / "console.png", width=1280, height=800, lang="ru")
    picture = cv2.imread(str(tmp_path / "console.png"))
    assert picture is not None
    assert picture.shape == (1200, 1920, 3)
