"""How the whole is, for people; and boxes as they are seen: the pure parts."""

from __future__ import annotations

import msgspec

from api.boxes import BOXES_MAX, Newest, sight
from api.contract_work import SightOut
from api.system import (
    Consumers,
    StreamInfo,
    disks_query,
    disks_view,
    queue_view,
    reader_state,
    stopped_query,
    tables_query,
    tables_view,
)
from ingest.contract import Detection, FrameReport, FrameStamp
from model_repository.contract import ModelRef

NOW_US = 1_780_000_000_000_000
INFO = b"""{"config":{"name":"EVENTS","max_bytes":1000,"max_age":604800000000000},
"state":{"messages":7,"bytes":500,"first_ts":"2026-05-28T20:00:00Z","last_ts":"2026-05-28T20:26:30.123456789Z"}}"""
READERS = b"""{"total":3,"consumers":[
{"name":"store","config":{"durable_name":"store"},"num_pending":3,"num_ack_pending":2,"num_redelivered":1,
 "delivered":{"stream_seq":4,"last_active":"2026-05-28T20:20:00Z"}},
{"name":"slow","config":{"durable_name":"slow"},"num_pending":900,"delivered":{"last_active":"2026-05-28T20:26:39.5Z"}},
{"name":"x7F","config":{},"num_pending":0}]}"""


def test_a_queue_is_told_with_its_readers() -> None:
    """Those with names one by one, the others by their number; each state in words."""
    info, readers = msgspec.json.decode(INFO, type=StreamInfo), msgspec.json.decode(READERS, type=Consumers)
    found = queue_view(info, readers, frozenset(), NOW_US, "en")
    assert (found.name, found.what, found.bytes_max, found.age_s_max, found.others) == (
        "EVENTS",
        "events",
        1000,
        604_800,
        1,
    )
    assert (found.first_at, found.last_at) == ("2026-05-28T20:00:00.000000Z", "2026-05-28T20:26:30.123456Z")
    slow, store = found.readers
    assert (slow.state, slow.words) == ("behind", "900 messages behind")
    assert (store.state, store.words) == ("silent", "silent for 6 min while messages wait")
    assert (store.waiting, store.in_hand, store.again) == (3, 2, 1)
    stopped = queue_view(info, readers, frozenset({"store"}), NOW_US, "ru").readers[1]
    assert (stopped.state, stopped.words[:9]) == ("stopped", "остановле")


def test_an_empty_queue_has_no_times() -> None:
    """And a reader that never read says so; one that has nothing to do keeps up."""
    readers = msgspec.json.decode(
        b'{"consumers":[{"name":"a","config":{"durable_name":"a"},"num_pending":1,"delivered":{"last_active":"0001-01-01T00:00:00Z"}}]}',
        type=Consumers,
    )
    found = queue_view(StreamInfo(), readers, frozenset(), NOW_US, "en")
    assert (found.first_at, found.last_at, found.bytes_max) == (None, None, 0)
    assert found.readers[0].words.startswith("has never read")
    assert found.readers[0].active_at is None
    assert reader_state(0, None, NOW_US, stopped=False) == "ok"
    assert queue_view(StreamInfo(), Consumers(), frozenset(), NOW_US, "en").readers == ()


def test_tables_and_disks_for_people() -> None:
    """A table that is not parted by time has no times."""
    rows = [
        {"table": "events", "n": 5, "size": 10, "first_s": 1, "last_s": 2},
        {"table": "x", "n": 0, "size": 0, "first_s": 0, "last_s": 0},
    ]
    timed, bare = tables_view(rows)
    assert (timed.first_at, timed.last_at) == ("1970-01-01T00:00:01.000000Z", "1970-01-01T00:00:02.000000Z")
    assert (bare.first_at, bare.last_at) == (None, None)
    (disk,) = disks_view([{"name": "default", "free_space": 3, "total_space": 9}])
    assert (disk.free_bytes, disk.total_bytes) == (3, 9)
    assert all(query().sql for query in (stopped_query, tables_query, disks_query))


def test_the_surest_boxes_are_shown() -> None:
    """So many at most, whatever the detector saw."""
    many = tuple(Detection(box=(0, 0, 1, 1), label="car", confidence=n / 1000, track=f"t{n}") for n in range(500))
    stamp = FrameStamp(camera="gate", epoch=1, seq=1, captured_at_us=NOW_US)
    shown = sight(FrameReport(stamp=stamp, detections=many, model=ModelRef(name="m"), width=1, height=1))
    assert (len(shown.boxes), shown.boxes[0].track) == (BOXES_MAX, "t499")


async def test_only_the_newest_frame_of_a_camera_waits() -> None:
    """An older one is passed over; taking empties."""
    newest = Newest()
    frames = [SightOut(camera=camera, at=at, boxes=()) for camera, at in (("a", "1"), ("b", "1"), ("a", "2"))]
    assert [newest.put(one) for one in frames] == [False, False, True]
    assert newest.some.is_set()
    assert {(one.camera, one.at) for one in newest.take()} == {("a", "2"), ("b", "1")}
    assert newest.take() == ()
    assert not newest.some.is_set()
