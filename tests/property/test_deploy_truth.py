"""Comparing events with the truth, for all inputs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from deploy.demo.truth import TOLERANCE_US, Happening, compare

WINDOW = (0, 60_000_000)
HAPPENINGS = st.lists(
    st.builds(
        Happening,
        at_us=st.integers(0, 60_000_000 - 1),
        camera=st.sampled_from(["gate", "yard"]),
        kind=st.sampled_from(["vehicle_entry", "vehicle_exit"]),
        plate=st.sampled_from(["", "A123BC77"]),
    ),
    max_size=12,
)


def _numbered(events: list[Happening]) -> list[Happening]:
    return [
        Happening(at_us=e.at_us, camera=e.camera, kind=e.kind, plate=e.plate, event_id=str(i))
        for i, e in enumerate(events)
    ]


@given(truth=HAPPENINGS, said=HAPPENINGS)
def test_matching_is_one_to_one(truth: list[Happening], said: list[Happening]) -> None:
    """No event answers for two moments, each pair is alike and near, and every moment is accounted for once."""
    found = compare(truth, _numbered(said), window_us=WINDOW)
    used = [event.event_id for _, event in found.matched]
    assert len(used) == len(set(used))
    for moment, event in found.matched:
        assert (moment.camera, moment.kind, moment.plate) == (event.camera, event.kind, event.plate)
        assert abs(moment.at_us - event.at_us) <= TOLERANCE_US
    assert sorted([m for m, _ in found.matched] + list(found.missed)) == sorted(truth)
    assert not set(used) & {event.event_id for event in found.extra}


@given(moments=HAPPENINGS, shift_us=st.integers(-TOLERANCE_US, TOLERANCE_US))
def test_a_shift_within_the_tolerance_still_matches(moments: list[Happening], shift_us: int) -> None:
    """A clock that is off by up to a second loses nothing, however near the passages are to each other."""
    said = [
        Happening(at_us=m.at_us + shift_us, camera=m.camera, kind=m.kind, plate=m.plate, event_id=str(i))
        for i, m in enumerate(moments)
    ]
    found = compare(moments, said, window_us=WINDOW)
    assert (len(found.matched), found.missed, found.extra) == (len(moments), (), ())


@given(truth=HAPPENINGS, said=HAPPENINGS, data=st.data())
def test_the_order_of_events_does_not_matter(
    truth: list[Happening], said: list[Happening], data: st.DataObject
) -> None:
    """Neither that of the truth nor that in which events came."""
    shuffled = compare(data.draw(st.permutations(truth)), data.draw(st.permutations(_numbered(said))), window_us=WINDOW)
    assert shuffled == compare(truth, _numbered(said), window_us=WINDOW)
