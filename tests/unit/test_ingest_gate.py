"""The motion gate: what opens it, what it learns to overlook."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from ingest.gate import NOISE_STEP, Gate, GatePolicy, cells

Plane = npt.NDArray[np.uint8]
STEP_US = 200_000
NEVER = GatePolicy(still_us=10**12)
HEIGHT, WIDTH = 96, 128


def grey(level: int = 100) -> Plane:
    """An even picture."""
    return np.full((HEIGHT, WIDTH), level, np.uint8)


def with_block(x: int, y: int, side: int = 16, level: int = 180) -> Plane:
    """A brighter square on grey."""
    luma = grey()
    luma[y : y + side, x : x + side] = level
    return luma


def played(gate: Gate, *lumas: Plane, start: int = 0) -> list[bool]:
    """One picture every 200 ms; the stamp of the first is never 0, as in life."""
    return [gate.opens(luma, 10**9 + (start + n) * STEP_US) for n, luma in enumerate(lumas)]


def test_the_first_is_looked_at_and_what_stays_is_not() -> None:
    """Nothing is known at first; then nothing changes."""
    assert played(Gate(NEVER), *[grey()] * 5) == [True, False, False, False, False]


def test_something_comes_moves_stops_and_goes() -> None:
    """Each change opens; a thing that stands is like the picture that was looked at last.

    .  ■  →■  →■  ■  ■  .
    """
    scenes = [grey(), *(with_block(x, 40) for x in (20, 40, 60, 60, 60)), grey(), grey()]
    assert played(Gate(NEVER), *scenes) == [True, True, True, True, False, False, True, False]


def test_what_creeps_adds_up() -> None:
    """A little brighter each time: compared with the last look, not with the picture before, it shows in the end."""
    opened = played(Gate(NEVER), *(with_block(40, 40, level=100 + n) for n in range(30)))
    assert 2 <= sum(opened) < 15


def test_a_still_picture_is_looked_at_now_and_then() -> None:
    """Once a second at five pictures a second."""
    opened = played(Gate(GatePolicy(still_us=1_000_000)), *[grey()] * 16)
    assert opened == [n % 5 == 0 for n in range(16)]


def test_restless_opens() -> None:
    """The tracker wants to see the next picture whatever it shows."""
    gate = Gate(NEVER)
    played(gate, grey(), grey())
    assert gate.opens(grey(), 10**9 + 2 * STEP_US, restless=True)
    assert not gate.opens(grey(), 10**9 + 3 * STEP_US)


def test_after_a_pause_the_next_is_looked_at() -> None:
    """What happened meanwhile is not known."""
    gate = Gate(NEVER)
    played(gate, grey(), grey())
    assert gate.opens(grey(), 10**9 + 20 * STEP_US)
    assert gate.passed_us == 10**9 + 20 * STEP_US


def test_what_always_flickers_is_learnt() -> None:
    """A lamp in the corner opens at first; when it is known it does not, and a passer-by still does."""
    gate = Gate(NEVER)

    def at(number: int, luma: Plane) -> Plane:
        seen = luma.copy()
        seen[:8, :24] = 40 if number % 2 else 200
        return seen

    learnt = round(160 / NOISE_STEP / 3) + 20
    opened = played(gate, *(at(n, grey()) for n in range(learnt)))
    assert sum(opened[:20]) >= 10
    assert not any(opened[-10:])
    assert played(gate, at(0, with_block(60, 50)), start=learnt) == [True]


def test_single_cells_are_noise() -> None:
    """One cell of 4 x 4 pixels alone, here and there; three beside each other are something."""
    gate = Gate(NEVER)
    dotted = grey()
    for x, y in ((8, 8), (40, 60), (100, 20)):
        dotted[y : y + 4, x : x + 4] = 200
    assert played(gate, grey(), dotted, dotted) == [True, False, False]
    joined = grey()
    joined[40:44, 40:52] = 200
    assert played(gate, joined, start=3) == [True]


def test_where_nothing_counts() -> None:
    """Movement inside an ignored place opens nothing, a part of it outside does."""
    ignore = np.zeros((HEIGHT, WIDTH), np.uint8)
    ignore[:, :64] = 255
    gate = Gate(NEVER, ignore)
    assert played(gate, grey(), with_block(20, 40), with_block(40, 20)) == [True, False, False]
    assert played(gate, with_block(56, 40), start=3) == [True]


@pytest.mark.parametrize("shape", [(96, 128), (97, 131), (360, 626)])
def test_cells_are_means(shape: tuple[int, int]) -> None:
    """Of 4 x 4 pixels each; what does not fill a cell is left out."""
    luma = np.random.default_rng(1).integers(0, 256, shape).astype(np.uint8)
    rows, columns = shape[0] // 4, shape[1] // 4
    means = luma[: rows * 4, : columns * 4].reshape(rows, 4, columns, 4).mean(axis=(1, 3))
    assert np.abs(cells(luma).astype(float) - means).max() <= 1.0


def test_pictures_left_out_because_nothing_happens_are_no_pause() -> None:
    """Key frames two seconds apart: without a change only the still look is due; a change is seen at once."""
    gate = Gate(GatePolicy(still_us=10_000_000))
    times_us = range(2_000_000, 20_000_000, 2_000_000)
    opened = [gate.opens(grey(), now_us, sparse=now_us > 2_000_000) for now_us in times_us]
    assert opened == [True, False, False, False, False, True, False, False, False]
    assert gate.stirred_us == 2_000_000
    moved = grey()
    moved[20:60, 20:60] = 200
    assert gate.opens(moved, 20_000_000, sparse=True)
    assert gate.stirred_us == 20_000_000
