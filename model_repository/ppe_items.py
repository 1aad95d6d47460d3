"""Which equipment the classes of a network speak of. Pure.

A class is evidence that an item is worn ("Hardhat"), that it is missing ("NO-Hardhat", "head"), a whole person, or
nothing of interest ("machinery"). Names are compared in lower case with everything but letters and digits as blanks.
"""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from model_repository.card import Item

Place = Literal["head", "trunk", "anywhere"]

KNOWN: dict[str, tuple[Place, tuple[str, ...]]] = {
    "helmet": ("head", ("helmet", "hardhat", "hard hat", "safety helmet", "safety hat", "каска")),
    "vest": (
        "trunk",
        ("vest", "safety vest", "reflective vest", "reflective jacket", "hi vis", "hi vis vest", "hivis", "жилет"),
    ),
    "mask": ("head", ("mask", "face mask", "medical mask", "маска")),
    "goggles": ("head", ("goggles", "goggle", "glasses", "safety glasses", "safety goggles", "очки")),
    "earmuffs": ("head", ("earmuffs", "ear muffs", "ear protection", "ear", "наушники")),
    "gloves": ("anywhere", ("gloves", "glove", "safety gloves", "hand gloves", "перчатки")),
    "boots": ("anywhere", ("boots", "boot", "safety boots", "safety shoes", "shoes", "ботинки")),
    "harness": ("trunk", ("harness", "safety harness", "привязь")),
    "suit": ("trunk", ("suit", "safety suit", "protective suit", "coverall", "coveralls", "комбинезон")),
}
"""Item → where it is worn, and what networks call it."""

MISSING = {"head": "helmet", "bare head": "helmet", "unhelmeted": "helmet"}
"""Names that say that an item is missing without naming it."""

PERSONS = ("person", "people", "worker", "human", "pedestrian", "человек", "рабочий")

_NEGATIVE = re.compile(r"(?:no|non|not|without|missing|без)\s+(.+)|(.+)\s+(?:missing|off)")


class Written(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An item as a user writes it: names of classes."""

    worn: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    place: Place | None = None


class ItemsFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `--items FILE` (TOML) holds: `persons = ["Person"]` and a table `[items.helmet]` for each item."""

    items: dict[str, Written]
    persons: tuple[str, ...] = ()


class Mapping(msgspec.Struct, frozen=True, kw_only=True):
    """The items of a network and its classes that are people."""

    items: tuple[Item, ...]
    persons: tuple[int, ...]


def inferred(classes: tuple[str, ...]) -> Mapping:
    """What the names of classes say by themselves; the items in the order in which they first occur.

    A name that is no known item counts only where its opposite is there too: "X" and "NO-X".
    """
    plain = [_plain(name) for name in classes]
    opposites = {_opposite(name) for name in plain} - {""}
    worn: dict[str, list[int]] = {}
    missing: dict[str, list[int]] = {}
    for index, name in enumerate(plain):
        of = _opposite(name)
        item = MISSING.get(name) or _item(of or name)
        if not item and (name in opposites or of in plain):
            item = of or name
        if item:
            worn.setdefault(item, [])
            missing.setdefault(item, [])
            (missing if of or name in MISSING else worn)[item].append(index)
    items = tuple(
        Item(name=item, worn=tuple(worn[item]), missing=tuple(missing[item]), place=place_of(item)) for item in worn
    )
    return Mapping(items=items, persons=tuple(index for index, name in enumerate(plain) if name in PERSONS))


def written(file: ItemsFile, classes: tuple[str, ...]) -> Mapping:
    """What a user wrote. Raises KeyError with the name of a class that the network does not have."""
    number = {name: index for index, name in enumerate(classes)}
    items = tuple(
        Item(
            name=name,
            worn=tuple(number[each] for each in item.worn),
            missing=tuple(number[each] for each in item.missing),
            place=item.place or place_of(name),
        )
        for name, item in file.items.items()
    )
    return Mapping(items=items, persons=tuple(number[each] for each in file.persons))


def place_of(item: str) -> Place:
    """Where on the body an item of that name is worn."""
    return KNOWN[item][0] if item in KNOWN else "anywhere"


def _plain(name: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", name.lower()))


def _opposite(name: str) -> str:
    """What a negative name is the opposite of; '' for any other."""
    found = _NEGATIVE.fullmatch(name)
    return (found[1] or found[2]) if found else ""


def _item(name: str) -> str:
    return next((item for item, (_, names) in KNOWN.items() if name in names), "")
