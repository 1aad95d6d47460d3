"""The console in a real browser: Debian's Chromium driven by Playwright."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from playwright.sync_api import Page, expect, sync_playwright

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
]  # fmt: skip

expect.set_options(timeout=60_000)  # a bound, not a time: a loaded machine is slow


@contextlib.contextmanager
def browser_page(
    *, width: int = 1440, height: int = 900, lang: str = "en", dark: bool = False, scale: float = 1.0
) -> Iterator[Page]:
    """An empty page of a fresh browser, in a language and a colour scheme."""
    scheme: Literal["dark", "light"] = "dark" if dark else "light"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            context = browser.new_context(
                viewport={"width": width, "height": height},
                locale="ru-RU" if lang == "ru" else "en-GB",
                color_scheme=scheme,
                device_scale_factor=scale,
            )
            yield context.new_page()
        finally:
            browser.close()


def sign_in(page: Page, url: str, token: str) -> None:
    """Open the console with a token in the fragment, and wait until it shows events live."""
    page.goto(f"{url.rstrip('/')}/#token={token}")
    page.wait_for_selector('#live[data-state="on"]')


def screenshot(
    url: str, token: str, path: Path, *, width: int = 1440, height: int = 900, lang: str = "en", dark: bool = False
) -> None:
    """A picture of the console as it stands, once every live camera shows its picture and an event its crop."""
    with browser_page(width=width, height=height, lang=lang, dark=dark, scale=1.5) as page:
        sign_in(page, url, token)
        page.wait_for_selector(".event .crop img", timeout=60_000)
        page.wait_for_function(
            "() => [...document.querySelectorAll('[data-phase=live] .frame img')].every((one) => one.naturalWidth)",
            timeout=30_000,
        )
        page.screenshot(path=str(path))
