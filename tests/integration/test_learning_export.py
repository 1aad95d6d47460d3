"""Feedback over the real api, broker and store becomes data sets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest

from model_repository.__main__ import main
from model_repository.learning import folder
from model_repository.learning.contract import SPLITS, DatasetCard, Example
from model_repository.learning.errors import FeedbackUnreachable
from model_repository.learning.source import Source
from postprocess.contract import Event, EventPhoto, Feedback
from tests.support.api import TOKEN, Site, running_site, shot_of, vehicle_event

DAY_US = 86_400_000_000
BASE_US = 1_780_000_000_000_000
DAYS = 3


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Intrusions and passages of three days, judged by an operator."""
    jpeg = bytes(cv2.imencode(".jpg", np.full((240, 320, 3), 90, np.uint8))[1])
    with running_site(tmp_path_factory.mktemp("learning-export")) as running:
        for day in range(DAYS):
            at_us = BASE_US + day * DAY_US
            events = [
                vehicle_event(
                    day * 10 + number, camera="gate", at_us=at_us + number * 60_000_000, event_id=f"{kind}-{day}",
                    kind=kind, label=label, track=f"t{number}",
                    photos=(EventPhoto(shot_id=f"shot-{day}-{number}", captured_at_us=at_us),),
                )
                for number, (kind, label) in enumerate((("intrusion", "person"), ("vehicle_entry", "car")))
            ]  # fmt: skip
            shots = [
                msgspec.structs.replace(
                    shot_of(each, jpeg), shot_id=each.photos[0].shot_id, track=each.track, box=(0.3, 0.3, 0.4, 0.6),
                    crop=(0.2, 0.2, 0.45, 0.7), width=320, height=240,
                )
                for each in events
            ]  # fmt: skip
            words = [_word(events[0], day, reason="a post"), _word(events[1], day, plate=f"А12{day}ВС77")]
            running.keep(*events, *(word.event() for word in words), shots=tuple(shots))
        yield running


def _word(event: Event, day: int, *, plate: str = "", reason: str = "") -> Feedback:
    return Feedback(
        event_id=event.event_id, camera="gate", user="ann", verdict="corrected" if plate else "false_alarm",
        at_us=BASE_US + day * DAY_US + DAY_US // 2, plate=plate, reason=reason,
    )  # fmt: skip


def _export(site: Site, where: Path, kind: str) -> DatasetCard:
    token = where.parent / "token"
    token.write_text(TOKEN)
    words = ["export-dataset", str(where), "--kind", kind, "--api", site.api.url, "--token-file", str(token)]
    assert main([*words, "--data-dir", str(where.parent / "data")]) == 0
    return folder.read_card(where)


def _examples(where: Path) -> list[Example]:
    return [each for split in SPLITS for each in folder.read(where, split)]


def test_false_alarms_become_pictures_without_the_object(site: Site, tmp_path: Path) -> None:
    """One per camera-day in each split, with event, camera, frame, model and user behind it."""
    card = _export(site, tmp_path / "set", "detector")
    assert card.counts == {"train": 1, "val": 1, "test": 1}
    for each in _examples(tmp_path / "set"):
        assert each.boxes == ()
        assert [(one.label, one.present) for one in each.judged] == [("person", False)]
        told = each.provenance
        assert (told.camera, told.verdict, told.reason) == ("gate", "false_alarm", "a post")
        assert told.event.startswith("intrusion-")
        assert told.models
        assert told.said_by
        assert (each.width, each.height) == (1280, 480)
    again = _export(site, tmp_path / "again", "detector")
    assert again.id == card.id


def test_corrected_plates_become_a_table(site: Site, tmp_path: Path) -> None:
    """The plate that the operator wrote, beside the crop."""
    _export(site, tmp_path / "set", "plates")
    assert sorted(each.text for each in _examples(tmp_path / "set")) == [f"А12{day}ВС77" for day in range(DAYS)]
    assert (tmp_path / "set" / "test" / "plates.csv").read_text().startswith("file,text,country")


def test_who_may_not_read_is_told_so(site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong token is refused with a sentence, and nothing is written; a token does not travel in the clear."""
    token = tmp_path / "token"
    token.write_text("wrong")
    words = ["export-dataset", str(tmp_path / "set"), "--kind", "plates", "--api", site.api.url]
    assert main([*words, "--token-file", str(token), "--data-dir", str(tmp_path)]) == 2
    assert "401" in capsys.readouterr().err
    assert not (tmp_path / "set").exists()
    with pytest.raises(FeedbackUnreachable):
        Source("http://192.0.2.1:8080", "token")
