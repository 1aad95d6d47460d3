"""Where the real test material lies: weights, photographs and clips that are not part of the repository."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(os.environ.get("ZOOL_REAL_DATA") or Path(__file__).resolve().parents[3] / "shared" / "data")


def real(path: str) -> Path:
    """A file of the real material; the test is skipped, and says so, where the material is not at hand."""
    found = ROOT / path
    if not found.exists():
        pytest.skip(f"real test material is not at hand: {found} (set ZOOL_REAL_DATA)")
    return found
