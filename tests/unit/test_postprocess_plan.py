"""What the functions of a camera ask of ingest, together, and what `vehicles` asks."""

from __future__ import annotations

from ingest.contract import Camera, DetectorPlan, FrameShotPolicy, IngestPlan, ShotPolicy
from postprocess.config import DecideSettings
from postprocess.contract import Line
from postprocess.functions.unit import Context, Defaults, Needs
from postprocess.functions.vehicles import VEHICLES, VehiclesSettings
from postprocess.plan import compile_plan

CAMERA = Camera(id="c1", name="Gate", url="rtsp://camera/1", analysis_fps=8.0)
DEFAULTS = Defaults()


def vehicles(**settings: object) -> Needs:
    """What the function asks with these settings."""
    return VEHICLES.needs(VehiclesSettings(**settings), DEFAULTS)  # type: ignore[arg-type]


def test_nothing_switched_on() -> None:
    """A camera without functions keeps its own rate and asks for no shots."""
    assert compile_plan(CAMERA, (), DEFAULTS, revision=4) == IngestPlan(camera="c1", analysis_fps=8.0, revision=4)


def test_a_disabled_camera_asks_for_nothing() -> None:
    """Its functions don't count."""
    camera = Camera(id="c1", name="Gate", url="rtsp://camera/1", enabled=False)
    assert compile_plan(camera, (vehicles(),), DEFAULTS).shots == ()


def test_vehicles_want_plates_of_what_carries_them() -> None:
    """Without classes of its own the function leaves them to ingest and asks for shots of all vehicles."""
    plan = compile_plan(CAMERA, (vehicles(),), DEFAULTS)
    assert plan.class_floor == {}
    assert [(p.recogniser, p.labels) for p in plan.shots] == [
        ("plate_reader", ("car", "bus", "truck", "motorcycle")),
    ]
    assert vehicles(plates=False).shots == ()


def test_classes_and_confidence_of_the_function_win() -> None:
    """Either may be given alone; the other then comes from the defaults."""
    both = compile_plan(CAMERA, (vehicles(class_list=("truck", "bus"), confidence_ratio=0.3),), DEFAULTS)
    assert both.class_floor == {"bus": 0.3, "truck": 0.3}
    assert both.shots[0].labels == ("bus", "truck")
    assert compile_plan(CAMERA, (vehicles(class_list=("truck",)),), DEFAULTS).class_floor == {"truck": 0.45}
    ratio = compile_plan(CAMERA, (vehicles(confidence_ratio=0.2),), DEFAULTS).class_floor
    assert ratio == dict.fromkeys(sorted(DEFAULTS.class_list), 0.2)


def test_several_functions_share_one_plan() -> None:
    """The lowest confidence of a label is asked for; who says nothing wants what config.ini publishes."""
    one, two = Needs(floor={"car": 0.6}), Needs(floor={"car": 0.4, "bus": 0.4})
    assert compile_plan(CAMERA, (one, two), DEFAULTS).class_floor == {"bus": 0.4, "car": 0.4}
    plain = dict.fromkeys(sorted(DEFAULTS.class_list), 0.45)
    assert compile_plan(CAMERA, (one, Needs()), DEFAULTS).class_floor == plain
    looks = compile_plan(CAMERA, (one, Needs(every_look=True)), DEFAULTS)
    assert looks.every_look


def test_one_shot_serves_all() -> None:
    """Policies of one recogniser become one that is enough for each."""
    one = ShotPolicy(recogniser="faces", labels=("person",), side_px_min=80, shots_max=4)
    two = ShotPolicy(recogniser="faces", labels=("driver", "person"), side_px_min=40, shots_max=9, again_s=5.0)
    far = ShotPolicy(recogniser="plates", labels=("car",))
    plan = compile_plan(CAMERA, (Needs(shots=(far, one)), Needs(shots=(two,))), DEFAULTS)
    assert plan.shots == (
        ShotPolicy(recogniser="faces", labels=("person", "driver"), side_px_min=40, shots_max=9, again_s=5.0),
        far,
    )


def test_areas_and_further_detectors_are_shared() -> None:
    """The more frequent shot of an area; the lower floor and the higher rate of a detector; none: every frame."""
    seldom, often = FrameShotPolicy(recogniser="d", every_s=9.0), FrameShotPolicy(recogniser="d", every_s=2.0)
    slow = DetectorPlan(ensemble="weapons", class_floor={"knife": 0.5}, fps_max=1.0)
    fast = DetectorPlan(ensemble="weapons", class_floor={"knife": 0.3, "gun": 0.6}, fps_max=2.0)
    each = DetectorPlan(ensemble="weapons", class_floor={"gun": 0.7})
    plan = compile_plan(
        CAMERA,
        (Needs(frame_shots=(seldom,), detectors=(slow,)), Needs(frame_shots=(often,), detectors=(fast,))),
        DEFAULTS,
    )
    assert plan.frame_shots == (often,)
    assert plan.detectors == (DetectorPlan(ensemble="weapons", class_floor={"gun": 0.6, "knife": 0.3}, fps_max=2.0),)
    every = compile_plan(CAMERA, (Needs(detectors=(slow,)), Needs(detectors=(each,))), DEFAULTS).detectors
    assert [found.fps_max for found in every] == [None]


def test_policy_of_the_rules() -> None:
    """Lines, labels and the revision come from the function, times from [decide], confidence from config.ini."""
    line = Line(id="gate", a=(0.0, 0.5), b=(1.0, 0.5))
    context = Context(camera=CAMERA, revision=4, decide=DecideSettings(settle_s=1.5))
    policy = VEHICLES.policy(VehiclesSettings(lines=(line,), plates=False, plate_confidence_min=0.7), context)
    assert policy.lines == (line,)
    assert (policy.plates, policy.plate_confidence_min, policy.settings_revision) == (False, 0.7, 4)
    assert (policy.settle_us, policy.late_us) == (1_500_000, 900_000_000)
    assert policy.confidence_min == 0.45
