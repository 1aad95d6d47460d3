"""The tree of places. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from ingest.contract import Camera
from postprocess.contract import Region, lot_token


def below(region: str, regions: Sequence[Region]) -> frozenset[str]:
    """A region and all regions below it; a tree that goes round in a circle ends all the same."""
    found = {region}
    while more := {each.id for each in regions if each.parent in found} - found:
        found |= more
    return frozenset(found)


def cameras_below(region: str, regions: Sequence[Region], cameras: Sequence[Camera]) -> tuple[str, ...]:
    """The cameras of a region and of those below it, and what stands for its lots in the place of a camera."""
    wanted = below(region, regions)
    return (*(camera.id for camera in cameras if camera.region in wanted), *map(lot_token, sorted(wanted)))
