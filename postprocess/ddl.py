"""The statements of `schema.sql`, ready to be run in order at every start.

Pure: the text comes with the package, nothing else is read; no clock.

Rules
- A statement may be run again at any time and then changes nothing, but for the TTLs, which follow the settings.
- A database name is checked here: it is the one thing of a setting that ends up in SQL text.
"""

from __future__ import annotations

import re
from importlib import resources

from postprocess.errors import SchemaNameError

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")


def statements(database: str, *, events_days: int, photos_days: int) -> list[str]:
    """Every statement in order, without comments; raises `SchemaNameError` on a name that is no plain identifier."""
    if _NAME.fullmatch(database) is None:
        raise SchemaNameError(database)
    text = resources.files("postprocess").joinpath("schema.sql").read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("--"))
    filled = (
        "\n".join(lines)
        .replace("{database}", database)
        .replace("{events_days}", str(events_days))
        .replace("{photos_days}", str(photos_days))
    )
    return [part.strip() for part in re.split(r";\s*(?:\n|$)", filled) if part.strip()]
