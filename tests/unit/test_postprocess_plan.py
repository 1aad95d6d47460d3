"""What the functions of a camera ask of ingest and of the rules."""

from __future__ import annotations

from ingest.contract import Camera, IngestPlan
from postprocess.config import DecideSettings
from postprocess.contract import CameraFunction, Line, VehiclesSettings
from postprocess.plan import Defaults, compile_plan, vehicles_policy

CAMERA = Camera(id="c1", name="Gate", url="rtsp://camera/1", analysis_fps=8.0)
DEFAULTS = Defaults()


def function(name: str = "vehicles", *, enabled: bool = True, **settings: object) -> CameraFunction:
    """A function of c1 at revision 4."""
    return CameraFunction(
        camera="c1",
        name=name,
        enabled=enabled,
        revision=4,
        settings=VehiclesSettings(**settings),  # type: ignore[arg-type]
    )


def test_nothing_switched_on() -> None:
    """A camera without functions, or with them off, keeps its own rate and asks for no shots."""
    assert compile_plan(CAMERA, (), DEFAULTS) == IngestPlan(camera="c1", analysis_fps=8.0)
    off = compile_plan(CAMERA, (function(enabled=False),), DEFAULTS)
    assert (off.shots, off.class_floor, off.revision) == ((), {}, 4)


def test_a_disabled_camera_asks_for_nothing() -> None:
    """Its functions don't count."""
    camera = Camera(id="c1", name="Gate", url="rtsp://camera/1", enabled=False)
    assert compile_plan(camera, (function(),), DEFAULTS).shots == ()


def test_vehicles_want_plates_of_what_carries_them() -> None:
    """Without classes of its own the function leaves them to ingest and asks for shots of all vehicles."""
    plan = compile_plan(CAMERA, (function(),), DEFAULTS)
    assert plan.class_floor == {}
    assert [(p.recogniser, p.labels) for p in plan.shots] == [
        ("plate_reader", ("car", "bus", "truck", "motorcycle")),
    ]


def test_classes_and_confidence_of_the_function_win() -> None:
    """Either may be given alone; the other then comes from the defaults."""
    both = compile_plan(CAMERA, (function(class_list=("truck", "bus"), confidence_ratio=0.3),), DEFAULTS)
    assert both.class_floor == {"bus": 0.3, "truck": 0.3}
    assert both.shots[0].labels == ("bus", "truck")
    assert compile_plan(CAMERA, (function(class_list=("truck",)),), DEFAULTS).class_floor == {"truck": 0.45}
    ratio = compile_plan(CAMERA, (function(confidence_ratio=0.2),), DEFAULTS).class_floor
    assert ratio == dict.fromkeys(sorted(DEFAULTS.class_list), 0.2)


def test_several_functions_share_one_plan() -> None:
    """The lowest confidence of a label is asked for, shots once."""
    one = function("a", class_list=("car",), confidence_ratio=0.6, plates=False)
    two = function("b", class_list=("car", "bus"), confidence_ratio=0.4)
    three = function("c", class_list=("bus",), confidence_ratio=0.5)
    plan = compile_plan(CAMERA, (three, two, one), DEFAULTS)
    assert plan.class_floor == {"bus": 0.4, "car": 0.4}
    assert len(plan.shots) == 1


def test_policy_of_the_rules() -> None:
    """Lines, labels and the revision come from the function, times from [decide]."""
    line = Line(id="gate", a=(0.0, 0.5), b=(1.0, 0.5))
    policy = vehicles_policy(
        function(lines=(line,), plates=False, plate_confidence_min=0.7), DecideSettings(settle_s=1.5)
    )
    assert policy.lines == (line,)
    assert (policy.plates, policy.plate_confidence_min, policy.settings_revision) == (False, 0.7, 4)
    assert (policy.settle_us, policy.late_us) == (1_500_000, 120_000_000)
