"""Made-up passages at a gate, each with what must become of it: an oracle that does not ask the rules."""

from __future__ import annotations

import random
from collections.abc import Iterator

import msgspec

from postprocess.contract import DAYS, Hours, VehicleEntry

SURE = {"plate_sure": True, "plate_confidence": 0.95}
HOUR_US = 3_600_000_000


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """A passage: plate, age of its picture, further fields of its event, and why it is shut out; empty = it opens."""

    plate: str
    age_s: float = 0.0
    fields: dict[str, object] = {}
    why: str = ""


def lists(now_us: int) -> list[VehicleEntry]:
    """Entries by what becomes of their plates."""
    off = Hours(days=DAYS, since=_clock(now_us, 2), until=_clock(now_us, 3))
    entries = {
        "A": {}, "G": {"list": "guest", "valid_until_us": now_us + HOUR_US * 48}, "D": {"list": "deny"},
        "E": {"valid_until_us": now_us - HOUR_US}, "N": {"valid_from_us": now_us + HOUR_US * 24},
        "S": {"schedule": (off,)}, "X": {"directions": ("exit",)},
    }  # fmt: skip
    return [
        VehicleEntry(id=f"{kind}{number}".lower(), plate=_plate(kind, number), **{"list": "allow", **fields})  # type: ignore[arg-type]
        for kind, fields in entries.items()
        for number in range(10)
    ]


def passages(random_: random.Random, count: int) -> Iterator[Made]:
    """Of all sorts, about a third to be let in."""
    for _ in range(count):
        number, kind = random_.randrange(10), random_.choice("AAAGGDENSXU" + "tfulcw")
        yield _made(kind, number)


def _made(kind: str, number: int) -> Made:
    listed = _plate("A", number)
    why = {"A": "", "G": "", "D": "denied", "E": "expired", "N": "not_yet", "S": "off_schedule", "X": "entry_direction",
           "U": "unknown"}  # fmt: skip
    if kind in why:
        return Made(plate=_plate(kind, number), fields=SURE, why=why[kind])
    made = {
        "t": Made(plate=listed, age_s=3600.0, fields=SURE, why="stale"),
        "f": Made(plate=listed, age_s=-3600.0, fields=SURE, why="clock"),
        "u": Made(plate=listed, fields={**SURE, "plate_sure": False, "final": True}, why="unsure"),
        "l": Made(plate=listed, fields={**SURE, "plate_confidence": 0.1, "final": True}, why="low_confidence"),
        "c": Made(plate="", fields={"plate_sure": False, "final": True}, why="unread"),
        "w": Made(plate=listed, fields={**SURE, "kind": "vehicle_exit", "direction": "exit"}, why="direction"),
    }
    return made[kind]


_LETTERS = "ABEKMHOPCTYX"


def _plate(kind: str, number: int) -> str:
    """A Russian plate of its own for every kind: the first letter and the region say which."""
    place = "AGDENSXU".index(kind)
    return f"{_LETTERS[place]}{number}{place}7MX77"


def _clock(now_us: int, hours: int) -> str:
    return f"{(now_us // HOUR_US + hours) % 24:02}:00"
