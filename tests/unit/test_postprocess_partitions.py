"""Who holds which cameras: shares, deaths and new members."""

from __future__ import annotations

from ingest.sharing import TTL_S, seen_again
from postprocess.partitions import PARTITIONS, Moves, Seen, alive, moves, partition_of

ALL = range(PARTITIONS)


def seen(owner: str, at_s: float = 100.0, revision: int = 1) -> Seen:
    """A key as of some second."""
    return Seen(owner=owner, revision=revision, at_s=at_s)


def test_a_camera_has_one_partition_for_ever() -> None:
    """The hash may never change: kept state is found by it."""
    assert [partition_of(name) for name in ("cam-1", "cam-7f3a", "gate")] == [0, 5, 4]
    assert {partition_of(f"cam-{number}") for number in range(400)} == set(ALL)


def test_alone_it_takes_all() -> None:
    """And has nothing more to do then."""
    assert moves({}, {"a": seen("a")}, "a", ()) == Moves(take=tuple(ALL))
    assert moves({part: seen("a") for part in ALL}, {"a": seen("a")}, "a", ALL) == Moves()


def test_what_one_of_its_own_name_left_behind_is_its_own() -> None:
    """A restart need not wait until it is taken for dead."""
    assert moves({part: seen("a") for part in ALL}, {"a": seen("a")}, "a", ()) == Moves(take=tuple(ALL))


def test_a_second_one_gets_half() -> None:
    """The first gives its surplus back; the second takes what is free, never what somebody holds who lives."""
    parts, members = {part: seen("a") for part in ALL}, {"a": seen("a"), "b": seen("b")}
    assert moves(parts, members, "b", ()) == Moves()
    assert moves(parts, members, "a", ALL) == Moves(give=tuple(range(8, 16)))
    rest = {part: seen("a") for part in range(8)}
    assert moves(rest, members, "b", ()) == Moves(take=tuple(range(8, 16)))


def test_the_dead_are_inherited() -> None:
    """Nothing new of a member for `TTL_S`, by the clock of who looks, which goes by its own beats."""
    parts = {part: seen("a" if part < 8 else "b") for part in ALL}
    for late_s, found in ((TTL_S - 0.1, Moves()), (TTL_S, Moves(take=tuple(range(8))))):
        members = {"a": seen("a", at_s=100.0), "b": seen("b", at_s=100.0 + late_s)}
        assert alive(members, "b") == ({"b"} if found.take else {"a", "b"})
        assert moves(parts, members, "b", range(8, 16)) == found


def test_nothing_is_moved_before_the_own_beat_was_seen() -> None:
    """Who lives is not known by then."""
    assert moves({}, {"b": seen("b")}, "a", ()) == Moves()


def test_while_the_broker_takes_nothing_nobody_is_silent() -> None:
    """Eight seconds without a leader: what could not be said is not held against anybody."""
    keys = {"a": seen("a", at_s=100.0), "b": seen("b", at_s=99.5)}
    assert seen_again(keys, "a", 101.1) == keys
    assert seen_again(keys, "c", 108.0) == keys
    after = seen_again(keys, "a", 108.0)
    assert after["b"].at_s == 106.5
    assert seen_again({**keys, "c": seen("c", at_s=107.0)}, "a", 108.0)["c"].at_s == 108.0
