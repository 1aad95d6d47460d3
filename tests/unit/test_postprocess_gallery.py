"""The gallery: exact, whatever was put in and taken out before."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postprocess import gallery as module
from postprocess.gallery import BLOCK_ROWS, SAMPLES_MAX, Gallery, rate_at

Floats = npt.NDArray[np.float32]
SIZE = 16
FACES: Floats = np.random.default_rng(7).standard_normal((40, SIZE)).astype(np.float32)
FACES /= np.linalg.norm(FACES, axis=1, keepdims=True)


def brute(rows: dict[str, tuple[str, int]], face: Floats, count: int) -> list[str]:
    """Persons by their nearest row, looked at one by one."""
    best: dict[str, float] = {}
    for person, number in rows.values():
        best[person] = max(best.get(person, -2.0), round(float(FACES[number] @ face), 6))
    return sorted(best, key=lambda person: (-best[person], person))[:count]


@given(
    steps=st.lists(st.tuples(st.booleans(), st.integers(0, 30), st.integers(0, 7), st.integers(0, 39)), max_size=80),
    asked=st.integers(0, 39),
)
@settings(max_examples=200, deadline=None)
def test_it_says_what_looking_at_every_row_says(steps: list[tuple[bool, int, int, int]], asked: int) -> None:
    """Any order of putting in, putting in again under the same key, and taking out."""
    gallery, rows = Gallery(SIZE), dict[str, tuple[str, int]]()
    for put, key, person, number in steps:
        if put:
            rows.pop(f"k{key}", None)
            full = sum(owner == f"p{person}" for owner, _ in rows.values()) >= SAMPLES_MAX
            assert gallery.put(f"k{key}", f"p{person}", FACES[number]) is not full
            if not full:
                rows[f"k{key}"] = (f"p{person}", number)
        else:
            gallery.remove(f"k{key}")
            rows.pop(f"k{key}", None)
    found = gallery.nearest(FACES[asked], 3)
    assert (len(gallery), gallery.people) == (len(rows), len({person for person, _ in rows.values()}))
    assert [match.person for match in found] == brute(rows, FACES[asked], 3)
    assert all(match.similarity <= 1.00001 for match in found)


def test_blocks_grow_and_are_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows over several blocks are found; when they are gone, so is their memory."""
    monkeypatch.setattr(module, "BLOCK_ROWS", 8)
    gallery = Gallery(SIZE)
    for number in range(40):
        gallery.put(f"k{number}", f"p{number}", FACES[number])
    assert [gallery.nearest(FACES[number], 1)[0].person for number in range(40)] == [f"p{n}" for n in range(40)]
    held = gallery.bytes_held
    for number in range(35):
        gallery.remove(f"k{number}")
    assert gallery.bytes_held < held / 2
    assert [gallery.nearest(FACES[number], 1)[0].person for number in range(35, 40)] == [f"p{n}" for n in range(35, 40)]


def test_a_new_face_copies_nothing() -> None:
    """Blocks stay where they are when faces come and go."""
    gallery = Gallery(SIZE)
    for number in range(3):
        gallery.put(f"k{number}", "p", FACES[number])
    before = [block.ctypes.data for block in gallery._blocks]
    gallery.put("k9", "q", FACES[9])
    gallery.remove("k0")
    assert [block.ctypes.data for block in gallery._blocks] == before
    assert gallery.bytes_held == BLOCK_ROWS * SIZE * 4


def test_a_known_mistake_is_not_made_again() -> None:
    """A face that is nearer to "not her" than to her own photos is not hers; her own face still is."""
    gallery = Gallery(SIZE)
    her, double = FACES[0], FACES[0] * 0.8 + FACES[1] * 0.6
    double /= np.linalg.norm(double)
    gallery.put("anna.a", "anna", her)
    assert gallery.nearest(double, 1)[0].person == "anna"
    gallery.put("anna.n", "anna", double, negative=True)
    assert gallery.nearest(double, 1) == ()
    assert gallery.nearest(her, 1)[0].person == "anna"
    gallery.remove("anna.n")
    assert gallery.nearest(double, 1)[0].person == "anna"


def test_negatives_are_bounded_and_alone_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody with nothing but mistakes is not in the gallery."""
    monkeypatch.setattr(module, "NEGATIVES_MAX", 1)
    gallery = Gallery(SIZE)
    assert gallery.put("p.1", "p", FACES[0], negative=True)
    assert not gallery.put("p.2", "p", FACES[1], negative=True)
    assert (gallery.people, gallery.nearest(FACES[0], 1)) == (0, ())


def test_one_may_be_left_out() -> None:
    """Whom else somebody looks like, and how much like their own photos."""
    gallery = Gallery(SIZE)
    for number in range(4):
        gallery.put(f"a{number}", "anna", FACES[number])
    gallery.put("b", "boris", FACES[5])
    assert [match.person for match in gallery.nearest(FACES[0], 2, apart_from="anna")] == ["boris"]
    assert gallery.own("anna", FACES[2]) == pytest.approx(1.0, abs=1e-5)
    assert gallery.own("nobody", FACES[2]) is None


def test_another_size_is_refused() -> None:
    """An embedding of another network can't get in."""
    with pytest.raises(ValueError, match="3 numbers in a gallery of 16"):
        Gallery(SIZE).put("k", "p", np.ones(3, np.float32))


def test_rates_are_not_extrapolated() -> None:
    """The lowest measured rate whose cosine is reached; below all of them it may be anything."""
    table = ((0.01, 0.4), (0.001, 0.6))
    assert [rate_at(table, cosine) for cosine in (0.39, 0.4, 0.59, 0.6, 0.99)] == [1.0, 0.01, 0.01, 0.001, 0.001]
    assert rate_at((), 0.9) == -1.0
