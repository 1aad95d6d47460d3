"""What the tracker never does, whatever it is shown."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest import track
from ingest.track import Seen, TrackPolicy, Tracks

side = st.floats(1.0, 400.0)
boxes = st.builds(
    lambda x, y, w, h, label, confidence: Seen(
        box=(x, y, min(1280.0, x + w), min(720.0, y + h)), label=label, confidence=confidence
    ),
    st.floats(0, 1270),
    st.floats(0, 710),
    side,
    side,
    st.sampled_from(["car", "bus", "truck", "person", "bicycle"]),
    st.floats(0.1, 1.0),
)
looks = st.lists(st.tuples(st.integers(0, 3_000_000), st.lists(boxes, max_size=8)), min_size=1, max_size=25)


@given(looks)
@settings(max_examples=150, deadline=None)
def test_an_id_goes_to_one_box_of_a_frame_and_ends_once(script: list[tuple[int, list[Seen]]]) -> None:
    """No id twice in a frame, none after its end, none of two groups, and every box gets an answer."""
    state, now_us = Tracks(epoch=3, width=1280, height=720), 0
    ended: set[str] = set()
    group: dict[str, str] = {}
    for pause_us, seen in script:
        now_us += pause_us
        step = track.step(state, seen, now_us, TrackPolicy())
        ids = [taken.track for taken in step.taken if taken.track]
        assert len(step.taken) == len(seen)
        assert len(ids) == len(set(ids))
        assert not set(ids) & ended
        assert not set(step.ended) & ended
        ended |= set(step.ended)
        assert not set(ids) & ended
        for box, taken in zip(seen, step.taken, strict=True):
            if taken.track:
                assert group.setdefault(taken.track, track.group_of(box.label)) == track.group_of(box.label)
                assert track.group_of(taken.label) == group[taken.track]


@given(looks)
@settings(max_examples=40, deadline=None)
def test_the_same_looks_give_the_same_tracks(script: list[tuple[int, list[Seen]]]) -> None:
    """Determinism: nothing but the input counts."""

    def run() -> list[track.Step]:
        state, now_us, steps = Tracks(epoch=3, width=1280, height=720), 0, []
        for pause_us, seen in script:
            now_us += pause_us
            steps.append(track.step(state, seen, now_us, TrackPolicy()))
        return steps

    assert run() == run()


@given(st.lists(boxes, min_size=1, max_size=4), st.lists(boxes, min_size=1, max_size=4))
@settings(max_examples=100, deadline=None)
def test_few_boxes_overlap_as_many_do(one: list[Seen], two: list[Seen]) -> None:
    """Pair by pair and all at once give the same."""
    a, b = (np.array([seen.box for seen in each]) for each in (one, two))
    with pytest.MonkeyPatch.context() as patch:
        few = track.overlaps(a, b)
        patch.setattr(track, "FEW", 0)
        many = track.overlaps(a, b)
    assert all(np.allclose(*pair) for pair in zip(few, many, strict=True))
