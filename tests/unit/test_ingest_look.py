"""One look: tracks, floor, report and shots; and the answer of the detector as boxes of the picture."""

import msgspec
import numpy as np
import pytest

from ingest import look
from ingest.config import IngestSettings
from ingest.contract import Camera, FrameReport, IngestPlan, Shot, ShotPolicy, decode, encode
from ingest.detector import geometry, read_boxes, read_card, relative
from ingest.errors import CardError
from ingest.track import Seen
from model_repository.contract import BOXES, CLASSES, COUNT, SCORES, ModelCard, ModelRef, letterbox

CAMERA = Camera(id="gate", name="Gate", url="rtsp://c/x")
MODEL = ModelRef(name="detector", version="1", sha256="aa")
SETTINGS = IngestSettings()


def moment(number: int) -> look.Moment:
    """Look number n of 5 fps."""
    return look.Moment(captured_us=1_000_000 + number * 200_000, clock="rtcp", size=(1280, 720), model=MODEL)


def box(label: str, confidence: float, x: float = 100.0) -> Seen:
    """A car-sized box."""
    return Seen(box=(x, 200.0, x + 240, 360.0), label=label, confidence=confidence)


def test_looked_and_nothing_is_a_report_too() -> None:
    """An empty picture gives an empty report; seq counts without gaps from 1."""
    looker, rules = look.Looker("gate", 4), look.rules(SETTINGS, CAMERA, None)
    reports = [looker.look([], moment(n), rules).report for n in range(3)]
    assert [r.stamp.seq for r in reports] == [1, 2, 3]
    assert [r.message_id for r in reports][:1] == ["gate.4.1"]
    assert all(r.detections == () and r.model == MODEL and (r.width, r.height) == (1280, 720) for r in reports)


def test_the_floor_is_applied_after_association() -> None:
    """The weak box keeps the track alive but is not published; strong again, it has the same id."""
    looker, rules = look.Looker("gate", 4), look.rules(SETTINGS, CAMERA, None)
    shown = [
        looker.look([box("car", c)], moment(n), rules).report.detections
        for n, c in enumerate([0.8, 0.8, 0.2, 0.2, 0.8])
    ]
    assert [len(d) for d in shown] == [1, 1, 0, 0, 1]
    assert [d[0].track for d in shown if d] == ["", "4-1", "4-1"]


def test_labels_outside_the_list_are_not_published() -> None:
    """A dog is seen, nobody asked for it."""
    looker, rules = look.Looker("gate", 4), look.rules(SETTINGS, CAMERA, None)
    assert looker.look([box("dog", 0.9)], moment(0), rules).report.detections == ()


def test_the_votes_name_the_box_and_the_detectors_word_is_kept() -> None:
    """`label` by votes, `label_seen` where the detector said otherwise."""
    looker, rules = look.Looker("gate", 4), look.rules(SETTINGS, CAMERA, None)
    for number, label in enumerate(["car", "car", "car", "truck"]):
        last = looker.look([box(label, 0.8)], moment(number), rules).report.detections[0]
    assert (last.label, last.label_seen) == ("car", "truck")


def test_shots_are_chosen_of_confirmed_published_tracks() -> None:
    """The tentative first look gives none; the second does."""
    plan = IngestPlan(camera="gate", shots=(ShotPolicy(recogniser="plate_reader", labels=("car",)),))
    looker, rules = look.Looker("gate", 4), look.rules(SETTINGS, CAMERA, plan)
    assert looker.look([box("car", 0.8)], moment(0), rules).picks == ()
    (pick,) = looker.look([box("car", 0.8, x=110)], moment(1), rules).picks
    shot = look.shot(pick, looker.look([], moment(2), rules).report.stamp, (0.0, 0.0, 0.5, 0.5), b"jpeg", (64, 48))
    assert shot.shot_id == "gate.4-1.plate_reader.0"
    assert decode(encode(shot), Shot) == shot


def test_ended_tracks_are_told() -> None:
    """With the report of the look that gave them up."""
    looker, rules = look.Looker("gate", 4), look.rules(SETTINGS, CAMERA, None)
    for number in range(3):
        looker.look([box("car", 0.8)], moment(number), rules)
    assert looker.look([], moment(60), rules).report.ended_tracks == ("4-1",)
    assert looker.tracks_live == 0


def test_which_setting_wins() -> None:
    """Plan over camera over config.ini; the plan's floor replaces list and ratio."""
    camera = msgspec.structs.replace(CAMERA, analysis_fps=7.0)
    plan = IngestPlan(camera="gate", analysis_fps=10.0, class_floor={"car": 0.6})
    assert look.rules(SETTINGS, CAMERA, None).fps == 5.0
    assert look.rules(SETTINGS, camera, None).fps == 7.0
    assert look.rules(SETTINGS, camera, plan).fps == 10.0
    assert look.rules(SETTINGS, camera, plan).floor == {"car": 0.6}
    assert look.rules(SETTINGS, CAMERA, None).floor["bus"] == 0.45


def test_what_makes_no_sense_in_a_plan_is_bounded() -> None:
    """Rates that would stop or flood, masks without area, corners outside the frame."""
    masks = (((0.1, 0.1), (0.2, 0.2)), ((-5.0, 0.0), (0.5, 1e12), (0.5, 0.5)))
    plan = IngestPlan(camera="gate", analysis_fps=1e9, masks=masks)
    assert look.rules(SETTINGS, CAMERA, plan).fps == 30.0
    assert look.rules(SETTINGS, CAMERA, IngestPlan(camera="gate", analysis_fps=-3.0)).fps == 0.1
    assert look.rules(SETTINGS, CAMERA, plan).masks == (((0.0, 0.0), (0.5, 1.0), (0.5, 0.5)),)


def test_reports_survive_the_wire() -> None:
    """What is encoded is what is decoded."""
    looker, rules = look.Looker("gate", 4), look.rules(SETTINGS, CAMERA, None)
    report = looker.look([box("car", 0.8)], moment(0), rules).report
    assert decode(encode(report), FrameReport) == report


CARD = ModelCard(name="d", task="detector", input_width=640, input_height=384, labels=("person", "car"))


def answer(boxes: list[list[float]], scores: list[float], classes: list[int]) -> dict[str, np.ndarray]:
    """A detector's answer of 100 rows."""
    out = {BOXES: np.zeros((1, 100, 4), np.float32), SCORES: np.zeros((1, 100), np.float32)}
    out |= {CLASSES: np.zeros((1, 100), np.int32), COUNT: np.array([len(boxes)], np.int32)}
    out[BOXES][0, : len(boxes)], out[SCORES][0, : len(boxes)] = np.array(boxes).reshape(-1, 4), scores
    out[CLASSES][0, : len(boxes)] = classes
    return out


def test_boxes_go_back_to_the_picture() -> None:
    """Tensor pixels become picture pixels, clipped; what lies in the padding or has an unknown class is left out."""
    fit = letterbox((1280, 720), (640, 384))
    raw = [[10.0, 22, 110, 62], [-20.0, 12, 40, 400], [0.0, 0, 600, 11], [10.0, 22, 110, 62]]
    seen = read_boxes(answer(raw, [0.9, 0.8, 0.7, 0.6], [1, 0, 1, 9]), CARD.labels, fit, (1280, 720))
    assert [s.label for s in seen] == ["car", "person"]
    assert seen[0].box == pytest.approx((20, 20, 220, 100))
    assert seen[1].box == pytest.approx((0, 0, 80, 720))
    assert relative(seen[0].box, (1280, 720)) == pytest.approx((20 / 1280, 20 / 720, 220 / 1280, 100 / 720), abs=1e-5)


def test_a_card_is_read() -> None:
    """Geometry comes from the card."""
    card = read_card(msgspec.json.encode(CARD).decode())
    assert (geometry(card).width, geometry(card).height, geometry(card).anchor) == (640, 384, "center")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        msgspec.json.encode(msgspec.structs.replace(CARD, input_width=0)).decode(),
        msgspec.json.encode(msgspec.structs.replace(CARD, input_height=385)).decode(),
        msgspec.json.encode(msgspec.structs.replace(CARD, labels=())).decode(),
    ],
)
def test_a_card_that_makes_no_sense_is_refused(text: str) -> None:
    """With a sentence that says so."""
    with pytest.raises(CardError, match="card"):
        read_card(text)
