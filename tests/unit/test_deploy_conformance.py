"""The tests of the client's own suite that the face is not held to: each stands in the README with its reason."""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "clickhouse"


def test_every_exclusion_has_its_reason() -> None:
    """Both ways, and the sum is the figure that is told."""
    listed = (FOLDER / "conformance.args").read_text().split()
    readme = (FOLDER / "README.md").read_text()
    table = readme.split("## What is excluded")[1]
    names = {re.split(r"::|/", one.partition("=")[2])[-1] for one in listed}
    rows = [line.split("|")[1:4] for line in table.splitlines() if line.startswith("| `")]
    told = {name for tests, *_ in rows for name in re.findall(r"`([\w.]+)`", tests)}
    assert {name.removesuffix(".py") for name in told} == {name.removesuffix(".py") for name in names}
    runs = sum(int(count) for _, count, _ in rows if count.strip().isdigit())
    assert f"| {runs} | 9 |" in readme
