"""What is wrong with pictures: measured on drawn ones, judged from figures."""

import msgspec
import numpy as np
import pytest

from deploy.simulate.spoil import SPOILS
from ingest.config import PictureSettings
from ingest.damage import Meter
from ingest.health import FAULTS, HIDES, Flow, Health, settings_for
from ingest.health_picture import Eye, Sample
from ingest.planes import Picture
from tests.support.simulate import scene

S = 1_000_000
SETTINGS = PictureSettings()
FLOW = Flow(span_s=1.0, pictures=25, octets=100_000)
GOOD = Sample(bright=200, blown=0.0, sharp=0.5, grain=1.0, changed=0.1, gone=0.0, other=0.0, alike=1.0)


def told(fault: str, seconds: int = 70, since: int = 40, *, times: int = 1) -> dict[str, float]:
    """What is told of a scene that is spoilt from second 40 on, shown so many times as large: fault, and how late."""
    eye, health, rng, found = Eye(), Health(), np.random.default_rng(1), dict[str, float]()
    for second, planes in zip(range(seconds), scene(), strict=False):
        y, u, v = SPOILS[fault](planes, 1.0, rng) if fault and second >= since else planes
        picture = Picture(y=y.repeat(times, 0).repeat(times, 1), u=u, v=v)
        health.step(eye.look(picture), FLOW, SETTINGS, second * S)
        for name in health.faults:
            found.setdefault(name, second - since)
    return found


@pytest.mark.parametrize(
    ("fault", "name"),
    [("black", "black"), ("over", "over_exposed"), ("blur", "blurred"), ("cover", "covered"), ("move", "moved"),
     ("noise", "noise")],
)  # fmt: skip
def test_a_spoilt_picture_is_named(fault: str, name: str) -> None:
    """By one name, within seconds of the time that it has to last."""
    assert told(fault) == {name: pytest.approx(SETTINGS.after_s, abs=3)}


@pytest.mark.parametrize(("fault", "names"), [("cover", {"covered"}), ("move", {"moved"}), ("", set())])
def test_a_very_large_picture_is_read_in_part_and_named_alike(fault: str, names: set[str]) -> None:
    """At 3840x2160 a fourth of the rows is read."""
    assert told(fault, seconds=50, times=12).keys() == names


@pytest.mark.parametrize("fault", ["", "night"])
def test_what_is_no_fault_is_not_told(fault: str) -> None:
    """A box that moves, and the infrared light of the night."""
    assert told(fault) == {}


def steps(health: Health, samples: dict[int, Sample], seconds: range, flow: Flow = FLOW) -> list[tuple[int, str]]:
    """When which fault begins to be told; seconds without a sample of their own are good ones."""
    seen, told_at = set[str](), list[tuple[int, str]]()
    for second in seconds:
        health.step(samples.get(second, GOOD), flow, SETTINGS, second * S)
        told_at += [(second, name) for name in health.faults if name not in seen]
        seen = set(health.faults)
    return told_at


def test_a_fault_needs_time_to_begin_and_to_end() -> None:
    """Ok black black(4 s) ok: nothing; black for 5 s: told, since its beginning, until it was away for 5 s."""
    black = msgspec.structs.replace(GOOD, bright=20.0)
    health = Health()
    assert steps(health, dict.fromkeys(range(30, 34), black), range(40)) == []
    assert steps(health, dict.fromkeys(range(50, 60), black), range(40, 62)) == [(55, "black")]
    assert health.faults == {"black": 50 * S}
    steps(health, {}, range(62, 65))
    assert health.faults == {"black": 50 * S}
    steps(health, {}, range(65, 67))
    assert not health.faults


def test_a_picture_that_stands_still_is_frozen() -> None:
    """After 20 s; a camera that often stands still for 30 s is given three times as long."""
    still = msgspec.structs.replace(GOOD, changed=0.0)
    assert steps(Health(), dict.fromkeys(range(30, 70), still), range(70)) == [(50, "frozen")]
    quiet = Health()
    steps(quiet, dict.fromkeys(range(30, 45), still), range(70))
    assert steps(quiet, dict.fromkeys(range(70, 130), still), range(70, 130)) == [(115, "frozen")]


def test_what_came_over_the_wire() -> None:
    """Rates against the usual ones, the clock against where it stood."""

    def after(flow: Flow) -> list[str]:
        health = Health()
        steps(health, {}, range(40), msgspec.structs.replace(FLOW, skew_s=0.1))
        return [name for _, name in steps(health, {}, range(40, 60), flow)]

    assert after(msgspec.structs.replace(FLOW, pictures=5)) == ["low_fps"]
    assert after(msgspec.structs.replace(FLOW, octets=1_000_000)) == ["bitrate"]
    assert after(msgspec.structs.replace(FLOW, skew_s=-3.0)) == ["clock"]
    assert after(msgspec.structs.replace(FLOW, pictures=1, sparse=True)) == []


@pytest.mark.parametrize(
    ("flow", "name"),
    [
        (Flow(span_s=1, pictures=20, broken=9, missed=3), "network_loss"),
        (Flow(span_s=1, pictures=25, broken=9, errors=3), "camera_fault"),
        (Flow(span_s=1, pictures=9, broken=9, missed=3, busy=0.97), "decoder_overload"),
    ],
)
def test_broken_pictures_are_named_by_who_breaks_them(flow: Flow, name: str) -> None:
    """A single one is no news; more of them are, and hide what a picture like that looks like."""
    health = Health()
    steps(health, {}, range(20))
    health.step(None, flow, SETTINGS, 20 * S)
    assert steps(health, {}, range(21, 40)) == []
    for second in (40, 41, 42, 43):
        health.step(None, flow, SETTINGS, second * S)
    assert list(health.faults) == [name]


def test_a_thread_that_is_late_is_overloaded_though_nothing_breaks() -> None:
    """Fewer pictures than usual, and it never waits: neither the camera's rate nor its clock is to blame."""
    health, late = Health(), Flow(span_s=1, pictures=10, octets=1000, busy=0.99, skew_s=-4.0)
    steps(health, {}, range(40), msgspec.structs.replace(FLOW, skew_s=0.1))
    assert {name for _, name in steps(health, {}, range(40, 60), late)} == {"decoder_overload"}
    assert steps(Health(), {}, range(60), msgspec.structs.replace(FLOW, busy=0.99)) == []


def test_the_burst_of_a_new_connection_is_no_rate() -> None:
    """Ten seconds of pictures in the first one: neither told, nor taken for what is usual."""
    health, burst = Health(), msgspec.structs.replace(FLOW, pictures=250, octets=1_000_000)
    steps(health, {}, range(40))
    health.lost()
    assert steps(health, {}, range(40, 41), burst) == []
    assert steps(health, {}, range(41, 60)) == []
    assert health.usual.octets_s == pytest.approx(FLOW.octets, rel=0.05)
    assert steps(health, {}, range(60, 75), msgspec.structs.replace(FLOW, octets=1_000_000)) == [(67, "bitrate")]


def test_a_new_view_becomes_the_usual_one() -> None:
    """After `accept_s` a person has had the time to put it back."""
    health, moved = Health(), msgspec.structs.replace(GOOD, other=0.9)
    settings = msgspec.structs.replace(SETTINGS, accept_s=60.0)
    steps(health, {}, range(20))
    accepted = [health.step(moved, FLOW, settings, second * S) for second in range(20, 90)]
    assert accepted[:60] == [frozenset()] * 60
    assert frozenset({"moved"}) in accepted


def test_a_cameras_own_thresholds() -> None:
    """Key by key over the defaults; what is not known, or makes no sense, is left out."""
    own = settings_for(SETTINGS, {"frozen_s": 90.0, "over_share": 7.0, "colour": 1.0})
    assert own == msgspec.structs.replace(SETTINGS, frozen_s=90.0)


def test_tables_name_faults_only() -> None:
    """Nothing hides itself."""
    assert set(HIDES) <= set(FAULTS)
    assert all(fault not in hidden and hidden <= set(FAULTS) for fault, hidden in HIDES.items())
    assert Meter() == Meter(octets=0, missed=0, errors=0, waited_s=0.0)
