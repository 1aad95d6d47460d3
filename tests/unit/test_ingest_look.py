"""One look: tracks, floor, report and shots; and the answer of the detector as boxes of the picture."""

import msgspec
import numpy as np
import pytest

from ingest import look
from ingest.config import IngestSettings
from ingest.contract import (
    Camera,
    DetectorPlan,
    FrameReport,
    FrameShotPolicy,
    IngestPlan,
    Shot,
    ShotPolicy,
    decode,
    encode,
)
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


WEAPONS = ModelRef(name="weapons", version="3", sha256="bb")
ARMED = IngestPlan(
    camera="gate",
    detectors=(DetectorPlan(ensemble="object_detector_weapons", class_floor={"knife": 0.5, "person": 0.5}),),
)


def glance(*seen: Seen) -> look.Glance:
    """What the further detector saw."""
    return look.Glance(ensemble="object_detector_weapons", model=WEAPONS, seen=seen)


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


def test_a_still_scene_ends_no_track() -> None:
    """A parked car, looked at every two seconds because nothing changes: one track all the time."""
    looker, rules = look.Looker("gate", 4), look.rules(SETTINGS, CAMERA, None)
    for number in range(3):
        looker.look([box("car", 0.8)], moment(number), rules)
    for number in range(13, 63, 10):
        still = msgspec.structs.replace(moment(number), before_us=moment(number - 1).captured_us)
        report = looker.look([box("car", 0.8)], still, rules).report
        assert ([d.track for d in report.detections], report.ended_tracks) == (["4-1"], ())


def test_a_further_detector_has_tracks_of_its_own() -> None:
    """A person with a knife in his box, seen by both: neither takes the other's track, names do not collide."""
    looker, rules = look.Looker("gate", 4), look.rules(SETTINGS, CAMERA, ARMED)
    for number in range(3):
        seen = glance(box("knife", 0.8), box("person", 0.7))
        report = looker.look([box("person", 0.9)], moment(number), rules, [seen]).report
    told = {(d.detector, d.label): d.track for d in report.detections}
    assert set(told) == {
        ("", "person"),
        ("object_detector_weapons", "knife"),
        ("object_detector_weapons", "person"),
    }
    assert len(set(told.values()) - {""}) == 3
    assert report.further == {"object_detector_weapons": WEAPONS}
    assert looker.tracks_live == 3


def test_the_floor_of_a_further_detector_is_its_own() -> None:
    """What the first one's floor lets through counts nothing, and its weak boxes keep their track."""
    looker, rules = look.Looker("gate", 4), look.rules(SETTINGS, CAMERA, ARMED)
    shown = [
        looker.look([], moment(n), rules, [glance(box("knife", c), box("car", 0.9, 700))]).report.detections
        for n, c in enumerate([0.8, 0.8, 0.45, 0.8])
    ]
    assert [[d.track for d in found] for found in shown] == [[""], ["4-1"], [], ["4-1"]]


def test_a_further_detector_that_did_not_answer_is_not_named() -> None:
    """The report goes out with what the first one saw; a track of the other is given up in time, and told."""
    looker, rules = look.Looker("gate", 4), look.rules(SETTINGS, CAMERA, ARMED)
    for number in range(3):
        looker.look([box("car", 0.8)], moment(number), rules, [glance(box("knife", 0.8, 700))])
    silent, ended = look.Glance(ensemble="object_detector_weapons"), list[str]()
    for number in range(3, 20):
        report = looker.look([box("car", 0.8)], moment(number), rules, [silent]).report
        assert ([d.track for d in report.detections], report.further) == (["4-1"], {})
        ended += report.ended_tracks
    assert ended == ["4-2"]


def test_a_further_detector_that_was_not_due_ends_nothing() -> None:
    """At a look in two seconds its tracks live on between."""
    looker, rules, ended = look.Looker("gate", 4), look.rules(SETTINGS, CAMERA, ARMED), list[str]()
    for number in range(60):
        glances = [] if number % 10 else [glance(box("knife", 0.8))]
        ended += looker.look([], moment(number), rules, glances).report.ended_tracks
    assert ended == []
    assert looker.tracks_live == 1


def test_what_the_further_one_has_not_settled_keeps_the_gate_open() -> None:
    """A knife seen once is worth the next frame."""
    looker, rules = look.Looker("gate", 4), look.rules(SETTINGS, CAMERA, ARMED)
    restless = [looker.restless for n in range(3) if looker.look([], moment(n), rules, [glance(box("knife", 0.8))])]
    assert restless == [True, False, False]


def test_a_detector_that_left_the_plan_ends_its_tracks() -> None:
    """Told with the next report; a glance that was under way then is not published."""
    looker, rules = look.Looker("gate", 4), look.rules(SETTINGS, CAMERA, ARMED)
    for number in range(3):
        looker.look([], moment(number), rules, [glance(box("knife", 0.8))])
    plain = look.rules(SETTINGS, CAMERA, None)
    report = looker.look([], moment(3), plain, [glance(box("knife", 0.8))]).report
    assert (report.ended_tracks, report.detections, report.further) == (("4-1",), (), {})


def test_shots_are_taken_of_further_detectors_tracks() -> None:
    """By label; the person around the knife does not cover it, nor the other way round."""
    policies = (
        ShotPolicy(recogniser="weapon_reader", labels=("knife",)),
        ShotPolicy(recogniser="face_embedder", labels=("person",)),
    )
    rules = look.rules(SETTINGS, CAMERA, msgspec.structs.replace(ARMED, shots=policies))
    together, apart = look.Looker("gate", 4), look.Looker("gate", 4)
    knife, person = box("knife", 0.8), Seen(box=(60.0, 150.0, 380.0, 600.0), label="person", confidence=0.9)
    for number in range(2):
        both = together.look([person], moment(number), rules, [glance(knife)]).picks
        alone = apart.look([], moment(number), rules, [glance(knife)]).picks
    assert [p.recogniser for p in both] == ["face_embedder", "weapon_reader"]
    assert [p.quality for p in alone] == [p.quality for p in both if p.recogniser == "weapon_reader"]


def test_fixed_areas_are_shot_without_anybody_there() -> None:
    """No track, no label; the id names epoch, recogniser and frame."""
    areas = (FrameShotPolicy(recogniser="surface_defect"), FrameShotPolicy(recogniser="surface_defect", every_s=1.0))
    rules = look.rules(SETTINGS, CAMERA, IngestPlan(camera="gate", frame_shots=areas))
    looked = look.Looker("gate", 4).look([], moment(0), rules)
    made = [look.shot(p, looked.report.stamp, (0.0, 0.0, 1.0, 1.0), b"jpeg", (64, 48)) for p in looked.picks]
    assert [shot.shot_id for shot in made] == ["gate.4.surface_defect.1", "gate.4.surface_defect.1-1"]
    assert {(shot.track, shot.label, shot.box) for shot in made} == {("", "", (0.0, 0.0, 1.0, 1.0))}


def test_areas_and_detectors_of_a_plan_are_bounded() -> None:
    """Outside the frame is cut off, nothing is left out, a flood is slowed; the first detector is not a further one."""
    shots = (
        FrameShotPolicy(recogniser="a", area=(-1.0, 0.2, 0.5, 9.0), every_s=0.0),
        FrameShotPolicy(recogniser="b", area=(1.5, 0.0, 2.0, 1.0)),
    )
    detectors = (DetectorPlan(ensemble="detector", class_floor={}), *ARMED.detectors, *ARMED.detectors)
    rules = look.rules(SETTINGS, CAMERA, IngestPlan(camera="gate", frame_shots=shots, detectors=detectors))
    assert [(area.area, area.every_s) for area in rules.areas] == [((0.0, 0.2, 0.5, 1.0), look.EVERY_S_MIN)]
    assert rules.detectors == ARMED.detectors


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


def test_masks_of_camera_and_plan_hold_together() -> None:
    """Privacy masks hold before any plan has come, and beside those of a plan."""
    mine, theirs = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0)), ((0.6, 0.6), (1.0, 0.6), (1.0, 1.0))
    camera = msgspec.structs.replace(CAMERA, privacy_masks=(mine,))
    assert look.rules(SETTINGS, camera, None).masks == (mine,)
    assert look.rules(SETTINGS, camera, IngestPlan(camera="gate", masks=(theirs,))).masks == (mine, theirs)
