"""What a soak says of memory, handles and reconnects, out of made-up readings."""

from __future__ import annotations

import argparse

import msgspec
import pytest

from deploy.bench import faults_run, soaking
from deploy.bench.soaking import Level, Soaked


def level(at_s: float, mb: float, **fields: int) -> Level:
    """A reading."""
    return msgspec.structs.replace(
        Level(at_s=at_s, pss_bytes=round(mb * 1e6), handles=30, threads=20, regions=1, connects=8), **fields
    )


def soaked(samples: list[Level], **fields: object) -> Soaked:
    """An hour of four cameras."""
    stops = [level(0.0, 100.0), level(2400.0, 110.0), level(3600.0, 114.0, handles=31, connects=108)]
    batches = [level(3600.0, 114.0, connects=108), level(3700.0, 114.5, connects=133)]
    whole = Soaked(
        cameras=4, seconds=3600.0, samples=samples, stops=stops, batches=batches, faults={"stall": 3}, slow=1
    )
    return msgspec.structs.replace(whole, **fields)


def test_growth_is_that_of_the_last_third() -> None:
    """A rise in the second third is none of the last.

    MB 200 |        ________
           |       /        then 0.1 MB a minute: 2 MB in 20 minutes, half a MB a camera
       100 |______/
           0     40 min    60
    """
    samples = [level(float(at), 100.0 if at < 2400 else 200.0 + 0.1 * (at - 2400) / 60) for at in range(0, 3601, 10)]
    found = soaking.result(soaked(samples), {"cpu": "made up"}, [1.0, 2.0])
    assert (found.value, found.target, found.spread) == (0.5, 2.0, [0.5, 0.5])
    details = found.conditions["details"]
    assert details["stops_mb_a_camera_last_third"] == 1.0
    assert details["handles"] == [30, 30, 31]
    assert details["reconnects_in_soak"] == 100
    assert details["reconnect_kb"] == 20.0
    assert details["reconnects_cut"] == 25
    assert details["most"] == {"handles": 30, "threads": 20, "regions": 1}


def test_a_reconnect_that_costs_nothing_has_a_level_line() -> None:
    """And without two batches there is no line."""
    assert soaking.reconnect_kb([level(0.0, 50.0, connects=n) for n in (8, 33, 58)]) == 0.0
    assert soaking.reconnect_kb([level(0.0, 50.0)]) is None


def test_one_odd_reading_does_not_move_a_stop() -> None:
    """Each figure's median."""
    middle = soaking.median([level(1.0, 100.0), level(2.0, 400.0, handles=99), level(3.0, 101.0)])
    assert (middle.at_s, middle.pss_bytes, middle.handles) == (2.0, 101_000_000, 30)


@pytest.mark.parametrize(("text", "seconds"), [("60m", 3600.0), ("90s", 90.0), ("2h", 7200.0), ("120", 120.0)])
def test_lengths_are_read(text: str, seconds: float) -> None:
    """With a unit or as seconds."""
    assert faults_run.duration(text) == seconds


@pytest.mark.parametrize("text", ["", "5s", "900h", "m", "an hour"])
def test_other_lengths_are_refused(text: str) -> None:
    """Argparse turns both into a usage error."""
    with pytest.raises((ValueError, argparse.ArgumentTypeError)):
        faults_run.duration(text)
