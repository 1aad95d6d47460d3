"""Every page on which the system is set up: accessible by axe-core's rules, and as pictures of it.

`ZOOL_SCREENS=api/console/screens` writes the pictures there; without it they go to the test's own folder.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from ingest.contract import CameraState
from tests.support.api import TOKEN, Site, running_site
from tests.support.console import browser_page, sign_in
from tests.support.demo import SITE
from tests.support.voice import Ingest, jpeg
from tests.system.test_console_lists import face, streams

pytestmark = pytest.mark.system

CAMERAS = (
    ("gate-day", "Ворота 1", "yard", "gate"),
    ("workshop", "Механический цех", "shop", "workshop"),
    ("office-door", "Проходная", "office", "office_door"),
)
REGIONS = (("plant", "Завод", ""), ("yard", "Двор", "plant"), ("shop", "Цех 1", "plant"), ("office", "Офис", ""))
PEOPLE = (("Анна Ковалёва", "Сборка", ""), ("Борис Седов", "Пресс", ""), ("Viktor Lang", "", "banned"))
PLATES = (("А123ВС77", "allow", "Северный груз"), ("М050МХ50", "deny", ""), ("AB1234CD", "guest", "Ivanov"))
WEEK: list[dict[str, object]] = [{"days": ["mon", "tue", "wed", "thu", "fri"], "since": "08:00", "until": "18:00"}]
ZONE = {"id": "press", "points": [[0.08, 0.42], [0.5, 0.3], [0.93, 0.45], [0.9, 0.95], [0.1, 0.95]]}


def still(name: str) -> bytes:
    """A picture out of a clip of the demo site."""
    clip = cv2.VideoCapture(str(SITE / f"{name}.mp4"))
    clip.set(cv2.CAP_PROP_POS_FRAMES, 60)
    read, picture = clip.read()
    clip.release()
    assert read
    found: bytes = cv2.imencode(".jpg", picture)[1].tobytes()
    return found


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A small plant: cameras in regions, people, lists."""
    states = [
        CameraState(camera=name, phase="live", codec="h264", width=1280, height=720, fps=25.0) for name, *_ in CAMERAS
    ]
    pictures = {name: [still(name)] for name, *_ in CAMERAS}
    with (
        running_site(tmp_path_factory.mktemp("screens")) as running,
        Ingest(running, states, pictures=pictures) as voice,
    ):
        voice.serve("zool.rpc.face", face)
        asyncio.run(streams(running))
        fill(running)
        yield running


def fill(site: Site) -> None:
    """Write what the pages show."""
    with site.client() as client:
        for region, name, parent in REGIONS:
            settings = {"intrusion": {"leave_s": 5, "severity": "warning"}} if region == "plant" else {}
            body = {"id": region, "name": name, "parent": parent, "functions": settings}
            assert client.post("/api/v1/regions", json=body).status_code == 201
        for camera, name, region, template in CAMERAS:
            body = {"id": camera, "name": name, "region": region, "url": f"rtsp://user:pass@10.0.0.7/{camera}"}
            assert client.post("/api/v1/cameras", json=body).status_code == 201
            client.post(f"/api/v1/cameras/{camera}/template", json={"template": template})
        path = "/api/v1/cameras/workshop/functions/intrusion"
        assert client.put(path, json={"settings": {"zones": [ZONE], "schedule": WEEK}}).status_code == 201
        twin = {"id": "twin", "name": "Вера Ковалёва", "department": "Сборка"}
        assert client.post("/api/v1/people", json=twin).status_code == 201
        for number, (name, department, watch) in enumerate(PEOPLE):
            body = {"id": f"p-{number}", "name": name, "department": department, "watch": watch, "basis": "consent"}
            assert client.post("/api/v1/people", json=body).status_code == 201
        for plate, list_, owner in PLATES:
            item: dict[str, object] = {"plate": plate, "list": list_, "owner": owner, "schedule": WEEK if owner else []}
            assert client.post("/api/v1/vehicles", json=item).status_code == 201


def nothing(_: Page) -> None:
    """The page as it opens."""


def faces(page: Page) -> None:
    """A photo that was taken in."""
    photo = {"name": "anna.jpg", "mimeType": "image/jpeg", "buffer": jpeg(200, 200)}
    page.locator("#person-photo").set_input_files(photo)  # type: ignore[arg-type]
    page.wait_for_selector(".photo-told .taken")


def fine(page: Page) -> None:
    """All settings of the function, the fine ones too."""
    page.locator(".function.open summary").click()
    page.evaluate("window.scrollTo(0, 0)")


def tried(page: Page) -> None:
    """The second step of the wizard."""
    page.fill("#camera-url", "rtsp://10.0.0.9/stream")
    page.locator("#page button[type=submit]").click()
    page.wait_for_selector("#probe-facts")


def purpose(page: Page) -> None:
    """The last step of the wizard."""
    tried(page)
    page.fill("#camera-name", "Ворота 2")
    page.locator("#page button[type=submit]").click()
    page.wait_for_selector(".template")


def spreadsheet(page: Page) -> None:
    """An import with faults."""
    page.locator(".page-head button").first.click()
    sheet = {"name": "c.csv", "mimeType": "text/csv", "buffer": b"name,url,region\nA,http://x/,north\n"}
    page.locator("#import-file").set_input_files(sheet)  # type: ignore[arg-type]
    page.locator("#camera-dialog button[type=submit]").click()
    page.wait_for_selector("#camera-dialog tbody tr")


def copying(page: Page) -> None:
    """The dialog that copies settings."""
    page.locator(".page-head button").click()
    page.wait_for_selector("#camera-dialog[open]")


def entry(page: Page) -> None:
    """The dialog of an entry of the lists."""
    page.locator(".plate-button").first.click()
    page.wait_for_selector("#camera-dialog[open]")


PAGES: dict[str, tuple[str, str, Callable[[Page], None]]] = {
    "cameras": ("cameras", "#page tbody tr", nothing),
    "cameras-import": ("cameras", "#page tbody tr", spreadsheet),
    "camera-lines": ("camera?id=gate-day", ".editor img:not([hidden])", nothing),
    "camera-zones": ("camera?id=workshop&function=intrusion", ".editor img:not([hidden])", fine),
    "camera-copy": ("camera?id=workshop", ".function.open", copying),
    "regions": ("regions?id=plant", ".function", nothing),
    "people": ("people?id=p-0", ".samples li", faces),
    "vehicles": ("vehicles", "#page tbody tr", nothing),
    "vehicle": ("vehicles", "#page tbody tr", entry),
    "wizard-address": ("add", "#camera-url", nothing),
    "wizard-picture": ("add", "#camera-url", tried),
    "wizard-purpose": ("add", "#camera-url", purpose),
}
"""Picture → address, what has to be there, and what is done before."""


def screens(tmp_path: Path) -> Path:
    """Where pictures go."""
    folder = Path(os.environ.get("ZOOL_SCREENS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def save(path: Path, shown: bytes) -> None:
    """A picture of the page at three quarters of its size."""
    picture = cv2.imdecode(np.frombuffer(shown, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    small = cv2.resize(picture, None, fx=0.75, fy=0.75, interpolation=cv2.INTER_AREA)
    assert cv2.imwrite(str(path), small, [cv2.IMWRITE_PNG_COMPRESSION, 9])


def serious(page: Page) -> list[str]:
    """What axe-core finds wrong that keeps people out: rule, and the elements."""
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {[' '.join(node['target']) for node in one['nodes']][:4]} {one['nodes'][0]['failureSummary']}"
        for one in found
        if one["impact"] in {"serious", "critical"}
    ]


@pytest.mark.parametrize(("lang", "dark", "width"), [("en", False, 1280), ("ru", True, 390)])
def test_every_page_is_accessible(site: Site, tmp_path: Path, lang: str, dark: bool, width: int) -> None:
    """No serious finding in light English on a desk and in dark Russian in a hand; nothing is wider than the screen."""
    folder = screens(tmp_path)
    faults = {}
    with browser_page(width=width, height=800, lang=lang, dark=dark) as page:
        sign_in(page, site.api.url, TOKEN)
        for name, (place, ready, work) in PAGES.items():
            page.goto(f"{site.api.url}/#/")
            page.goto(f"{site.api.url}/#/{place}")
            page.wait_for_selector(ready)
            work(page)
            picture = folder / f"{name}-{lang}.png"
            save(picture, page.screenshot(animations="disabled"))
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            found = serious(page) + ([f"{wide} px too wide"] if wide > 0 else [])
            if found:
                faults[name] = found
            page.evaluate("document.getElementById('camera-dialog').close()")
    assert faults == {}
