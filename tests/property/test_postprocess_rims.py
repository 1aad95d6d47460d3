"""Passages at the rims of spans of not looking: the real boxes of two clips, cut at every moment, against the truth.

The boxes are those of the starter detector (`tests/support/looks`). At dusk the bottom of a bus at the rim of the
picture jumps by a tenth of its height: it is what is missed or extra there.
"""

from __future__ import annotations

import functools
import gzip
from pathlib import Path

import msgspec
import pytest

from deploy.demo.truth import Comparison, Happening, Span, Truth, compare
from ingest import look
from ingest.config import IngestSettings
from ingest.contract import Camera, IngestPlan
from ingest.track import Seen
from model_repository.contract import ModelRef
from postprocess.contract import Line
from postprocess.functions.replay import Replay
from postprocess.functions.unit import Context
from postprocess.functions.vehicles import VEHICLES, VehiclesSettings

ROOT = Path(__file__).resolve().parents[2]
LABELS = ("person", "bicycle", "car", "motorcycle", "bus", "truck")
LOOK_S = 0.2
T0_US = 1_790_000_000_000_000
AHEAD_S = 6.0
"""A span begins so long after the first look, and looks go on for so long after it."""
EACH = 4
"""A span begins at every fourth look."""
BOUNDS = {"gate-day": (0, 0), "gate-dusk": (5, 4)}
"""At most so many missed and extra."""


@functools.cache
def looks(clip: str) -> list[list[Seen]]:
    """What the detector saw, by look."""
    raw = gzip.decompress((ROOT / "tests/support/looks" / f"{clip}.json.gz").read_bytes())
    frames = msgspec.json.decode(raw)
    return [[Seen(box=tuple(map(float, b[:4])), label=b[4], confidence=b[5]) for b in boxes] for boxes in frames]  # type: ignore[arg-type]


@functools.cache
def truth(clip: str) -> Truth:
    """Of a clip of the demo site."""
    return msgspec.json.decode((ROOT / "deploy/site" / f"{clip}.json").read_bytes(), type=Truth)


def cut(clip: str, first: int, count: int, *, restart: bool) -> Comparison:
    """Play the looks around a span: without `count` of them from `first` on, in a new epoch if ingest restarted."""
    camera = Camera(id=clip, name=clip, url="rtsp://x/")
    floor = dict.fromkeys(LABELS, 0.35)
    rules = look.rules(IngestSettings(), camera, IngestPlan(camera=clip, class_floor=floor))
    lines = tuple(Line(id=one.id, a=one.a, b=one.b, entry=one.entry) for one in truth(clip).lines)  # type: ignore[arg-type]
    replay = Replay(
        VEHICLES,
        VEHICLES.policy(VehiclesSettings(lines=lines, confidence_ratio=0.35, plates=False), Context(camera=camera)),
        clip,
    )
    looker, ahead = look.Looker(clip, 1), round(AHEAD_S / LOOK_S)
    begin, end = max(0, first - ahead), min(len(looks(clip)), first + count + ahead)
    for n in range(begin, end):
        if first <= n < first + count:
            continue
        if restart and n == first + count:
            looker = look.Looker(clip, 2)
        moment = look.Moment(
            captured_us=T0_US + round(n * LOOK_S * 1e6), clock="arrival", size=(1280, 720), model=ModelRef(name="d")
        )
        replay.take([looker.look(looks(clip)[n], moment, rules).report])
    window = (T0_US + round(begin * LOOK_S * 1e6), T0_US + round((end - 1) * LOOK_S * 1e6))
    due = [
        Happening(at_us=T0_US + round(one.at_s * 1e6), camera=clip, kind=one.kind)
        for one in truth(clip).events
        if window[0] + 2_000_000 <= T0_US + round(one.at_s * 1e6) < window[1] - 2_000_000
    ]
    span = Span(
        camera=clip,
        from_us=T0_US + round((first - 1) * LOOK_S * 1e6),
        to_us=T0_US + round((first + count) * LOOK_S * 1e6),
    )
    said = [Happening(at_us=one.opened_at_us, camera=clip, kind=one.kind) for one in replay.finish(0, 2**62)]
    near = (window[0] + 2_000_000, window[1] - 2_000_000)
    return compare(due, said, blind=[span], window_us=near)


@pytest.mark.parametrize("restart", [False, True], ids=["away", "restart"])
@pytest.mark.parametrize("clip", sorted(BOUNDS))
def test_a_span_of_not_looking_makes_no_passage_and_loses_none(clip: str, restart: bool) -> None:
    """0.8, 3 and 6 s of not looking at every moment: of the passages outside of it hardly any is missed or extra."""
    missed = extra = expected = spans = 0
    for count in (4, 15, 30):
        for first in range(5, len(looks(clip)) - count - 5, EACH):
            found = cut(clip, first, count, restart=restart)
            expected, spans = expected + found.expected, spans + 1
            missed, extra = missed + len(found.missed), extra + len(found.extra)
    shown = {"spans": spans, "expected": expected, "missed": missed, "extra": extra}
    assert expected > 200, shown
    assert (missed <= BOUNDS[clip][0], extra <= BOUNDS[clip][1]) == (True, True), shown
