"""The file of a fitted surface: a NumPy archive of numbers, which can hold no code.

Rules of this file
- Edge: reads and writes one file. What is read is checked: a file that was cut or made by other hands is refused.
- Equal models give equal bytes.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import msgspec
import numpy as np

from model_repository.defects.errors import SurfaceFileInvalid
from model_repository.defects.features import Recipe
from model_repository.defects.oneclass import Surface


def save(path: Path, recipe: Recipe, surface: Surface) -> None:
    """Write a model: recipe (JSON as bytes), centre, scale, whitening and limit, numbers as float32."""
    np.savez_compressed(
        path,
        recipe=np.frombuffer(msgspec.json.encode(recipe), np.uint8),
        centre=surface.centre.astype(np.float32),
        scale=surface.scale.astype(np.float32),
        whitening=surface.whitening.astype(np.float32),
        limit=np.float32(surface.limit),
    )


def load(path: Path) -> tuple[Recipe, Surface]:
    """Read a model. Raises SurfaceFileInvalid."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            recipe = msgspec.json.decode(archive["recipe"].tobytes(), type=Recipe)
            numbers = {name: archive[name].astype(np.float64) for name in ("centre", "scale", "whitening", "limit")}
    except OSError as error:
        raise SurfaceFileInvalid(path, error.strerror or str(error)) from error
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile, msgspec.DecodeError) as error:
        raise SurfaceFileInvalid(path, str(error)) from error
    size = recipe.size
    shapes = {"centre": (size,), "scale": (size,), "whitening": (size, size), "limit": ()}
    for name, shape in shapes.items():
        if numbers[name].shape != shape:
            raise SurfaceFileInvalid(path, f"{name} is {numbers[name].shape}, expected {shape}")
        if not np.isfinite(numbers[name]).all():
            raise SurfaceFileInvalid(path, f"{name} holds what is no number")
    if not (numbers["scale"] > 0).all() or float(numbers["limit"]) <= 0:
        raise SurfaceFileInvalid(path, "scale and limit must be above zero")
    surface = Surface(
        centre=numbers["centre"],
        scale=numbers["scale"],
        whitening=numbers["whitening"],
        limit=float(numbers["limit"]),
    )
    return recipe, surface
