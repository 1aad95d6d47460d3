"""How far a tile is from those of good pictures: a robust scale, a shrunk covariance, Mahalanobis' distance.

Pure: arrays in, arrays out.

How it works
- Each feature is centred by its median and divided by its spread (interquartile range) over the tiles of all good
  pictures.
- The covariance of the scaled tiles is shrunk towards a multiple of the identity by as much as Ledoit and Wolf derive;
  a tile's distance is Mahalanobis' in it, per feature: the root of the mean of the squares.
- A picture's distance is that of its farthest tile.
- The limit comes from leaving one good picture out: what each is away from a model of the others. It is the farthest of
  them, or their mean and three deviations where that is farther. By exchangeability a further good picture passes the
  farthest of n with a chance of 1/(n+1) at most.

Sources: O. Ledoit, M. Wolf, "A well-conditioned estimator for large-dimensional covariance matrices", Journal of
Multivariate Analysis 88 (2), 2004, pp. 365-411; P. C. Mahalanobis, "On the generalised distance in statistics", 1936.
"""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

PICTURES_MIN = 3
"""Of fewer pictures leaving one out says nothing."""

_SPREAD_MIN = 1e-6


class Surface(msgspec.Struct, frozen=True, kw_only=True):
    """A fitted model: centre [F], scale [F], whitening [F, F] (see `distances`), limit."""

    centre: Floats
    scale: Floats
    whitening: Floats
    limit: float


class Fit(msgspec.Struct, frozen=True, kw_only=True):
    """A model and how far each good picture was from a model of the others, in limits."""

    surface: Surface
    left_out: tuple[float, ...]
    shrinkage: float


def fit(pictures: list[Floats]) -> Fit:
    """Fit on the tiles [tiles, F] of each good picture; PICTURES_MIN of them at least (ValueError otherwise)."""
    if len(pictures) < PICTURES_MIN:
        raise ValueError(f"{len(pictures)} pictures, {PICTURES_MIN} are needed")
    left_out = []
    for index, picture in enumerate(pictures):
        others, _ = _model([each for other, each in enumerate(pictures) if other != index])
        left_out.append(float(distances(others, picture).max()))
    surface, shrinkage = _model(pictures)
    limit = max(*left_out, float(np.mean(left_out) + 3 * np.std(left_out, ddof=1)), _SPREAD_MIN)
    return Fit(
        surface=msgspec.structs.replace(surface, limit=limit),
        left_out=tuple(each / limit for each in left_out),
        shrinkage=shrinkage,
    )


def distances(surface: Surface, tiles: npt.NDArray[np.floating]) -> Floats:
    """Mahalanobis' distance of tiles [N, F] from a surface, float64 [N]."""
    scaled = (tiles - surface.centre) / surface.scale
    return np.asarray(np.sqrt(np.square(scaled @ surface.whitening.T).sum(axis=1) / len(surface.centre)), np.float64)


def scores(surface: Surface, tiles: npt.NDArray[np.floating], seen: npt.NDArray[np.uint8]) -> Floats:
    """Distances in limits, float64 [N]; zero for tiles that were not looked at."""
    return np.asarray(np.where(seen > 0, distances(surface, tiles) / surface.limit, 0.0), np.float64)


def shrunk_covariance(rows: Floats) -> tuple[Floats, float]:
    """Ledoit and Wolf's covariance of rows [N, F] with mean zero, and its shrinkage 0..1.

    Their lemma 3.2 to 3.4: m = tr(S)/F, d² = |S - mI|², b² = min(d², Σ|x x' - S|²/N²), S* = (b²/d²) m I + (1 - b²/d²) S
    with |A|² = tr(AA')/F.
    """
    number, size = rows.shape
    sample = rows.T @ rows / number
    mean = float(np.trace(sample)) / size
    dispersion = float(np.square(sample - mean * np.eye(size)).sum()) / size
    lengths = np.square(rows).sum(axis=1)
    noise = float((np.square(lengths).sum() / number - np.square(sample).sum()) / number) / size
    shrinkage = min(max(noise, 0.0), dispersion) / dispersion if dispersion > 0 else 1.0
    return shrinkage * mean * np.eye(size) + (1 - shrinkage) * sample, shrinkage


def _model(pictures: list[Floats]) -> tuple[Surface, float]:
    tiles = np.concatenate(pictures)
    centre = np.median(tiles, axis=0)
    low, high = np.percentile(tiles, (25, 75), axis=0)
    # 1.349 spreads lie between the quartiles of a normal distribution. A feature that is the same in most good tiles
    # has no quartiles to speak of, its deviation is taken; one that is the same in all counts by its own size.
    spread = (high - low) / 1.349
    spread = np.where(spread > _SPREAD_MIN, spread, tiles.std(axis=0))
    scale = np.where(spread > _SPREAD_MIN, spread, np.maximum(np.abs(centre), 1.0))
    scaled = (tiles - centre) / scale
    covariance, shrinkage = shrunk_covariance(scaled - scaled.mean(axis=0))
    values, vectors = np.linalg.eigh(covariance)
    whitening = (vectors / np.sqrt(np.maximum(values, _SPREAD_MIN))).T
    return Surface(centre=centre, scale=scale, whitening=whitening, limit=1.0), shrinkage
