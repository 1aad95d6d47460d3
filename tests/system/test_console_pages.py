"""The console's daily pages in a real browser, over real services with two weeks behind them.

With ZOOL_WRITE_PICTURES=1 the pictures in `api/console/screens` are made anew.
"""

from __future__ import annotations

import contextlib
import csv
import io
import os
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.support.api import TOKEN, Site, vehicle_event
from tests.support.axe import serious
from tests.support.console import browser_page, sign_in
from tests.support.console_past import Past
from tests.support.console_site import console_site
from tests.support.demo import ROOT
from tests.support.voice import Ingest

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

SCREENS = ROOT / "api" / "console" / "screens"
WAIT_MS = 60_000
PHONE = (
    ("#/wall", ".tile"), ("#/reports?report=traffic", ".plot"), ("#/system", "meter"), ("#/review", ".review-form"),
    ("#/whatif?camera=gate-day", ".whatif"), ("#/events", ".row"),
)  # fmt: skip
EVENTS_PER_SECOND, SECONDS = 50, 6
expect.set_options(timeout=WAIT_MS)


class Running:
    """The site, ingest's voice, and what lies behind."""

    def __init__(self, site: Site, voice: Ingest, past: Past) -> None:
        self.site, self.voice, self.past = site, voice, past


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One site for the whole file."""
    with console_site(tmp_path_factory.mktemp("pages")) as (site, voice, past):
        yield Running(site, voice, past)


@pytest.fixture(scope="module")
def browser(running: Running) -> Iterator[Page]:
    """One page, signed in, in Russian; whatever the browser complains of fails the test that looks."""
    with browser_page(lang="ru") as page:
        page.set_default_timeout(WAIT_MS)
        sign_in(page, running.site.api.url, TOKEN)
        yield page


@pytest.fixture
def page(browser: Page) -> Iterator[Page]:
    """The page, with its complaints."""
    complaints: list[str] = []

    def hear(error: object) -> None:
        complaints.append(str(error))

    browser.on("pageerror", hear)
    yield browser
    browser.remove_listener("pageerror", hear)
    assert complaints == []


def visit(page: Page, route: str, ready: str) -> None:
    """Go to a page of the console and wait for what it shows."""
    page.evaluate("(route) => { location.hash = route; }", route)
    page.wait_for_selector(ready)


def keep(page: Page, name: str) -> None:
    """No serious finding of accessibility; and a picture for the documentation where it is asked for."""
    found = serious(page)
    assert not found, found
    if os.environ.get("ZOOL_WRITE_PICTURES"):
        SCREENS.mkdir(exist_ok=True)
        picture = page.screenshot()
        small = cv2.resize(_decoded(picture), None, fx=0.62, fy=0.62, interpolation=cv2.INTER_AREA)
        cv2.imwrite(str(SCREENS / f"{name}.png"), small, [cv2.IMWRITE_PNG_COMPRESSION, 9])


def _decoded(picture: bytes) -> cv2.typing.MatLike:
    found = cv2.imdecode(np.frombuffer(picture, dtype=np.uint8), cv2.IMREAD_COLOR)
    assert found is not None
    return found


def test_events_are_reviewed_by_keyboard(page: Page) -> None:
    """Down the list, acknowledge, false alarm with a reason by one key each; the list shows it, too."""
    visit(page, "#/events", ".row[aria-current] .plate")
    expect(page.locator(".view img").first).to_be_visible()
    page.wait_for_function("() => document.querySelector('.view img').naturalWidth > 0")
    expect(page.locator(".quad-text").first).to_contain_text("94 %")
    first = page.locator(".rows li").first.get_attribute("data-id")
    page.keyboard.press("j")
    second = page.locator(".rows li").nth(1)
    expect(second.locator(".row")).to_have_attribute("aria-current", "true")
    page.keyboard.press("k")
    page.keyboard.press("a")
    expect(page.locator(".states")).to_contain_text("принято")
    page.keyboard.press("f")
    page.click('[data-reason="weather"]')
    expect(page.locator(".states")).to_contain_text("ложная тревога")
    expect(page.locator(f'.rows li[data-id="{first}"] .row-end')).to_contain_text("ложная тревога")
    expect(page.locator(".words")).to_contain_text("дождь или снег")
    keep(page, "events")


def test_the_way_of_an_event_lies_over_the_picture(page: Page) -> None:
    """The track from its first to its last look, with the line, over the camera's picture; the slider goes along."""
    visit(page, "#/events?camera=gate-day&kind=vehicle_entry", ".row[aria-current]")
    page.click(".evidence .segmented button >> nth=1")
    way = page.locator(".way-path")
    expect(way).to_be_visible()
    assert len(str(way.get_attribute("points")).split()) == 29
    expect(page.locator(".rule-line")).to_have_count(1)
    before = page.locator(".way-box").get_attribute("y")
    page.locator(".slider input").evaluate("(node) => { node.value = 0; node.dispatchEvent(new Event('input')); }")
    assert page.locator(".way-box").get_attribute("y") != before
    page.wait_for_function("() => document.querySelectorAll('.view img')[1].naturalWidth > 0")
    keep(page, "events-way")


def test_filters_live_in_the_address(page: Page) -> None:
    """What is chosen is asked for, stands in the address, and holds when the page is opened by it."""
    visit(page, "#/events", ".row")
    page.click(".more summary")
    page.select_option('[name="feedback"]', "false_alarm")
    page.wait_for_function("() => location.hash.includes('feedback=false_alarm')")
    expect(page.locator(".rows li .chip.bad").first).to_be_visible()
    page.select_option('[name="kind"]', "intrusion")
    expect(page.locator(".rows li").first).to_contain_text("Человек в зоне")
    visit(page, "#/events?handling=closed&kind=intrusion", ".rows li.done")
    expect(page.locator(".rows li:not(.done)")).to_have_count(0)


def test_the_list_goes_on_without_end(page: Page) -> None:
    """Scrolling reads page after page by cursor, each event once."""
    visit(page, "#/events?camera=gate-day", ".row")
    page.wait_for_function("() => document.querySelectorAll('.rows li').length >= 50")
    page.evaluate("() => { const list = document.querySelector('.list-panel'); list.scrollTop = list.scrollHeight; }")
    page.wait_for_function("() => document.querySelectorAll('.rows li').length >= 100")
    ids = page.locator(".rows li").evaluate_all("(nodes) => nodes.map((node) => node.dataset.id)")
    assert len(set(ids)) == len(ids)


def test_exports_have_what_the_filters_let_through(page: Page) -> None:
    """CSV with its rows, ZIP with photos."""
    visit(page, "#/events?kind=ppe_violation", ".row")
    with page.expect_download() as saved:
        page.click('[data-export="csv"]')
    text = Path(str(saved.value.path())).read_bytes().decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text), delimiter=";"))
    assert len(rows) > 50
    assert {row["Камера"] for row in rows} == {"Механический цех"}
    with page.expect_download() as saved:
        page.click('[data-export="zip"]')
    with zipfile.ZipFile(str(saved.value.path())) as archive:
        assert "events.csv" in archive.namelist()
        assert any(name.startswith("photos/") for name in archive.namelist())


@pytest.mark.parametrize("name", ["traffic", "attendance", "parking", "safety", "precision", "quality"])
def test_reports_are_drawn(page: Page, name: str) -> None:
    """Figures, plots with marks, tables; no number is missing for lack of data."""
    visit(page, f"#/reports?report={name}", '.page:has([aria-pressed="true"]) .plot')
    expect(page.locator(".figures dd").first).not_to_have_text("–")
    assert page.locator(".plot rect, .plot path").count() > 2
    assert page.locator("tbody tr").count() > 0
    keep(page, f"report-{name}")


def test_a_report_is_saved(page: Page) -> None:
    """The CSV has every row; the dates are kept in the address."""
    visit(page, "#/reports?report=safety", ".plot")
    with page.expect_download() as saved:
        page.click('[data-export="csv"]')
    assert "Механический цех" in Path(str(saved.value.path())).read_bytes().decode("utf-8-sig")
    page.click("text=7 дней")
    page.wait_for_function("() => location.hash.includes('from=')")


def test_the_wall_shows_boxes_over_pictures(page: Page) -> None:
    """Live cameras with their pictures and boxes that move; a lost one with its cause."""
    visit(page, "#/wall", ".tile .seen")
    page.wait_for_function("() => document.querySelectorAll('.tile img:not([hidden])').length === 3")
    page.wait_for_function("() => document.querySelectorAll('.tile[data-id=workshop] .seen').length === 3")
    expect(page.locator('.tile[data-id="office-door"]')).to_contain_text("Неверное имя пользователя или пароль")
    assert page.locator('.tile[data-id="gate-day"] .trail').count() == 2
    keep(page, "wall")


def test_unread_plates_are_typed_one_after_the_other(page: Page) -> None:
    """Type, Enter, and the next one is there."""
    visit(page, "#/review", ".crop-panel img:not([hidden])")
    keep(page, "review")
    page.fill("#review-plate", "х777ам199")
    page.press("#review-plate", "Enter")
    expect(page.locator(".words li")).to_contain_text("х777ам199")
    expect(page.locator(".chip.accent")).to_contain_text("ждут")


def test_what_if_compares_and_saves(running: Running, page: Page) -> None:
    """A line that is turned around changes what would have been said; saving makes it hold."""
    visit(page, "#/whatif?camera=gate-day&function=vehicles&hours=2", ".whatif .editor")
    page.click(".whatif form button[type=submit]")
    expect(page.locator(".figures-small dd").nth(2)).not_to_have_text("0")
    same = int(page.locator(".figures-small dd").nth(2).inner_text())
    assert same >= 4
    keep(page, "whatif")
    page.click(".whatif-tools >> text=Развернуть")
    page.click(".whatif form button[type=submit]")
    expect(page.locator(".diff-gone").first).to_be_visible()
    page.click("text=Сохранить эти настройки")
    expect(page.locator(".whatif form [role=status]")).to_contain_text("Сохранено")
    with running.site.client() as client:
        function = client.get("/api/v1/cameras/gate-day/functions/vehicles").json()
    assert function["settings"]["lines"][0]["entry"] == "backward"


def test_the_system_page_says_what_waits_and_mends_it(page: Page) -> None:
    """Parts, queues with their lag, cameras with their cause; a dead letter is shown, said again, dropped."""
    visit(page, "#/system", "text=bad plate text")
    expect(page.locator(".page")).to_contain_text("Неверное имя пользователя или пароль")
    expect(page.locator(".page")).to_contain_text("DETECTIONS")
    expect(page.locator("tr", has_text="store").first).to_be_visible()
    keep(page, "system")
    letter = page.locator("tr", has_text="bad plate text")
    letter.locator("text=Показать").click()
    expect(page.locator("dialog.letter pre")).to_contain_text("zool.reads.gate-day")
    page.click("dialog.letter button")
    letter.locator("text=Повторить").click()
    expect(page.locator("tr", has_text="bad plate text")).to_have_count(0)
    page.once("dialog", lambda dialog: dialog.accept())
    page.locator("tr", has_text="not msgpack").locator("text=Удалить").click()
    expect(page.locator("tr", has_text="not msgpack")).to_have_count(0)


def test_pages_fit_a_phone_in_the_dark(running: Running, browser: Page) -> None:
    """Nothing is wider than the screen; an event opens over the list and closes again."""
    assert browser.context.browser is not None
    context = browser.context.browser.new_context(
        viewport={"width": 390, "height": 844}, locale="en-GB", color_scheme="dark", has_touch=True
    )
    with contextlib.closing(context):
        phone = context.new_page()
        phone.set_default_timeout(WAIT_MS)
        sign_in(phone, running.site.api.url, TOKEN)
        for route, ready in PHONE:
            visit(phone, route, ready)
            assert phone.evaluate("() => document.documentElement.scrollWidth") <= 390, route
        phone.click(".rows li >> nth=0")
        expect(phone.locator(".detail-panel")).to_be_visible()
        expect(phone.locator(".list-panel")).not_to_be_visible()
        keep(phone, "phone-event")
        phone.click(".back")
        expect(phone.locator(".list-panel")).to_be_visible()


def test_the_feed_keeps_up_with_fifty_events_a_second(
    running: Running, browser: Page, record_property: pytest.RecordProperty
) -> None:
    """Every event comes to the page, in bounded memory; how many tasks blocked it for longer than 50 ms is reported."""
    visit(browser, "#/", "#feed")
    browser.evaluate(
        "() => { window.longTasks = 0; "
        "new PerformanceObserver((list) => { window.longTasks += list.getEntries().length; })"
        ".observe({ entryTypes: ['longtask'] }); }"
    )
    begun = time.monotonic()
    count = EVENTS_PER_SECOND * SECONDS
    for number in range(count):
        running.voice.publish(
            vehicle_event(number, camera="gate-day", at_us=running.past.now_us + 60_000_000, event_id=f"storm-{number}")
        )
        ahead_s = number / EVENTS_PER_SECOND - (time.monotonic() - begun)
        if ahead_s > 0:
            browser.wait_for_timeout(ahead_s * 1000)
    sent_s = time.monotonic() - begun
    browser.wait_for_selector(f'#feed li[data-id="storm-{count - 1}"]')
    shown = browser.locator('#feed li[data-id^="storm-"]').count()
    behind_s = time.monotonic() - begun - sent_s
    tasks = browser.evaluate("() => window.longTasks")
    print(f"feed: {count / sent_s:.0f} events/s, {shown} shown, last one {behind_s:.2f} s behind, {tasks} long tasks")
    record_property("long_tasks", tasks)
    assert shown == min(count, 300)
