"""Frame reports and reads through their rows: what comes back is what went in, bit by bit."""

from __future__ import annotations

import base64
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.contract import Detection, FrameReport, FrameStamp, encode
from model_repository.contract import ModelRef
from postprocess.contract import DefectRead, EquipmentRead, FaceMatch, FaceRead, OtherRead, PlateRead, Read, ReadOf
from postprocess.looks import LOOK_COLUMNS, READ_COLUMNS, look, merged, read_of, report_of
from postprocess.rows import columns
from tests.support.vehicles import frame, read

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""The first text takes a second on a busy machine: hypothesis reads Unicode's tables."""
words = st.text(max_size=12)
plain = st.integers(-100_000, 200_000).map(lambda k: round(k / 100_000, 5))
"""As ingest rounds."""
wild = st.floats(allow_nan=False) | st.just(-0.0)
ratios = st.integers(0, 10_000).map(lambda k: round(k / 10_000, 4))
wide = st.integers(0, 2**64 - 1)
models = st.builds(ModelRef, name=words, version=words, sha256=words, starter=st.booleans())


def reports(
    numbers: st.SearchStrategy[float], confidences: st.SearchStrategy[float], places: st.SearchStrategy[int]
) -> st.SearchStrategy[FrameReport]:
    """Frame reports with such coordinates."""
    stamps = st.builds(
        FrameStamp,
        camera=st.just("cam-1"),
        epoch=places,
        seq=places,
        captured_at_us=places,
        clock=st.sampled_from(("rtcp", "arrival")),
    )
    found = st.builds(
        Detection, box=st.tuples(numbers, numbers, numbers, numbers), label=words, confidence=confidences, track=words,
        label_seen=words, detector=words,
    )  # fmt: skip
    return st.builds(
        FrameReport, stamp=stamps, detections=st.lists(found, max_size=5).map(tuple),
        ended_tracks=st.lists(words, max_size=3).map(tuple), model=models, width=places, height=places,
        before_us=places, further=st.dictionaries(words, models, max_size=2),
    )  # fmt: skip


def row(table: Any, item: object) -> dict[str, Any]:
    """The row as it is asked for again."""
    found = dict(zip(table, (values[0] for values in columns(table, [item])), strict=True))
    return found | {"exact": base64.b64encode(found["exact"]).decode()}


@unhurried
@given(reports(plain, ratios, st.integers(0, 2**32 - 1)))
def test_what_ingest_says_fits_the_columns(report: FrameReport) -> None:
    """Rounded numbers come back from whole ones; nothing has to be kept beside them."""
    ready = look(report)
    assert ready.exact == b""
    assert encode(report_of(row(LOOK_COLUMNS, ready))) == encode(report)


@unhurried
@given(reports(plain | wild, wild | ratios, st.integers(-(2**63), 2**63 - 1) | wide))
def test_any_report_comes_back(report: FrameReport) -> None:
    """Whatever the numbers, -0.0 among them."""
    assert encode(report_of(row(LOOK_COLUMNS, look(report)))) == encode(report)


reads_of: st.SearchStrategy[ReadOf] = st.one_of(
    st.builds(PlateRead, text=words, confidence=wild, char_confidence=st.lists(wild, max_size=3).map(tuple)),
    st.builds(
        FaceRead, score=wild, embedding=st.binary(max_size=64),
        matches=st.lists(st.builds(FaceMatch, person=words, similarity=wild), max_size=2).map(tuple),
    ),
    st.builds(EquipmentRead, worn=st.dictionaries(words, wild, max_size=2)),
    st.builds(DefectRead, score=wild),
    st.builds(OtherRead, values=st.dictionaries(words, wild, max_size=2), text=words),
)  # fmt: skip


@unhurried
@given(
    st.builds(
        Read, shot_id=words, recogniser=st.just("r"), camera=st.just("cam-1"), epoch=wide, track=words,
        captured_at_us=wide, read=reads_of, model=models, label=words,
        box=st.none() | st.tuples(wild, wild, wild, wild), quality=wild,
        thumbnail=st.binary(max_size=8),
    )
)  # fmt: skip
def test_any_read_comes_back_without_its_thumbnail(given_read: Read) -> None:
    """Of every recogniser."""
    found = read_of(row(READ_COLUMNS, given_read))
    assert encode(found) == encode(msgspec.structs.replace(given_read, thumbnail=b""))


def test_what_is_searched_in_reads() -> None:
    """The plate also folded; persons by id."""
    plate = row(READ_COLUMNS, read("s1", text="А123ВС77", track="1-1", seq=1))
    assert (plate["kind"], plate["plate"], plate["plate_folded"], plate["persons"]) == (
        "plate",
        "А123ВС77",
        "A123BC77",
        [],
    )
    face = FaceRead(score=0.75, matches=(FaceMatch(person="p7", similarity=0.5),))
    seen = row(READ_COLUMNS, msgspec.structs.replace(read("s2", text="", track="1-1", seq=1), read=face))
    assert (seen["kind"], seen["plate"], seen["persons"], seen["confidence"]) == ("face", "", ["p7"], 0.75)


def test_both_are_merged_by_time() -> None:
    """At one time reports come first."""
    frames = [frame(n, {}) for n in (1, 2, 4)]
    reads = [read(f"s{n}", text="", track="1-1", seq=n) for n in (0, 2, 3)]
    order = ["s0", 1, 2, "s2", "s3", 4]
    found = list(merged(frames, reads))
    assert [one.shot_id if isinstance(one, Read) else one.stamp.seq for one in found] == order
