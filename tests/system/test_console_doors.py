"""The page of doors in a real browser: a door is made, opens for a plate and by hand; a guest gets a pass."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.acs import publish
from tests.support.api import TOKEN, Site, running_site
from tests.support.axe import serious
from tests.support.console import browser_page, sign_in
from tests.support.doors import passage

pytestmark = pytest.mark.system

LISTED, STRANGE = "А123ВС77", "М001ММ99"
PICTURES = os.environ.get("ZOOL_TEST_PICTURES", "")
"""A folder for screenshots, to be looked at."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site with a camera and a listed plate, and a simulated controller that listens to all doors."""
    folder = tmp_path_factory.mktemp("doors")
    with running_site(folder) as running:
        with running.client() as http:
            camera = {"id": "gate-1", "name": "Gate 1", "url": "rtsp://10.0.0.7/gate"}
            assert http.post("/api/v1/cameras", json=camera).status_code == 201
            assert http.post("/api/v1/vehicles", json={"plate": LISTED, "list": "allow"}).status_code == 201
        (folder / "token").write_text(TOKEN)
        argv = [sys.executable, "-m", "deploy", "acs", "simulate", "--address", running.api.acs, "--pass-s", "10"]
        process = subprocess.Popen([*argv, "--token-file", str(folder / "token")], stdin=subprocess.DEVNULL)
        try:
            yield running
        finally:
            process.kill()
            process.wait()


@pytest.fixture(params=["en", "ru"])
def page(site: Site, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The page of doors, signed in; whatever the browser complains of fails the test."""
    complaints: list[str] = []
    with browser_page(lang=request.param, dark=request.param == "ru") as found:
        found.on("pageerror", lambda error: complaints.append(str(error)))
        found.on("console", lambda said: complaints.append(said.text) if "Security Policy" in said.text else None)
        sign_in(found, site.api.url, TOKEN)
        found.goto(f"{site.api.url}/#/doors")
        yield found
    assert complaints == []


def make(page: Page, door: str, name: str) -> None:
    """A barrier at the camera, made by its form."""
    page.locator(".page-head .primary").click()
    page.fill("#door-id", door)
    page.fill("#door-name", name)
    page.check("input[name=camera]")
    page.select_option("#door-direction", "both")
    page.locator("#camera-dialog button.primary").click()
    expect(page.locator(f"[data-door={door}]")).to_contain_text(name)


def test_a_door_from_nothing_to_open(site: Site, page: Page) -> None:
    """Made, opened by hand with a reason, and by a listed plate; a strange one is shown as refused."""
    language = str(page.evaluate("document.documentElement.lang"))
    door = f"gate-{language}"
    make(page, door, f"Barrier {language}")
    card = page.locator(f"[data-door={door}]")
    site.until(lambda http: http.get(f"/api/v1/doors/{door}").json()["listeners"] >= 1, timeout_s=60)
    card.locator(".door-acts .primary").click()
    page.fill("#door-reason", "Fire brigade")
    page.locator("#camera-dialog button.primary").click()
    expect(card).to_have_attribute("data-state", "open", timeout=30_000)
    page.locator("#camera-dialog .round").click()
    expect(card.locator(".door-recent")).to_contain_text("Fire brigade")
    numbers = iter(range(1 if language == "en" else 100, 200))
    told = [passage(next(numbers), camera="gate-1", plate=plate) for plate in (LISTED, STRANGE)]
    with ThreadPoolExecutor(1) as beside:  # the browser's own loop runs here
        beside.submit(asyncio.run, publish(site, *told)).result()
    expect(card.locator("[data-what=granted]").filter(has_text=LISTED)).to_be_visible(timeout=30_000)
    expect(card.locator("[data-what=denied]").filter(has_text=STRANGE)).to_be_visible(timeout=30_000)
    assert serious(page) == ""
    if PICTURES:
        page.screenshot(path=str(Path(PICTURES) / f"doors-{language}.png"))


def test_a_guest_pass(site: Site, page: Page) -> None:
    """A plate on the guest list with an end."""
    page.locator(".page-head .secondary").click()
    page.fill("#guest-plate", "К777КК77")
    page.fill("#guest-owner", "Иванов")
    page.locator("#camera-dialog button.primary").click()
    expect(page.locator("#camera-dialog .status.good")).to_contain_text("К777КК77")
    with site.client() as http:
        items = http.get("/api/v1/vehicles?list=guest").json()["items"]
    assert [(one["plate"], one["owner"]) for one in items] == [("К777КК77", "Иванов")]
    assert items[0]["valid_until"] is not None
