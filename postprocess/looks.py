"""Frame reports and reads as rows of the store and back, for replay. Pure: no I/O, no clock.

Rules
- `report_of(row of a report) == report`, bit by bit, and so for reads but for their thumbnail: rules that are run again
  over stored looks must see what was seen.
- ingest rounds coordinates to 5 and confidences to 4 digits, so that whole numbers hold them: k / 1e5 is the very
  double that rounding gives. What is no such number, or fits no column, lies in `exact` as it came.
- Order is that of the messages' own times; at one time reports come before reads.
"""

from __future__ import annotations

import base64
import heapq
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any

import msgspec

from ingest.contract import Detection, FrameReport, FrameStamp, decode, encode
from model_repository.contract import ModelRef
from postprocess.contract import PlateRead, Read, fold_plate
from postprocess.rows import U32, U64, Columns, instant, uint

E4, E5 = 10_000, 100_000
_U16 = 0xFFFF
_I64 = 2**63 - 1


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """A report with what its columns need."""

    report: FrameReport
    numbers: tuple[tuple[int, ...], ...]
    """x1, y1, x2, y2 in hundred-thousandths and confidence in ten-thousandths, of all detections."""
    exact: bytes


def look(report: FrameReport) -> Look:
    """The report, ready for its columns."""
    found = report.detections
    sides = [*zip(*(one.box for one in found), strict=True)] or [(), (), (), ()]
    steps = [_steps(values, E5, (-1e4, 1e4)) for values in sides]
    steps.append(_steps([one.confidence for one in found], E4, (0.0, _U16 / E4)))
    fits = _fits(report) and all(exact for _, exact in steps)
    return Look(report=report, numbers=tuple(values for values, _ in steps), exact=b"" if fits else encode(report))


def _steps(values: Sequence[float], per_one: int, held: tuple[float, float]) -> tuple[tuple[int, ...], bool]:
    """Whole numbers, and whether they are exact; all 0 where one is none, or too large for its column."""
    if not all(held[0] <= value <= held[1] for value in values):
        return (0,) * len(values), False
    steps = tuple(round(value * per_one) for value in values)
    pairs = zip(steps, values, strict=True)
    return steps, all(k / per_one == value and (k != 0 or math.copysign(1.0, value) > 0) for k, value in pairs)


def _fits(report: FrameReport) -> bool:
    stamp = report.stamp
    sizes = 0 <= report.width <= U32 and 0 <= report.height <= U32
    places = 0 <= stamp.epoch <= U64 and 0 <= stamp.seq <= U64 and -_I64 <= report.before_us <= _I64
    return sizes and places and instant(stamp.captured_at_us) == stamp.captured_at_us


@lru_cache(maxsize=256)
def _model_text(model: ModelRef) -> str:
    return msgspec.json.encode(model).decode()


def _further_text(further: Mapping[str, ModelRef]) -> str:
    return msgspec.json.encode(further).decode() if further else ""


LOOK_COLUMNS: Columns[Look] = {
    "camera": attrgetter("report.stamp.camera"),
    "captured_at": lambda k: instant(k.report.stamp.captured_at_us),
    "epoch": lambda k: uint(k.report.stamp.epoch, U64),
    "seq": lambda k: uint(k.report.stamp.seq, U64),
    "clock": attrgetter("report.stamp.clock"),
    "before_us": lambda k: max(-_I64, min(_I64, k.report.before_us)),
    "width": lambda k: uint(k.report.width, U32),
    "height": lambda k: uint(k.report.height, U32),
    "model": lambda k: _model_text(k.report.model),
    "further": lambda k: _further_text(k.report.further),
    "ended_tracks": attrgetter("report.ended_tracks"),
    "labels": lambda k: [one.label for one in k.report.detections],
    "labels_seen": lambda k: [one.label_seen for one in k.report.detections],
    "detectors": lambda k: [one.detector for one in k.report.detections],
    "tracks": lambda k: [one.track for one in k.report.detections],
    "confidences_e4": lambda k: k.numbers[4],
    "x1_e5": lambda k: k.numbers[0],
    "y1_e5": lambda k: k.numbers[1],
    "x2_e5": lambda k: k.numbers[2],
    "y2_e5": lambda k: k.numbers[3],
    "exact": attrgetter("exact"),
}


def confidence(read: Read) -> float | None:
    """How sure the recogniser is, or how far a surface is from good ones; None where it says no such thing."""
    sure = getattr(read.read, "confidence", getattr(read.read, "score", None))
    return None if sure is None else float(sure)


READ_COLUMNS: Columns[Read] = {
    "camera": attrgetter("camera"),
    "captured_at": lambda r: instant(r.captured_at_us),
    "shot_id": attrgetter("shot_id"),
    "recogniser": attrgetter("recogniser"),
    "epoch": lambda r: uint(r.epoch, U64),
    "track": attrgetter("track"),
    "label": attrgetter("label"),
    "kind": lambda r: str(r.read.__struct_config__.tag),
    "confidence": lambda r: confidence(r) or 0.0,
    "plate": lambda r: r.read.text if isinstance(r.read, PlateRead) else "",
    "plate_folded": lambda r: fold_plate(r.read.text) if isinstance(r.read, PlateRead) else "",
    "persons": lambda r: [match.person for match in getattr(r.read, "matches", ())],
    "quality": attrgetter("quality"),
    "model": lambda r: _model_text(r.model),
    "exact": lambda r: encode(msgspec.structs.replace(r, thumbnail=b"")),
}


@lru_cache(maxsize=256)
def _model_of(text: str) -> ModelRef:
    return msgspec.json.decode(text, type=ModelRef)


def _further_of(text: str) -> dict[str, ModelRef]:
    return msgspec.json.decode(text, type=dict[str, ModelRef]) if text else {}


def report_of(row: Mapping[str, Any]) -> FrameReport:
    """A row of `looks`, its time as microseconds and `exact` as base64, as the report it was made of."""
    if row["exact"]:
        return decode(base64.b64decode(row["exact"]), FrameReport)
    return FrameReport(
        stamp=FrameStamp(
            camera=row["camera"],
            epoch=row["epoch"],
            seq=row["seq"],
            captured_at_us=row["captured_at"],
            clock=row["clock"],
        ),
        detections=tuple(_detections(row)),
        ended_tracks=tuple(row["ended_tracks"]),
        model=_model_of(row["model"]),
        width=row["width"],
        height=row["height"],
        before_us=row["before_us"],
        further=_further_of(row["further"]),
    )


def _detections(row: Mapping[str, Any]) -> Iterator[Detection]:
    words = zip(row["labels"], row["labels_seen"], row["detectors"], row["tracks"], strict=True)
    boxes = zip(row["x1_e5"], row["y1_e5"], row["x2_e5"], row["y2_e5"], strict=True)
    for (label, seen, detector, track), box, confidence in zip(words, boxes, row["confidences_e4"], strict=True):
        x1, y1, x2, y2 = box
        yield Detection(
            box=(x1 / E5, y1 / E5, x2 / E5, y2 / E5),
            label=label,
            confidence=confidence / E4,
            track=track,
            label_seen=seen,
            detector=detector,
        )


def read_of(row: Mapping[str, Any]) -> Read:
    """A row of `reads`, `exact` as base64, as the read it was made of, without its thumbnail."""
    return decode(base64.b64decode(row["exact"]), Read)


def _place(message: FrameReport | Read) -> tuple[int, bool, int, int, str, str]:
    if isinstance(message, Read):
        return message.captured_at_us, True, message.epoch, 0, message.shot_id, message.recogniser
    return message.stamp.captured_at_us, False, message.stamp.epoch, message.stamp.seq, "", ""


def merged(reports: Iterable[FrameReport], reads: Iterable[Read]) -> Iterator[FrameReport | Read]:
    """Both in the order of their times; each comes in that order already."""
    return heapq.merge(reports, reads, key=_place)


SLICE_US = 600_000_000
"""A span is asked in slices of this length, so that memory is bounded whatever its own."""
_WHERE = (
    "WHERE camera = {camera:String} AND l.captured_at >= fromUnixTimestamp64Micro({since:Int64}) "
    "AND l.captured_at < fromUnixTimestamp64Micro({until:Int64})"
)


def looks_sql(table: str) -> str:
    """Rows for `report_of`, by time; bound are camera, since and until (µs)."""
    others = ", ".join(name for name in LOOK_COLUMNS if name not in {"captured_at", "exact"})
    return (
        f"SELECT toUnixTimestamp64Micro(l.captured_at) AS captured_at, {others}, base64Encode(l.exact) AS exact "  # noqa: S608 - names of columns
        f"FROM {table} AS l FINAL {_WHERE} ORDER BY l.captured_at, epoch, seq"
    )


def reads_sql(table: str) -> str:
    """Rows for `read_of`; bound as above."""
    return (
        f"SELECT base64Encode(l.exact) AS exact FROM {table} AS l FINAL {_WHERE} "  # noqa: S608 - as above
        "ORDER BY l.captured_at, epoch, shot_id, recogniser"
    )
