"""What `zool bench store` sends, expects and prints. Pure.

Traffic is that of gates: two versions of each passage (first unread, then read, with a small picture), and now and then
a message that comes twice, as after a broker's outage. The same number always gives the same messages.
"""

from __future__ import annotations

import itertools
import random
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from deploy.bench import series
from deploy.bench.result import Result, ratio
from ingest.contract import encode, events_subject
from model_repository.contract import ModelRef
from postprocess.contract import Event, EventPhoto

TARGET_ROWS_PER_S = 20_000.0
TARGET_PANEL_MS = 300.0
TWICE_EVERY = 50
CAMERAS = 20
STEP_US = 250_000
THUMBNAIL_BYTES = 600
"""A picture that ZSTD can't make smaller; small, so that the figure is that of rows."""
_LETTERS = "АВЕКМНОРСТУХ"
_READER = ModelRef(name="starter-plates", version="1", sha256="0" * 64, starter=True)


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A message for the broker."""

    event: Event
    message_id: str

    @property
    def subject(self) -> str:
        """Where it goes."""
        return events_subject(self.event.camera, self.event.kind)

    @property
    def payload(self) -> bytes:
        """Its wire form."""
        return encode(self.event)


class Expected(msgspec.Struct, kw_only=True):
    """What the store has to hold of what was sent."""

    messages: int = 0
    events: int = 0
    versions: int = 0
    """Sum of the newest versions: says that the newest of each is there."""
    plates: int = 0

    def add(self, sent: Sent) -> None:
        """One more message."""
        self.messages += 1
        if sent.message_id == sent.event.message_id:
            self.events += sent.event.version == 1
            self.versions += 1  # 1 at first, then 2
            self.plates += sent.event.version == 2


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What the store holds."""

    rows: int
    """In the table, duplicates and older versions among them."""
    events: int
    versions: int
    plates: int

    def exact(self, expected: Expected) -> bool:
        """Nothing is missing and nothing is doubled under FINAL."""
        return (self.events, self.versions, self.plates) == (expected.events, expected.versions, expected.plates)


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """A moment of the draining."""

    at_s: float
    rows: int
    """Acknowledged so far."""
    cpu_s: Mapping[str, float]
    """Processor time of the components so far."""


def messages(count: int, begin_us: int, seed: int = 1) -> Iterator[Sent]:
    """So many messages, the first event at `begin_us`."""
    return itertools.islice(_endless(begin_us, random.Random(seed)), count)


def _endless(begin_us: int, dice: random.Random) -> Iterator[Sent]:
    for number in itertools.count():
        first = _passage(number, begin_us, dice)
        read = _read(first, dice)
        yield Sent(event=first, message_id=first.message_id)
        yield Sent(event=read, message_id=read.message_id)
        if number % TWICE_EVERY == 0:
            yield Sent(event=read, message_id=f"{read.message_id}/again")


def _passage(number: int, begin_us: int, dice: random.Random) -> Event:
    kind = ("vehicle_entry", "vehicle_exit")[number % 2]
    return Event(
        event_id=str(uuid.UUID(int=dice.getrandbits(128), version=4)), version=1, kind=kind,
        camera=f"cam-{number % CAMERAS + 1}", opened_at_us=begin_us + number * STEP_US, function="vehicles",
        rule="gate", track=f"1-{number}", epoch=1, direction="entry" if number % 2 == 0 else "exit",
        label="car", confidence=0.9,
        models=(_READER,), box=(0.1, 0.2, 0.3, 0.4), settings_revision=3, frame_seq=number,
    )  # fmt: skip


def _read(event: Event, dice: random.Random) -> Event:
    one, two, three = (dice.choice(_LETTERS) for _ in range(3))
    photo = EventPhoto(
        shot_id=f"{event.camera}.{event.track}.plate_reader.0", captured_at_us=event.opened_at_us,
        quad=((0.1, 0.1), (0.2, 0.1), (0.2, 0.2), (0.1, 0.2)), thumbnail=dice.randbytes(THUMBNAIL_BYTES),
    )  # fmt: skip
    return msgspec.structs.replace(
        event, version=2, final=True, closed_at_us=event.opened_at_us + 1_000_000, photos=(photo,),
        plate=f"{one}{dice.randint(1, 999):03d}{two}{three}77", plate_confidence=0.97, plate_reads=4,
    )  # fmt: skip


HISTORY_DAYS = 360
FILL = """
INSERT INTO events (event_id, version, kind, camera, opened_at, closed_at, final, function, rule, track, epoch,
    direction, label, confidence, plate, plate_folded, plate_confidence, plate_reads, settings_revision, frame_seq,
    cause)
WITH sipHash64(number) AS h, number % 200 = 199 AS blind
SELECT toString(generateUUIDv4()), 2, multiIf(blind, 'camera_blind', h % 2 = 0, 'vehicle_entry', 'vehicle_exit'),
    concat('cam-', toString(h % {cameras:UInt32} + 1)),
    fromUnixTimestamp64Micro({begin_us:Int64} + toInt64(number) * {step_us:Int64}) AS at,
    at + toIntervalSecond(1), true, 'vehicles', 'gate', concat('1-', toString(number)), 1,
    multiIf(blind, '', h % 2 = 0, 'entry', 'exit'), if(blind, '', ['car', 'truck', 'bus'][h % 3 + 1]), 0.9,
    if(blind OR h % 20 = 0, '', concat('A', leftPad(toString(h % 1000), 3, '0'), 'BC', toString(h % 97 + 1))) AS shown,
    shown, 0.97, 4, 3, number, if(blind, 'network', '')
FROM numbers_mt({from:UInt64}, {count:UInt64})
"""
"""Passages of a year, 1 in 20 without a plate, 1 in 200 a blind span."""
NAMES = """
INSERT INTO cameras (camera, revision, name, region, enabled)
SELECT concat('cam-', toString(number + 1)), 1, concat('Gate ', toString(number + 1)), '', true
FROM numbers({cameras:UInt32})
"""
_BY_HOUR = "FROM events_by_hour GROUP BY ALL ORDER BY ALL"
ALL_TIME = {
    "all time by month": f"SELECT toStartOfMonth(hour) AS at, kind, sum(events) {_BY_HOUR}",
    "all time by hour of the day": f"SELECT toHour(hour, 'Europe/Moscow') AS at, sum(events) {_BY_HOUR}",
    "all time by camera": f"SELECT camera, direction, sum(events), sum(plates) {_BY_HOUR}",
}


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """How long a panel took, again and again."""

    times_ms: tuple[float, ...]


def panels(asked: Mapping[str, Asked]) -> dict[str, dict[str, float | None]]:
    """A row for each panel."""
    told = {title: series.percentiles(one.times_ms) for title, one in asked.items()}
    return {title: {"median_ms": one["p50"], "max_ms": one["max"]} for title, one in told.items()}


def rates(points: Sequence[Point], parts: int = 5) -> list[float]:
    """Rows a second over equal parts of the run."""
    edges = [points[round((len(points) - 1) * part / parts)] for part in range(parts + 1)]
    pairs = itertools.pairwise(edges)
    return [(now.rows - was.rows) / (now.at_s - was.at_s) for was, now in pairs if now.at_s > was.at_s]


def drained(
    points: Sequence[Point],
    found: Found,
    told: Expected,
    *,
    floor: float,
    asked: Mapping[str, Asked],
    conditions: Mapping[str, Any],
) -> Result:
    """The figure of the draining; `floor` is what the same client inserts of the same rows, and nothing else."""
    first, last = points[0], points[-1]
    took_s, rows = last.at_s - first.at_s, last.rows - first.rows
    counts = {"sent": told.messages, "rows": found.rows, "events": found.events, "events_expected": told.events}
    spent = {name: last.cpu_s[name] - first.cpu_s.get(name, 0.0) for name in last.cpu_s}
    details = {
        "counts": counts,
        "exact_under_final": found.exact(told),
        "took_s": round(took_s, 1),
        "cpu_us_per_row": {name: round(1e6 * cpu_s / rows, 1) for name, cpu_s in spent.items()},
        "panels": panels(asked),
        "target_panel_ms": TARGET_PANEL_MS,
    }
    return Result(
        name="store",
        value=round(rows / took_s),
        unit="rows/s (from the stream to the acknowledgement behind the insert)",
        floor=round(floor),
        ratio=ratio(rows / took_s, floor),
        target=TARGET_ROWS_PER_S,
        spread=series.spread(round(one) for one in rates(points)),
        conditions={**conditions, "details": details},
    )
