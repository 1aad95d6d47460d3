"""A site as the document that a configuration file is.

Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deploy.configuration.changes import Found
from deploy.configuration.kinds import BY_NAME, CAMERAS, FUNCTIONS, KINDS, written


def exported(found: Found) -> dict[str, Any]:
    """Section → id → what has to be written of it, in the order in which it is read back."""
    document: dict[str, Any] = {}
    for kind in KINDS:
        if kind.name == FUNCTIONS:
            continue
        section, _, part = kind.place.partition(".")
        entries = {id_: written(kind, one.fields) for id_, one in sorted(found.get(kind.name, {}).items())}
        if part:
            document.setdefault(section, {})[part] = entries
        else:
            document[section] = entries
    for camera, entry in document[CAMERAS].items():
        entry[FUNCTIONS] = _functions(camera, found)
    return document


def _functions(camera: str, found: Found) -> Mapping[str, Any]:
    kind = BY_NAME[FUNCTIONS]
    there = sorted(found.get(FUNCTIONS, {}).items())
    return {id_.partition("/")[2]: written(kind, one.fields) for id_, one in there if id_.partition("/")[0] == camera}
