"""From nothing to a report in a real browser: the whole system as `zool up` starts it, and one RTSP camera."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.axe import serious
from tests.support.console import browser_page
from tests.support.demo import RunningDemo, running_up, simulated_camera

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

PASSWORD = "a long first password"
LINE = ((0.03, 0.83), (0.97, 0.83))
"""Where the lane of the demo site's gate is crossed."""


def becomes_administrator(page: Page, system: RunningDemo) -> None:
    """The token of the file first, for nobody has a password; then a name and a password of one's own."""
    page.goto(system.url)
    page.fill("#login-token", system.token)
    page.click("#login-form button[type=submit]")
    page.get_by_role("link", name="Make an administrator").click()
    form = page.locator("#add-user")
    form.get_by_label("Name to sign in with").fill("anna")
    form.get_by_label("Password").fill(PASSWORD)
    form.get_by_role("button", name="Add user").click()
    page.get_by_role("button", name="Sign in by password").click()
    page.fill("#login-name", "anna")
    page.fill("#login-password", PASSWORD)
    page.click("#login-form button[type=submit]")


def adds_the_camera(page: Page, address: str) -> None:
    """Address, picture, purpose."""
    page.click("#first-camera")
    page.fill("#camera-url", address)
    page.get_by_role("button", name="Connect").click()
    expect(page.locator("#probe-facts")).to_have_text("H264 · 1280×720 · 25 fps")
    page.wait_for_function("() => document.querySelector('.probe-picture')?.naturalWidth > 0")
    page.fill("#camera-name", "Gate")
    page.get_by_role("button", name="Next").click()
    page.click('[data-template="gate"]')


def draws_the_line(page: Page) -> None:
    """Its ends are dragged to where the lane is crossed."""
    page.wait_for_function("() => document.querySelector('.editor img')?.naturalWidth > 0")
    box = page.locator("svg.shapes").bounding_box()
    assert box is not None
    for end, (x, y) in enumerate(LINE):
        handle = page.locator(f'circle.dot[data-kind="lines"][data-point="{end}"]').bounding_box()
        assert handle is not None
        page.mouse.move(handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2)
        page.mouse.down()
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=4)
        page.mouse.up()
    row = page.locator("[data-function=vehicles]")
    row.locator("button[type=submit]").click()
    expect(row.locator(".status")).to_have_text("Saved")


def test_from_nothing_to_a_report(tmp_path: Path, record_property: pytest.RecordProperty) -> None:
    """First administrator, wizard, camera, line, the first plate, false alarm with its reason, precision.

    How long it takes from the sign-in page to the first passage with a plate, and from the saved line, is printed.
    """
    complaints: list[str] = []
    with running_up(tmp_path / "data") as system, simulated_camera("gate-day") as address, browser_page() as page:
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.set_default_timeout(60_000)
        begun = time.monotonic()
        becomes_administrator(page, system)
        adds_the_camera(page, address)
        draws_the_line(page)
        drawn = time.monotonic()
        passage = page.locator(".camera-events li:has(.plate)").first
        passage.wait_for(timeout=180_000)
        found = time.monotonic()
        times = {"sign_in_to_line_s": drawn - begun, "line_to_plate_s": found - drawn, "all_s": found - begun}
        print("newcomer: " + ", ".join(f"{name} {value:.1f}" for name, value in times.items()))
        for name, value in times.items():
            record_property(name, round(value, 1))
        passage.locator("button").click()
        dialog = page.locator("#event-dialog")
        dialog.locator('[data-act="ev_false"]').click()
        dialog.locator('[data-reason="allowed"]').click()
        expect(dialog.locator(".states")).to_contain_text("false alarm")
        assert serious(page) == ""
        page.screenshot(path=str(tmp_path / "judged.png"))
        dialog.get_by_role("button", name="Close", exact=True).first.click()
        page.get_by_role("link", name="Reports").click()
        page.get_by_role("button", name="Alarm precision").click()
        judged_in_report(page)
        page.screenshot(path=str(tmp_path / "report.png"))
    assert complaints == []


def judged_in_report(page: Page) -> None:
    """The report counts the one judgement; it is asked for again until the store has what was just said."""
    page.wait_for_selector(".figures")
    deadline = time.monotonic() + 60
    row = page.locator("tbody tr", has_text="Gate")
    while "it was allowed" not in "".join(row.all_inner_texts()):
        assert time.monotonic() < deadline, page.locator("#page").inner_text()
        page.get_by_role("button", name="Today").click()
        page.get_by_role("button", name="7 days").click()
        page.wait_for_selector(".figures")
    expect(row).to_contain_text("0 %")
