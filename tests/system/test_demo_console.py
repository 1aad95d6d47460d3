"""The console over the running demo, in a real browser: the picture in the README is made here."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.console import browser_page, screenshot, sign_in
from tests.support.demo import ROOT, running_demo

PICTURE = ROOT / "deploy" / "images" / "console.png"
CAMERAS = ("gate-day", "gate-dusk", "gate-rain", "workshop", "office-door")


@pytest.mark.system
@pytest.mark.timeout(300)
def test_console_shows_the_running_demo(tmp_path: Path) -> None:
    """Live pictures and events with crops and plates; with ZOOL_WRITE_PICTURES=1 the README's picture is made anew."""
    with running_demo(tmp_path / "data", cameras=CAMERAS) as demo:
        demo.wait_ready()
        with browser_page() as page:
            sign_in(page, demo.url, demo.token)
            page.wait_for_function("() => document.querySelectorAll('.event .crop img').length >= 3", timeout=120_000)
            page.wait_for_selector("[data-phase=live] .frame img", timeout=60_000)
        target = PICTURE if os.environ.get("ZOOL_WRITE_PICTURES") else tmp_path / "console.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        screenshot(demo.url, demo.token, target, width=1360, height=850)
        assert target.stat().st_size > 100_000
