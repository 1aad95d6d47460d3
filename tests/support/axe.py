"""Accessibility of a page as axe-core (Deque, MPL-2.0; carried by the wheel axe-playwright-python) finds it."""

from __future__ import annotations

import json
from importlib import resources

from playwright.sync_api import Page

_SCRIPT = resources.files("axe_playwright_python").joinpath("axe.min.js")
_RUN = """async () => (await axe.run(document, { resultTypes: ["violations"] })).violations
  .filter((one) => ["serious", "critical"].includes(one.impact))
  .map((one) => [one.id, one.impact, one.help, one.nodes.slice(0, 5).map((node) => node.html.slice(0, 200))])"""


def serious(page: Page) -> str:
    """Serious and critical findings on what the page shows now, as text; empty = none.

    The script comes by the browser's own interface, past the page's policy: nothing of the page is loosened for it.
    """
    session = page.context.new_cdp_session(page)
    session.send("Runtime.evaluate", {"expression": _SCRIPT.read_text(encoding="utf-8")})
    session.detach()
    found = page.evaluate(_RUN)
    return json.dumps(found, ensure_ascii=False, indent=1) if found else ""
