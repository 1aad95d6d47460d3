"""Events and shots as rows, and the statements that make their tables."""

from __future__ import annotations

from typing import Any

import msgspec

from ingest.contract import Camera
from model_repository.contract import ModelRef
from postprocess.contract import Event, EventPhoto
from postprocess.errors import PoisonError, RecogniserError, RowsError, StoreAway
from postprocess.rows import (
    CAMERA_COLUMNS,
    EVENT_COLUMNS,
    PHOTO_COLUMNS,
    CameraChange,
    columns,
    instant,
)
from tests.unit.test_postprocess_inlet import SHOT

EVENT = Event(
    event_id="e", version=3, kind="vehicle_entry", camera="c1", opened_at_us=1_000_001, plate="а 123 вс 77",
    photos=(
        EventPhoto(shot_id="s1", captured_at_us=2_000_000, quad=((0.1, 0.2), (0.3, 0.4)), thumbnail=b"\xff"),
        EventPhoto(shot_id="s2", captured_at_us=3_000_000, role="context"),
    ),
    models=(ModelRef(name="m", version="1", sha256="x", starter=True),),
)  # fmt: skip


def only(table: Any, item: object) -> dict[str, Any]:
    """One row by name."""
    return dict(zip(table, (values[0] for values in columns(table, [item])), strict=True))


def test_event_row() -> None:
    """Lists of photos and models go side by side, the plate also folded for searching."""
    row = only(EVENT_COLUMNS, EVENT)
    assert row["opened_at"] == 1_000_001
    assert row["closed_at"] is None
    assert row["box"] == []
    assert row["plate_folded"] == "A123BC77"
    assert row["photo_shot_ids"] == ["s1", "s2"]
    assert row["photo_quads"] == [[0.1, 0.2, 0.3, 0.4], []]
    assert row["thumbnail"] == b"\xff"
    assert (row["model_names"], row["model_starters"]) == (["m"], [True])


def test_what_an_event_says_of_people_and_things() -> None:
    """Persons, lists, equipment by name, amounts; nothing where nothing was said."""
    bare = only(EVENT_COLUMNS, EVENT)
    assert (bare["severity"], bare["items"], bare["missing"], bare["value"]) == ("info", {}, [], None)
    said = msgspec.structs.replace(
        EVENT, severity="alarm", plate_region="ru", listed="deny", person="p7", person_confidence=0.75,
        items={"helmet": 0.1}, missing=("helmet",), value=12.5,
    )  # fmt: skip
    row = only(EVENT_COLUMNS, said)
    assert (row["severity"], row["plate_region"], row["listed"]) == ("alarm", "ru", "deny")
    assert (row["person"], row["person_confidence"], row["value"]) == ("p7", 0.75, 12.5)
    assert (row["items"], row["missing"]) == ({"helmet": 0.1}, ["helmet"])


def test_empty_and_wild_values_fit_their_columns() -> None:
    """No photos; numbers beyond the column are held within it."""
    wild = msgspec.structs.replace(
        EVENT, photos=(), closed_at_us=5, box=(0, 0, 1, 1), version=2**40, epoch=-1, opened_at_us=-5
    )
    row = only(EVENT_COLUMNS, wild)
    assert (row["thumbnail"], row["version"], row["epoch"]) == (b"", 2**32 - 1, 0)
    assert (row["opened_at"], row["closed_at"]) == (0, 5)
    assert instant(2**70) // 31_556_952_000_000 == 2299 - 1970


def test_photo_row() -> None:
    """The picture with what is needed to find and order it."""
    row = only(PHOTO_COLUMNS, SHOT)
    assert (row["shot_id"], row["camera"], row["jpeg"]) == ("s1", "cam-1", b"\xff\xd8")


def test_camera_row() -> None:
    """Names without the address, which may hold a password; a deletion says so."""
    camera = Camera(id="c1", name="Ворота", url="rtsp://user:secret@host/1", region="Север")
    assert only(CAMERA_COLUMNS, CameraChange(camera="c1", revision=7, settings=camera)) == {
        "camera": "c1", "revision": 7, "name": "Ворота", "region": "Север", "enabled": True, "deleted": False,
    }  # fmt: skip
    gone = only(CAMERA_COLUMNS, CameraChange(camera="c1", revision=8, settings=None))
    assert list(gone.values()) == ["c1", 8, "", "", False, True]


def test_errors_write_their_sentence() -> None:
    """What, where, and what to do."""
    assert str(PoisonError("shot s", "no picture")) == "shot s: no picture"
    assert "waiting for it" in str(RecogniserError("plate_reader", "unavailable", away=True))
    assert "is loaded" in str(RecogniserError("plate_reader", "invalid", away=False))
    assert str(StoreAway("h:1", "refused")) == "clickhouse at h:1: refused; trying again"
    assert "don't fit" in str(RowsError("x"))
