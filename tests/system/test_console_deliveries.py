"""The page of deliveries in a real browser over a running api and a running `deliver`."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.integration.test_api_deliveries import ENVIRON, Hook, say, until
from tests.support.api import TOKEN, Site, running_site
from tests.support.console import browser_page, sign_in
from tests.support.deliver import happened
from tests.support.postprocess import Killable

pytestmark = pytest.mark.system

SECRET = "a-secret-that-nobody-sees-again"
WAIT_MS = 60_000


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A running site with `deliver` beside it."""
    with running_site(tmp_path_factory.mktemp("console-deliveries")) as running:
        deliver = Killable("deliver", running.broker.settings, environ=ENVIRON)
        deliver.start()
        try:
            yield running
        finally:
            deliver.kill()


@pytest.fixture
def console(site: Site) -> Iterator[Page]:
    """The console, signed in, in English; whatever the browser complains of fails the test."""
    complaints: list[str] = []
    with browser_page(lang="en") as page:
        page.set_default_timeout(WAIT_MS)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if "Security Policy" in said.text else None)
        sign_in(page, site.api.url, TOKEN)
        yield page
    assert complaints == []


def test_from_nothing_to_a_delivery_in_the_log(site: Site, console: Page, tmp_path: Path) -> None:
    """A webhook is added and tested, a rule written, an event arrives and stands in the log; the secret is nowhere."""
    hook = Hook()
    page, acts = console, "td.acts button"
    page.goto(f"{site.api.url}/#/deliveries")
    page.get_by_label("Add", exact=True).select_option("webhook")
    page.fill("#delivery-id", "erp")
    page.fill("#delivery-name", "ERP")
    page.fill("#set-url", hook.url)
    page.fill("#set-secret ~ input", SECRET)
    page.click("#camera-dialog [type=submit]")
    row = page.locator("table.rows tr", has_text="ERP").first
    expect(row).to_be_visible(timeout=WAIT_MS)

    def works() -> bool:
        page.reload()  # the state is that of the moment at which the page was opened
        expect(row).to_be_visible(timeout=WAIT_MS)
        return page.locator("table.rows tr", has_text="works").count() > 0

    until(works, "the target is said to work")
    row.locator(acts).first.click()
    expect(page.locator("p.status")).to_contain_text("HTTP 200", timeout=WAIT_MS)
    page.click(".page-head button.primary")
    page.fill("#delivery-id", "gate")
    page.fill("#rule-kinds", "vehicle_entry")
    page.click("#camera-dialog [type=submit]")
    expect(page.locator("table.rows tr", has_text="gate").first).to_be_visible(timeout=WAIT_MS)

    def sent() -> bool:
        event = happened(int(time.time() * 1000) % 10**9)  # the rule may not hold yet: each time another one
        aside = threading.Thread(target=say, args=(site, event))  # Playwright has a loop of its own here
        aside.start()
        aside.join()
        return any(body["kind"] == "vehicle_entry" for body in hook.bodies)

    until(sent, "the event arrives")
    until(lambda: _logged(site), "the log has it")
    page.reload()
    expect(page.locator("section .chip.good", has_text="sent").first).to_be_visible(timeout=WAIT_MS)
    page.screenshot(path=str(tmp_path / "deliveries.png"), full_page=True)
    row.locator(acts).nth(1).click()
    expect(page.locator("#set-secret")).to_have_value("keep")
    assert SECRET not in page.content()
    hook.server.shutdown()
    hook.server.server_close()


def _logged(site: Site) -> bool:
    with site.client() as client:
        return bool(client.get("/api/v1/deliveries/log", params={"outcome": "sent"}).json()["items"])


def test_a_fault_is_said_in_the_dialog(site: Site, console: Page) -> None:
    """An address that can't be one, by the name of its field; nothing is written."""
    console.goto(f"{site.api.url}/#/deliveries")
    console.locator(".page-head select").first.select_option("relay")
    console.fill("#delivery-id", "barrier")
    console.fill("#set-url", "gopher://board/open")
    console.click("#camera-dialog [type=submit]")
    expect(console.locator("#camera-dialog .status")).to_contain_text("settings.url", timeout=WAIT_MS)
    with site.client() as client:
        assert client.get("/api/v1/deliveries/targets/barrier").status_code == 404
