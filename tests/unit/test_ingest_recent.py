"""The last seconds of a stream, coded: which packets a moment needs. 25 packets a second, a key frame each second."""

from ingest.recent import BYTES_MAX, HISTORY_US, Kept, Recent, When, apart_us, near

SECOND, PERIOD_US, GOP = 1_000_000, 40_000, 25
LAG_US = 150_000
"""From the picture to its packet."""


def when(number: float, *, clock: str = "rtcp", lag_us: int = LAG_US) -> When:
    """The time of picture n."""
    captured_us = 100 * SECOND + round(number * PERIOD_US)
    return When(captured_us=captured_us, clock=clock, arrival_us=captured_us + lag_us)  # type: ignore[arg-type]


def filled(packets: int, *, first: int = 0, size: int = 1000, gop: int = GOP) -> Recent:
    """What is kept after so many packets; the packet is its number."""
    recent = Recent()
    for number in range(first, first + packets):
        recent.put(Kept(packet=number, key=number % gop == 0, size=size, when=when(number)))
    return recent


def run(recent: Recent, moment: When) -> list[int]:
    """Numbers of what has to be decoded."""
    return [kept.packet for kept in recent.run_to(moment)]


def test_a_moment_needs_its_group_up_to_it() -> None:
    """From the key frame on, and what a decoder may want behind it; nothing of the next group."""
    recent = filled(80)
    assert run(recent, when(60)) == list(range(50, 63))
    assert run(recent, when(50)) == [50, 51, 52]
    assert run(recent, when(49)) == list(range(25, 50))


def test_the_nearest_picture_is_taken() -> None:
    """A moment between two pictures belongs to the nearer one; one too far from all belongs to none."""
    recent = filled(80)
    assert run(recent, when(60.4))[-1] == 62
    assert run(recent, when(60.6))[-1] == 63
    assert run(recent, when(79 + 2)) == list(range(75, 80))
    assert run(recent, when(79 + 3)) == []
    assert run(Recent(), when(5)) == []


def test_clocks_are_compared_like_with_like() -> None:
    """By the camera's own time where both streams have it, whatever the network does; else by arrival."""
    late = when(60, lag_us=LAG_US + 2 * SECOND)
    assert run(filled(80), late) == list(range(50, 63))
    assert apart_us(late, when(60)) == 0
    arrived = when(60, clock="arrival", lag_us=LAG_US + PERIOD_US)
    assert apart_us(arrived, when(60)) == PERIOD_US
    assert run(filled(80), arrived) == list(range(50, 64))
    assert near(when(5, clock="arrival"), when(0))
    assert not near(when(5), when(0))


def test_what_has_come_in_is_known() -> None:
    """A picture behind the moment has to be there."""
    recent = filled(80)
    assert not Recent().reached(when(3))
    assert recent.reached(when(78))
    assert not recent.reached(when(79))


def test_before_the_first_key_frame_nothing_is_kept() -> None:
    """It could not be decoded."""
    recent = filled(20, first=3)
    assert run(recent, when(10)) == []
    assert recent.bytes == 0


def test_the_past_is_bounded() -> None:
    """Three seconds back can be asked for; of a minute no more than those and a group are held."""
    recent = filled(1500)
    assert run(recent, when(1500 - HISTORY_US // PERIOD_US))
    assert recent.bytes <= 1000 * (HISTORY_US // PERIOD_US + 2 * GOP)


def test_bytes_are_bounded() -> None:
    """Large packets push old groups out; a group that does not fit alone is no use and is dropped."""
    recent = filled(80, size=BYTES_MAX // 60)
    assert recent.bytes <= BYTES_MAX
    assert run(recent, when(78))
    assert run(recent, when(20)) == []
    endless = filled(200, size=BYTES_MAX // 60, gop=10_000)
    assert endless.bytes <= BYTES_MAX


def test_what_was_dropped_begins_again_with_a_key_frame() -> None:
    """After a group that did not fit."""
    recent = filled(70, size=BYTES_MAX // 60, gop=10_000)
    assert recent.bytes == 0
    recent.put(Kept(packet=70, key=True, size=10, when=when(70)))
    assert run(recent, when(70)) == [70]
