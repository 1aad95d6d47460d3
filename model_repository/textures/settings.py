"""The settings of the texture generator, and the splits of them that keep fitting, choosing and measuring apart.

Rules of this file
- Pure. A setting is drawn from a range by the generator that is passed in: the same seed gives the same picture.
- No two splits share a range of any setting but the lamp's: a model is fitted on `fit`, its recipe was chosen on
  `tune`, the figures are of `held_out`.
"""

from __future__ import annotations

from typing import Literal

import msgspec
import numpy as np

Range = tuple[float, float]
SplitName = Literal["fit", "tune", "held_out"]


class Split(msgspec.Struct, frozen=True, kw_only=True):
    """From which ranges the settings of a picture are drawn."""

    grain: Range
    contrast: Range
    gain: Range
    falloff: Range
    turn_deg: Range
    flaw_size: Range
    flaw_contrast: Range


SPLITS: dict[SplitName, Split] = {
    "fit": Split(
        grain=(0.97, 1.03), contrast=(0.95, 1.05), gain=(0.97, 1.03), falloff=(0.0, 0.08), turn_deg=(-1.0, 1.0),
        flaw_size=(1.0, 1.3), flaw_contrast=(0.8, 1.0),
    ),
    "tune": Split(
        grain=(0.93, 0.97), contrast=(0.89, 0.95), gain=(0.91, 0.97), falloff=(0.08, 0.12), turn_deg=(1.0, 3.0),
        flaw_size=(1.0, 1.3), flaw_contrast=(0.8, 1.0),
    ),
    "held_out": Split(
        grain=(1.03, 1.07), contrast=(1.05, 1.11), gain=(1.03, 1.09), falloff=(0.08, 0.12), turn_deg=(-3.0, -1.0),
        flaw_size=(0.7, 1.0), flaw_contrast=(0.6, 0.8),
    ),
}  # fmt: skip


class Surface(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of one good picture: factors of size and contrast of the grain, exposure, lamp, turn of the part."""

    grain: float
    contrast: float
    gain: float
    falloff: float
    turn_deg: float
    lamp_rad: float


class Flaw(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of one flaw: factors of its usual size and contrast, and where its middle is (0..1)."""

    size: float
    contrast: float
    x: float
    y: float


def draw_surface(split: Split, rng: np.random.Generator) -> Surface:
    """Settings of one good picture."""
    return Surface(
        grain=rng.uniform(*split.grain),
        contrast=rng.uniform(*split.contrast),
        gain=rng.uniform(*split.gain),
        falloff=rng.uniform(*split.falloff),
        turn_deg=rng.uniform(*split.turn_deg),
        lamp_rad=rng.uniform(0.0, 2 * np.pi),
    )


def draw_flaw(split: Split, rng: np.random.Generator) -> Flaw:
    """Settings of one flaw, its middle well inside the picture."""
    return Flaw(
        size=rng.uniform(*split.flaw_size),
        contrast=rng.uniform(*split.flaw_contrast),
        x=rng.uniform(0.15, 0.85),
        y=rng.uniform(0.15, 0.85),
    )
