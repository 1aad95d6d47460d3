"""`zool models fit surface_defect`: a model of a surface from a few good pictures.

Edge: reads a folder of pictures, writes one set of weights.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import msgspec

from model_repository import card, store
from model_repository.card import Weights, WeightsCard
from model_repository.contract import SURFACE_DEFECT
from model_repository.defects import features, model_file, oneclass, pictures
from model_repository.defects.errors import NameRefused, PicturesCount
from model_repository.defects.features import Recipe

PICTURES_MAX = 200
"""More good pictures make fitting slow and the limit no better."""

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


class Fitted(msgspec.Struct, frozen=True, kw_only=True):
    """A fitted surface, the size (width, height) of what it takes, and the pictures that it is of."""

    recipe: Recipe
    fit: oneclass.Fit
    size: tuple[int, int]
    paths: tuple[Path, ...]

    @property
    def summary(self) -> str:
        """What was found, one line each: how far each good picture is from the others, the farthest first."""
        ordered = sorted(zip(self.fit.left_out, self.paths, strict=True), reverse=True)
        lines = [f"  {share:.2f}  {path.name}" for share, path in ordered[:5]]
        head = "the good pictures that differ most from the others (1.00 = the limit); look whether they are good:"
        return "\n".join([head, *lines])


def fit_folder(good: Path, recipe: Recipe | None = None) -> Fitted:
    """Fit on the pictures of a folder. Raises SurfaceRefused."""
    recipe = recipe or Recipe()
    paths = pictures.listed(good)
    if not oneclass.PICTURES_MIN <= len(paths) <= PICTURES_MAX:
        raise PicturesCount(good, len(paths), oneclass.PICTURES_MIN, PICTURES_MAX)
    read = pictures.read_alike(paths)
    size = pictures.input_size(paths[0], pictures.size_of(read[0]))
    tiles = []
    for picture in read:
        values, seen = features.tile_features(pictures.cut(picture, size), recipe)
        tiles.append(values[seen > 0].astype("float64"))
    return Fitted(recipe=recipe, fit=oneclass.fit(tiles), size=size, paths=tuple(paths))


def default_name(good: Path) -> str:
    """A name from the folder: its own, or that of the one around it where it is called `good` or `train`."""
    folder = good.resolve()
    named = [each for each in (folder, *folder.parents) if each.name.lower() not in {"good", "train"}]
    plain = named[0].name
    return re.sub(r"[^a-z0-9_-]+", "-", plain.lower()).strip("-_")[:40] or "surface"


def card_of(fitted: Fitted, name: str, trained_on: str = "") -> WeightsCard:
    """The card of a fitted model."""
    return WeightsCard(
        name=name,
        task=SURFACE_DEFECT,
        starter=name.startswith("starter-"),
        trained_on=trained_on or f"{len(fitted.paths)} good pictures",
        input_width=fitted.size[0],
        input_height=fitted.size[1],
        anchor="top_left",
        fill=features.FILL,
        embedding_size=fitted.recipe.size,
    )


def deploy(fitted: Fitted, name: str, data_directory: Path, *, replace: bool = False) -> Weights:
    """Put a fitted model to use under a name. Raises NameRefused, NameTaken."""
    if not NAME.fullmatch(name):
        raise NameRefused(name)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "surface.npz"
        model_file.save(path, fitted.recipe, fitted.fit.surface)
        return store.add(path, card_of(fitted, name), data_directory, replace=replace)


def write(fitted: Fitted, name: str, folder: Path, *, trained_on: str, command: str) -> Path:
    """Write a model and its card into a folder as NAME.npz and NAME.json: how the starter is made."""
    path = folder / f"{name}.npz"
    model_file.save(path, fitted.recipe, fitted.fit.surface)
    sha256 = card.file_sha256(path)
    described = card_of(fitted, name, trained_on)
    signed = msgspec.structs.replace(
        described, sha256=sha256, version=sha256[: card.VERSION_CHARS], licence="Apache-2.0", command=command
    )
    card.save(signed, path.with_suffix(".json"))
    return path
