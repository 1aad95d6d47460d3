"""What is behind an event: the way of its object over the picture, its crops, and every read of them.

Pure: questions to the store, and their rows as what people see. All of it is bounded, by time and by number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast
from urllib.parse import quote

from api.contract_work import ReadOut, SeenOut, StepOut, TraceOut
from api.query import Query
from api.views import moment
from ingest.contract import Box
from postprocess.contract import DefectRead, EquipmentRead, Event, FaceRead, PlateRead, Read
from postprocess.looks import E4, E5

AROUND_US = 120_000_000
"""A track may begin so long before its event, and go on so long after it."""
SPAN_US_MAX = 1_800_000_000
LOOKS_MAX = 6000
STEPS_MAX = 400
SHOTS_MAX = 64
READS_MAX = 200
_SPAN = (
    "camera = {camera:String} AND l.captured_at >= fromUnixTimestamp64Micro({since:Int64}) "
    "AND l.captured_at < fromUnixTimestamp64Micro({until:Int64}) AND epoch = {epoch:UInt64}"
)


def _bound(event: Event) -> dict[str, Any]:
    since = event.opened_at_us - AROUND_US
    until = min((event.closed_at_us or event.opened_at_us) + AROUND_US, since + SPAN_US_MAX)
    return {
        "camera": event.camera,
        "since": max(0, since),
        "until": until,
        "epoch": event.epoch,
        "track": event.track,
        "shots": [photo.shot_id for photo in event.photos],
    }


def path_query(event: Event) -> Query:
    """Boxes of the event's track, by time."""
    sides = ", ".join(f"{side}_e5[n] AS {side}" for side in ("x1", "y1", "x2", "y2"))
    sql = (
        "SELECT toUnixTimestamp64Micro(l.captured_at) AS at_us, indexOf(tracks, {track:String}) AS n, "  # noqa: S608 - values are bound
        f"confidences_e4[n] AS confidence, {sides} FROM looks AS l FINAL WHERE {_SPAN} "
        f"AND {{track:String}} != '' AND n > 0 ORDER BY at_us LIMIT {LOOKS_MAX}"
    )
    return Query(sql=sql, parameters=_bound(event))


def shots_query(event: Event) -> Query:
    """Crops of the event's track and those that it names, by time, without their pictures."""
    sql = (
        "SELECT shot_id, toUnixTimestamp64Micro(l.captured_at) AS at_us, recogniser, box, crop, quality "  # noqa: S608 - values are bound
        f"FROM photos_latest AS l WHERE {_SPAN} AND ({{track:String}} != '' AND track = {{track:String}} "
        f"OR shot_id IN {{shots:Array(String)}}) ORDER BY at_us, shot_id LIMIT {SHOTS_MAX}"
    )
    return Query(sql=sql, parameters=_bound(event))


def shot_query(event: Event, shot_id: str) -> Query:
    """The picture of one of these crops."""
    sql = (
        f"SELECT base64Encode(jpeg) AS jpeg FROM photos_latest AS l WHERE {_SPAN} "  # noqa: S608 - values are bound
        "AND shot_id = {shot:String} AND ({track:String} != '' AND track = {track:String} "
        "OR shot_id IN {shots:Array(String)}) LIMIT 1"
    )
    return Query(sql=sql, parameters=_bound(event) | {"shot": shot_id})


def reads_query(event: Event) -> Query:
    """What was read of the event's track and of the crops that it names, by time: rows of `looks.read_of`."""
    sql = (
        f"SELECT base64Encode(l.exact) AS exact FROM reads AS l FINAL WHERE {_SPAN} "  # noqa: S608 - values are bound
        "AND ({track:String} != '' AND track = {track:String} OR shot_id IN {shots:Array(String)}) "
        f"ORDER BY l.captured_at, shot_id, recogniser LIMIT {READS_MAX}"
    )
    return Query(sql=sql, parameters=_bound(event))


def thinned(rows: Sequence[Mapping[str, Any]], count_max: int) -> list[Mapping[str, Any]]:
    """At most so many, evenly chosen, the first and the last among them."""
    if len(rows) <= count_max:
        return list(rows)
    step = (len(rows) - 1) / (count_max - 1)
    return [rows[round(number * step)] for number in range(count_max)]


def _step(row: Mapping[str, Any]) -> StepOut:
    x1, y1, x2, y2 = (row[side] / E5 for side in ("x1", "y1", "x2", "y2"))
    return StepOut(at=moment(row["at_us"]), box=(x1, y1, x2, y2), confidence=row["confidence"] / E4)


def _shot(event: Event, row: Mapping[str, Any]) -> SeenOut:
    return SeenOut(
        id=row["shot_id"],
        url=f"/api/v1/events/{quote(event.event_id, safe='')}/shots/{quote(row['shot_id'], safe='')}.jpg",
        at=moment(row["at_us"]),
        recogniser=row["recogniser"],
        box=_box(row["box"]),
        crop=_box(row["crop"]),
        quality=round(float(row["quality"]), 4),
    )


def _box(values: Sequence[float]) -> Box | None:
    return cast("Box", tuple(round(float(value), 5) for value in values)) if len(values) == 4 else None


def read_view(read: Read) -> ReadOut:
    """A read in a few words, whatever the recogniser."""
    text, confidence = _said(read)
    plate = read.read if isinstance(read.read, PlateRead) else None
    return ReadOut(
        shot=read.shot_id,
        at=moment(read.captured_at_us),
        recogniser=read.recogniser,
        text=text,
        confidence=round(confidence, 4),
        char_confidence=tuple(round(one, 3) for one in plate.char_confidence) if plate is not None else (),
        quad=plate.quad if plate is not None else (),
    )


def _said(read: Read) -> tuple[str, float]:
    match read.read:
        case PlateRead(text=text, confidence=confidence):
            return text, confidence
        case FaceRead(matches=(first, *_)):
            return first.person, first.similarity
        case FaceRead(score=score):
            return "", score
        case EquipmentRead(worn=worn):
            return ", ".join(f"{item} {share:.0%}" for item, share in sorted(worn.items())), max(
                worn.values(), default=0
            )
        case DefectRead(score=score):
            return f"{score:.2f}", min(1.0, score)
    return read.read.text, max(read.read.values.values(), default=0.0)


def trace_view(
    event: Event, path: Sequence[Mapping[str, Any]], shots: Sequence[Mapping[str, Any]], reads: Sequence[Read]
) -> TraceOut:
    """All of it for people."""
    return TraceOut(
        path=tuple(map(_step, thinned(path, STEPS_MAX))),
        shots=tuple(_shot(event, row) for row in shots),
        reads=tuple(map(read_view, reads)),
    )
