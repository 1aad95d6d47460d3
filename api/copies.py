"""Functions of one camera for others: what each of them would have afterwards.

Pure. Lines, zones and areas belong to a picture: without `shapes` those of the other camera stay, and so do settings
that name one of them (`exempt_zones`, `roster`, …).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from api.contract_setup import CopyDone
from postprocess.contract import CameraFunction

SHAPES = frozenset({"lines", "zones", "areas", "exempt_zones", "roster", "required", "heading_deg"})
"""Settings that are drawn on a picture, or that name what is drawn."""


def copied(source: CameraFunction, before: CameraFunction | None, camera: str, *, shapes: bool) -> CameraFunction:
    """The function as the other camera is to have it."""
    if shapes:
        settings = source.settings
    else:
        own = before.settings if before is not None else {}
        settings = {name: value for name, value in source.settings.items() if name not in SHAPES}
        settings |= {name: value for name, value in own.items() if name in SHAPES}
    return CameraFunction(camera=camera, name=source.name, enabled=source.enabled, settings=settings)


def difference(
    camera: str, wanted: Sequence[CameraFunction], before: Mapping[str, CameraFunction]
) -> tuple[CopyDone, list[CameraFunction]]:
    """What a copy does to a camera, and what is to be written for it."""
    added, changed, unchanged = [], [], []
    for one in wanted:
        known = before.get(one.name)
        if known is None:
            added.append(one)
        elif msgspec.structs.replace(known, revision=0) != one:
            changed.append(one)
        else:
            unchanged.append(one)
    done = CopyDone(
        camera=camera,
        added=tuple(one.name for one in added),
        changed=tuple(one.name for one in changed),
        unchanged=tuple(one.name for one in unchanged),
    )
    return done, [*added, *changed]
