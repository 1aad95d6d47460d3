"""Who holds which cameras: shares, deaths and new members."""

from __future__ import annotations

from postprocess.partitions import PARTITIONS, TTL_S, Moves, Seen, alive, moves, partition_of

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
    assert moves({}, {}, "a", (), 100.0) == Moves(take=tuple(ALL))
    assert moves({part: seen("a") for part in ALL}, {"a": seen("a")}, "a", ALL, 100.0) == Moves()


def test_what_one_of_its_own_name_left_behind_is_its_own() -> None:
    """A restart need not wait until it is taken for dead."""
    assert moves({part: seen("a") for part in ALL}, {"a": seen("a")}, "a", (), 100.0) == Moves(take=tuple(ALL))


def test_a_second_one_gets_half() -> None:
    """The first gives its surplus back; the second takes what is free, never what somebody holds who lives."""
    parts, members = {part: seen("a") for part in ALL}, {"a": seen("a"), "b": seen("b")}
    assert moves(parts, members, "b", (), 101.0) == Moves()
    assert moves(parts, members, "a", ALL, 101.0) == Moves(give=tuple(range(8, 16)))
    rest = {part: seen("a") for part in range(8)}
    assert moves(rest, members, "b", (), 101.0) == Moves(take=tuple(range(8, 16)))


def test_the_dead_are_inherited() -> None:
    """Nothing new of a member for `TTL_S`, by the clock of who looks."""
    members = {"a": seen("a", at_s=100.0), "b": seen("b", at_s=100.0 + TTL_S)}
    parts = {part: seen("a" if part < 8 else "b") for part in ALL}
    assert alive(members, "b", 100.0 + TTL_S) == {"b"}
    assert moves(parts, members, "b", range(8, 16), 100.0 + TTL_S - 0.1) == Moves()
    assert moves(parts, members, "b", range(8, 16), 100.0 + TTL_S) == Moves(take=tuple(range(8)))
