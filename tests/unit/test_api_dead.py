"""Dead letters as people see them: filters, content, the id of a replay, and the lines of `zool dead`."""

from __future__ import annotations

import json
import math

import msgspec
import pytest

from api.dead import (
    DEPTH_MAX,
    ITEMS_MAX,
    TEXT_CHARS_MAX,
    Letter,
    LetterFilter,
    letter_of,
    letter_view,
    meant,
    replay_id,
    to_replay,
)
from deploy.dead.lines import sheet, table, words
from deploy.language import language_of
from ingest.contract import DeadLetter, encode
from tests.support.api import shot_of, vehicle_event


def letter(payload: bytes = b"", **fields: object) -> Letter:
    """A letter of recognise that died at 100 µs."""
    inside = DeadLetter(subject="zool.shots.plate_reader.gate", seq=7, reason="No picture", payload=payload)
    return letter_of(5, "zool.dead.recognise", 100, encode(msgspec.structs.replace(inside, **fields)))


@pytest.mark.parametrize(
    ("wanted", "through"),
    [
        (LetterFilter(), True),
        (LetterFilter(stage="recognise", camera="gate", reason="no PICT", since_us=100, until_us=101), True),
        (LetterFilter(stage="store"), False),
        (LetterFilter(camera="yard"), False),
        (LetterFilter(reason="refused"), False),
        (LetterFilter(since_us=101), False),
        (LetterFilter(until_us=100), False),
    ],
)
def test_every_filter_must_let_a_letter_through(wanted: LetterFilter, through: bool) -> None:
    """Times are half-open, reasons are compared in any case."""
    assert meant(letter(), wanted) is through


def test_garbage_among_the_letters() -> None:
    """It is listed, named for what it is, found by its stage, never replayed."""
    garbage = letter_of(9, "zool.dead.store", 1, b"\xc1")
    assert meant(garbage, LetterFilter(stage="store"))
    assert not meant(garbage, LetterFilter(camera="gate"))
    assert not meant(garbage, LetterFilter(reason="x"))
    assert to_replay(garbage) is None
    shown = letter_view(garbage, content=True)
    assert (shown.reason, shown.replayable, shown.kind) == ("the letter itself can't be read", False, "")


@pytest.mark.parametrize(
    ("subject", "camera", "kind"),
    [
        ("zool.detections.gate", "gate", "report"),
        ("zool.shots.plate_reader.gate", "gate", "shot"),
        ("zool.reads.gate", "gate", "read"),
        ("zool.events.gate.vehicle_entry", "gate", "event"),
        ("zool.state.gate", "", ""),
        ("$JS.API.STREAM.DELETE.EVENTS", "", ""),
        ("other", "", ""),
    ],
)
def test_only_subjects_of_the_data_path_are_said_again(subject: str, camera: str, kind: str) -> None:
    """A letter that names the broker's own subjects would be a way to its rights."""
    found = letter(b"x", subject=subject)
    shown = letter_view(found)
    assert (shown.camera, shown.kind, shown.replayable) == (camera, kind, bool(camera))
    assert (to_replay(found) is not None) == bool(camera)
    assert shown.content is None


def test_a_letter_without_its_message_is_not_said_again() -> None:
    """It was too large to keep."""
    assert to_replay(letter()) is None
    assert to_replay(letter(b"x")) is not None


def test_a_replay_has_one_id_per_letter() -> None:
    """A letter that died of a replay has the id of its message, not a chain."""
    inside = letter(message_id="s1").inside
    assert inside is not None
    assert replay_id(5, inside) == replay_id(5, inside) == "s1.replay5"
    assert replay_id(8, msgspec.structs.replace(inside, message_id="s1.replay5")) == "s1.replay8"
    assert replay_id(5, msgspec.structs.replace(inside, message_id="")) == "zool.shots.plate_reader.gate.7.replay5"


def test_content_without_pictures_and_credentials() -> None:
    """A shot's fields are there; its JPEG is a size, an address has no password."""
    shot = shot_of(vehicle_event(1))
    shown = letter_view(letter(encode(shot), reason="rtsp://u:secret@h/x died"), content=True)
    assert shown.content["shot_id"] == shot.shot_id
    assert shown.content["jpeg"] == "<7 bytes>"
    assert shown.reason == "rtsp://***@h/x died"
    event = vehicle_event(1, text="see rtsp://user:pass@10.0.0.8/1")
    assert "pass" not in json.dumps(letter_view(letter(encode(event)), content=True).content)


def test_content_is_bounded_and_plain_json() -> None:
    """Long texts, long lists and deep nests end; numbers that JSON has not are words; foreign types are named."""
    deep: object = "bottom"
    for _ in range(DEPTH_MAX + 5):
        deep = [deep]
    wild = {
        "text": "x" * 5000, "list": list(range(1000)), "deep": deep, "nan": math.nan, "yes": True, "none": None,
        1: {"a": 1.5}, "ext": msgspec.msgpack.Ext(5, b"x"),
    }  # fmt: skip
    found = letter_view(letter(msgspec.msgpack.encode(wild)), content=True).content
    assert len(found["text"]) == TEXT_CHARS_MAX
    assert len(found["list"]) == ITEMS_MAX
    assert "…" in json.dumps(found["deep"], ensure_ascii=False)
    assert (found["nan"], found["yes"], found["none"], found["1"], found["ext"]) == (
        "nan",
        True,
        None,
        {"a": 1.5},
        "<Ext>",
    )
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize("payload", [b"garbage rtsp://u:secret@h/", b"\xc1\xff\x00", b"", msgspec.msgpack.encode([1])])
def test_what_is_no_message_is_shown_by_its_bytes(payload: bytes) -> None:
    """As text and as base64, masked; nothing raises."""
    found = letter_view(letter(payload), content=True).content
    assert f"{len(payload)} bytes" in found["unreadable"]
    assert "secret" not in found["text"]


def test_lines_for_people() -> None:
    """A head, a row each, a sum; in the language of the terminal."""
    row = msgspec.to_builtins(letter_view(letter(encode(shot_of(vehicle_event(1)))), content=True))
    english = table([row], 3, 5, "en")
    assert english[0].split()[:3] == ["SEQ", "DIED", "STAGE"]
    assert english[1].split()[0] == "5"
    assert english[1].endswith("No picture")
    assert english[2:] == ["1 shown, 3 in all; `zool dead show SEQ` tells more", "more with --after 5"]
    assert table([row], 1, None, "ru")[0].split()[-1] == "ПРИЧИНА"
    assert table([], 0, None, "ru") == ["отложенных сообщений нет"]
    assert table([], 9, 5, "en") == ["more with --after 5"]
    text = "\n".join(sheet(row, "en"))
    assert "reason: No picture" in text
    assert '"shot_id"' in text
    assert words("dropped", "ru", done=3) == "удалено: 3"


@pytest.mark.parametrize(
    ("environ", "language"),
    [({}, "en"), ({"LANG": "ru_RU.UTF-8"}, "ru"), ({"LANG": "ru", "LC_ALL": "C"}, "en"), ({"LC_MESSAGES": "ru"}, "ru")],
)
def test_the_terminal_chooses_the_language(environ: dict[str, str], language: str) -> None:
    """LC_ALL over LC_MESSAGES over LANG."""
    assert language_of(environ) == language
