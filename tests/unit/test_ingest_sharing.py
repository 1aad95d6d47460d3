"""Who watches which cameras."""

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.sharing import TTL_S, Seen, alive, moves, seen_again, share

CAMERAS = [f"cam-{n}" for n in range(8)]


def settle(cameras: list[str], living: dict[str, float], owners: dict[str, str]) -> dict[str, str]:
    """What comes of it when the living take turns until nobody moves."""
    for _ in range(100):
        still = True
        for me in living:
            held = [camera for camera, owner in owners.items() if owner == me]
            found = moves(cameras, owners, living, me=me, held=held, held_max=1000)
            owners = {c: "" if c in found.give else o for c, o in owners.items()} | dict.fromkeys(found.take, me)
            still = still and found.give == found.take == ()
        if still:
            return owners
    raise AssertionError("they never come to rest")


@settings(deadline=None)
@given(
    st.integers(0, 40),
    st.dictionaries(st.sampled_from("abcde"), st.sampled_from([1.0, 2.0, 8.0]), min_size=1),
    st.lists(st.sampled_from(["", "a", "b", "c", "gone"]), min_size=40, max_size=40),
)
def test_every_camera_is_watched_by_one_that_lives(count: int, living: dict[str, float], before: list[str]) -> None:
    """Whoever had them, and whoever is gone; nobody has more than a share, and it comes to rest."""
    cameras = [f"cam-{n:02}" for n in range(count)]
    owners = settle(cameras, living, dict(zip(cameras, before, strict=False)))
    assert set(owners) == set(cameras)
    for name in living:
        assert sum(owner == name for owner in owners.values()) <= share(count, living, name)
    assert set(owners.values()) <= set(living)


def test_shares_go_by_capacity() -> None:
    """Two cores beside six: two cameras beside six."""
    owners = settle(CAMERAS, {"small": 2.0, "large": 6.0}, {})
    assert sorted(owners.values()) == ["large"] * 6 + ["small"] * 2


def test_nobody_takes_more_than_it_can() -> None:
    """What is beyond stays unwatched, and is nobody's to give."""
    assert moves(CAMERAS, {}, {"a": 1.0}, me="a", held=[], held_max=3).take == tuple(CAMERAS[:3])


def test_who_was_not_heard_is_dead() -> None:
    """By the observer's own clock, which goes by its own beats: before the first of them nobody is known."""
    members = {"a": Seen(capacity=1.0, revision=1, at_s=100.0), "b": Seen(capacity=4.0, revision=9, at_s=100.0 - TTL_S)}
    assert alive(members, "a") == {"a": 1.0}
    assert alive(members, "b") == {"a": 1.0, "b": 4.0}
    assert alive(members, "c") == {}


def test_while_the_broker_takes_nothing_nobody_is_silent() -> None:
    """Eight seconds without a leader: what could not be said is not held against anybody."""
    members = {"a": Seen(capacity=1.0, revision=1, at_s=100.0), "b": Seen(capacity=4.0, revision=9, at_s=99.5)}
    assert seen_again(members, "a", 101.1) == members
    assert seen_again(members, "c", 108.0) == members
    assert seen_again(members, "a", 108.0)["b"].at_s == 106.5


def test_what_is_offered_is_taken_up_to_the_share() -> None:
    """What is free first; who ends offers all and takes nothing, and nobody else is asked for it."""
    owners = dict.fromkeys(CAMERAS, "a")
    living = {"a": 1.0, "b": 1.0}
    surplus = moves(CAMERAS, owners, living, me="a", held=CAMERAS, held_max=1000).give
    assert surplus == tuple(CAMERAS[4:])
    assert moves(CAMERAS, owners, living, me="b", held=[], held_max=1000, offered=surplus).take == surplus
    assert moves(CAMERAS, owners, living, me="b", held=[], held_max=2, offered=surplus).take == surplus[:2]
    free = owners | {CAMERAS[7]: ""}
    taken = moves(CAMERAS, free, living, me="b", held=[], held_max=2, offered=surplus).take
    assert taken == (CAMERAS[7], CAMERAS[4])
    ending = {"a": 0.0, "b": 1.0}
    assert moves(CAMERAS, owners, ending, me="a", held=CAMERAS, held_max=1000).give == tuple(CAMERAS)
    assert moves(CAMERAS, owners, ending, me="b", held=[], held_max=1000, offered=CAMERAS).take == tuple(CAMERAS)
    assert share(8, {"a": 0.0}, "a") == 0
