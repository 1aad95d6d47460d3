"""What people's words become: curation, splits, pictures, files."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import msgspec
import numpy as np
import pytest

from model_repository.errors import DataUnusable
from model_repository.evaluation import datasets
from model_repository.learning import folder, pictures
from model_repository.learning.contract import DatasetCard, Example, Judged, Kind, Provenance
from model_repository.learning.curate import Crop, Meaning, Said, Told, curate
from model_repository.learning.folder import Filled
from model_repository.learning.split import SHARES, assign, group_of

CROP = Crop(id="s1", url="/s1.jpg", at="2026-03-01T10:00:00Z", box=(0.2, 0.2, 0.4, 0.6), crop=(0.1, 0.1, 0.5, 0.7))


def told(kind: str, verdict: str, **fields: object) -> Told:
    """An event with a word on it."""
    said = {"verdict": verdict, "user": "ann", "at": "2026-03-02T08:00:00Z"}
    said |= {name: str(fields.pop(f"said_{name}")) for name in ("plate", "person") if f"said_{name}" in fields}
    given = {"id": "e1", "kind": kind, "camera": "gate", "opened_at": "2026-03-01T10:00:00Z", "feedback": said}
    return msgspec.convert(given | fields, Told)


@pytest.mark.parametrize(
    ("kind", "event", "meaning"),
    [
        ("detector", told("intrusion", "false_alarm", label="person"), Meaning(label="person", present=False)),
        ("detector", told("vehicle_entry", "confirmed", label="car"), Meaning(label="car")),
        ("plates", told("vehicle_entry", "corrected", plate="A1", said_plate="A111AA77"), Meaning(text="A111AA77")),
        ("plates", told("vehicle_entry", "confirmed", plate="A111AA77"), Meaning(text="A111AA77")),
        ("faces", told("face_known", "not_person", person="bob"), Meaning(not_person="bob")),
        ("faces", told("face_known", "corrected", person="bob", said_person="eve"), Meaning(person="eve")),
        ("ppe", told("ppe_visit", "false_alarm", missing=["helmet"]), Meaning(items={"helmet": True})),
        ("ppe", told("ppe_visit", "confirmed", missing=["helmet"]), Meaning(items={"helmet": False})),
    ],
)
def test_every_verdict_says_what_the_table_says(kind: Kind, event: Told, meaning: Meaning) -> None:
    """One line of the table in `curate` each."""
    assert [draft.meaning for draft in curate(kind, [(event, (CROP,))]).drafts] == [meaning]


@pytest.mark.parametrize(
    ("kind", "event", "crops"),
    [
        ("detector", told("vehicle_entry", "false_alarm", label="car"), (CROP,)),
        ("detector", told("ppe_visit", "false_alarm", label="person"), (CROP,)),
        ("detector", told("intrusion", "confirmed"), (CROP,)),
        ("detector", told("intrusion", "confirmed", label="person"), ()),
        ("plates", told("vehicle_entry", "corrected"), (CROP,)),
        ("faces", told("face_unknown", "confirmed"), (CROP,)),
        ("ppe", told("ppe_visit", "confirmed"), (CROP,)),
        ("plates", told("vehicle_entry", "false_alarm"), (CROP,)),
    ],
)
def test_what_teaches_nothing_is_left_out_with_its_reason(kind: Kind, event: Told, crops: tuple[Crop, ...]) -> None:
    """A false alarm of a rule is no mistake of a detector; an event without a picture gives no example."""
    curated = curate(kind, [(event, crops)])
    assert curated.drafts == ()
    assert sum(curated.left_out.values()) == 1


def test_a_missed_object_is_an_event_of_its_own() -> None:
    """It carries label, box and picture, and who said it."""
    event = Told(id="m1", kind="missed_object", cause="missed", camera="gate", opened_at="2026-03-01T10:00:00Z",
                 label="person", author="ann", text="behind the post", box=(0.5, 0.5, 0.6, 0.7))  # fmt: skip
    (draft,) = curate("detector", [(event, (CROP,))]).drafts
    assert draft.meaning == Meaning(label="person")
    assert (draft.crop.box, draft.crop.crop) == ((0.5, 0.5, 0.6, 0.7), (0.0, 0.0, 1.0, 1.0))
    taken_back = msgspec.structs.replace(event, feedback=Said(verdict="false_alarm"))
    assert curate("detector", [(taken_back, (CROP,))]).drafts == ()
    assert draft.said == Said(verdict="missed", reason="behind the post", user="ann", at=event.opened_at)


def test_the_best_crops_of_an_event_are_taken() -> None:
    """At most so many, by quality."""
    crops = tuple(msgspec.structs.replace(CROP, id=f"s{n}", quality=n / 10) for n in range(5))
    curated = curate("detector", [(told("intrusion", "confirmed", label="person"), crops)], shots_max=2)
    assert [draft.crop.id for draft in curated.drafts] == ["s4", "s3"]


def test_a_camera_day_lies_in_one_split_for_ever() -> None:
    """What was in `test` stays there when more days come; each split has its share of many."""
    sizes = {group_of("gate", f"2026-03-{day:02}T10:00:00Z"): 5 + day for day in range(1, 4)}
    first = assign(sizes, {})
    assert sorted(first.values()) == ["test", "train", "val"]
    more = sizes | {f"yard/2026-04-{day:02}": 10 for day in range(1, 31)}
    second = assign(more, first)
    assert {group: second[group] for group in first} == first
    assert assign(more, first) == second
    total = sum(more.values())
    for split, share in SHARES.items():
        assert abs(sum(more[group] for group, own in second.items() if own == split) / total - share) < 0.06


def test_a_crop_goes_back_to_its_place() -> None:
    """Canvas as large as the frame, grey around the crop, the object where it was.

    frame 200x100       crop 80x60 at (20, 10)
    +--------------+
    |  ####        |    box in the frame: 0.2..0.4 x 0.2..0.6 = 40..80 x 20..60
    |  ####        |
    +--------------+
    """
    picture = np.full((60, 80, 3), 200, np.uint8)
    frame = pictures.canvas(picture, CROP.crop or (0, 0, 0, 0))
    assert frame is not None
    assert frame.shape == (100, 200, 3)
    assert (frame[10:70, 20:100] == 200).all()
    assert (frame == 200).all(axis=2).sum() == 60 * 80
    assert pictures.in_pixels((0.2, 0.2, 0.4, 0.6), (200, 100)) == (40, 20, 80, 60)
    assert pictures.canvas(picture, (0.5, 0.5, 0.5, 0.7)) is None


def _filled(number: int, split: str, *, present: bool) -> Filled:
    box = (4.0, 4.0, 12.0, 12.0)
    example = Example(
        id=f"x{number}", group=f"gate/2026-03-0{number}", file=f"images/x{number}.jpg", width=40, height=20,
        boxes=(("person", box),) if present else (), judged=(Judged(area=box, label="person", present=present),),
        provenance=Provenance(event=f"e{number}", camera="gate", verdict="confirmed", said_by="<ann>"),
    )  # fmt: skip
    return msgspec.convert(
        {"example": example, "split": split, "jpeg": pictures.encoded(np.zeros((20, 40, 3), np.uint8))}, Filled
    )


def test_a_written_data_set_is_read_by_the_evaluation(tmp_path: Path) -> None:
    """YOLO with what was judged, COCO beside it, and a review that takes examples out."""
    card = DatasetCard(kind="detector", made_at="now", id="abc", labels=("person", "car"))
    out = tmp_path / "set"
    folder.write(out, card, [_filled(1, "train", present=True), _filled(2, "test", present=False)])
    assert folder.read_card(out) == card
    (labelled,) = datasets.boxes(out / "train")
    assert labelled.boxes == (("person", (4.0, 4.0, 12.0, 12.0)),)
    assert labelled.judged == (("person", (4.0, 4.0, 12.0, 12.0)),)
    (empty,) = datasets.boxes(out / "test")
    assert empty.boxes == ()
    assert len(empty.judged) == 1
    coco = json.loads((out / "train" / "annotations.json").read_text())
    assert coco["annotations"][0]["bbox"] == [4.0, 4.0, 8.0, 8.0]
    assert "&lt;ann&gt;" in (out / "review.html").read_text()
    assert [each.id for each in folder.read(out, "train")] == ["x1"]
    rows = list(csv.reader((out / "review.csv").read_text().splitlines()))
    rows[1][1] = "no"
    (out / "review.csv").write_text("\n".join(",".join(row) for row in rows) + "\n")
    assert folder.read(out, "train") == []


def test_another_folder_is_not_overwritten(tmp_path: Path) -> None:
    """What is no data set stays as it is."""
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "mine.txt").write_text("mine")
    with pytest.raises(DataUnusable):
        folder.write(tmp_path / "set", DatasetCard(kind="detector", made_at="", id=""), [])
    assert (tmp_path / "set" / "mine.txt").read_text() == "mine"
