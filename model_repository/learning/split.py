"""Which split a camera-day lies in. Pure and deterministic.

A group stays where it once lay: what was ever in `test` is never learnt from, by no later version either. So the splits
of earlier exports come in (`known`), and only new groups are dealt out: in the order of their hash, each to the split
that is furthest behind its share of the examples.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from model_repository.learning.contract import SPLITS, Split

SHARES: Mapping[Split, float] = {"train": 0.6, "val": 0.15, "test": 0.25}


_FIRST: tuple[Split, ...] = ("train", "test", "val")


def group_of(camera: str, captured_at: str) -> str:
    """`<camera>/<day>`, the day in UTC from an RFC 3339 time."""
    return f"{camera}/{captured_at[:10]}"


def assign(sizes: Mapping[str, int], known: Mapping[str, Split]) -> dict[str, Split]:
    """Group → split, for groups with so many examples each; those in `known` stay.

    With three new groups each split has one: the first goes to `train`, the second to `test`, the third to `val`.
    """
    chosen: dict[str, Split] = {group: known[group] for group in sizes if group in known}
    held = {split: sum(sizes[group] for group, own in chosen.items() if own == split) for split in SPLITS}
    for group in sorted(sizes.keys() - chosen.keys(), key=_order):
        chosen[group] = _neediest(held, sizes[group])
        held[chosen[group]] += sizes[group]
    return chosen


def _order(group: str) -> str:
    return hashlib.sha256(group.encode()).hexdigest()


def _neediest(held: Mapping[Split, int], more: int) -> Split:
    total = sum(held.values()) + more
    for split in _FIRST:
        if not held[split]:
            return split
    return max(SPLITS, key=lambda split: SHARES[split] * total - held[split])
