"""Which pictures are left undecoded, packet by packet: 25 a second, a key frame every second."""

from collections.abc import Sequence

from ingest.doze import Choice, Doze, DozePolicy

POLICY = DozePolicy(after_us=2_000_000)
PERIOD_US, GOP = 40_000, 25
SECOND = 1_000_000


def play(doze: Doze, packets: int, *, first: int = 0, gop: int = GOP, sizes: Sequence[int] = (500,)) -> list[Choice]:
    """Choices for packets first, first + 1, … of which every `gop`-th is a key frame of 20,000 bytes."""
    return [
        doze.choose(
            key=number % gop == 0,
            size=20_000 if number % gop == 0 else sizes[number % len(sizes)],
            now_us=SECOND + number * PERIOD_US,
        )
        for number in range(first, first + packets)
    ]


def test_it_dozes_off_at_a_key_frame() -> None:
    """Awake for two seconds, then key frames are decoded by themselves and the others kept."""
    played = play(Doze(POLICY), 100)
    assert played[:50] == ["decode"] * 50
    assert played[50:75] == ["alone"] + ["keep"] * 24
    assert played[75] == "alone"


def test_what_changed_wakes_it_at_the_next_packet() -> None:
    """The key frame differs: the one after it is decoded with the key frame before it, and all that follow."""
    doze = Doze(POLICY)
    play(doze, 76)
    assert doze.dozing
    doze.moved(SECOND + 75 * PERIOD_US)
    assert play(doze, 49, first=76) == ["wake"] + ["decode"] * 48
    assert not doze.dozing


def test_a_large_packet_wakes_it_before_the_key_frame() -> None:
    """Coding what moves takes bytes; those that waver as usual do not wake it."""
    doze = Doze(POLICY)
    assert "wake" not in play(doze, 500, sizes=(400, 500, 600, 450))
    assert doze.dozing
    assert doze.choose(key=False, size=2_000, now_us=SECOND + 501 * PERIOD_US) == "wake"
    assert play(doze, 23, first=502) == ["decode"] * 23


def test_what_is_usual_is_learnt() -> None:
    """After minutes of larger packets these are no reason to wake."""
    doze = Doze(POLICY)
    play(doze, 500, sizes=(500,))
    assert "wake" in play(doze, 25, first=500, sizes=(3_000,))
    play(doze, 500, first=525, sizes=(3_000,))
    assert set(play(doze, 500, first=1025, sizes=(3_000,))) == {"alone", "keep"}


def test_rare_key_frames_keep_it_awake() -> None:
    """Ten seconds between them are too long to be blind to what moves slowly."""
    assert set(play(Doze(POLICY), 1000, gop=250)) == {"decode"}


def test_key_frames_that_become_rare_wake_it() -> None:
    """It dozes at one a second; then none comes any more."""
    doze = Doze(POLICY)
    play(doze, 76)
    played = play(doze, 150, first=76, gop=10_000)
    assert played.index("wake") == 100
    assert set(played[101:]) == {"decode"}


def test_what_is_kept_is_bounded() -> None:
    """Large packets that are usual by now: before more than so many bytes are held it wakes."""
    doze = Doze(DozePolicy(after_us=2_000_000, kept_bytes_max=30_000))
    assert "wake" in play(doze, 100, sizes=(1_000,))


def test_without_key_frames_everything_is_decoded() -> None:
    """A stream that refreshes by parts never dozes."""
    doze = Doze(POLICY)
    chosen = {doze.choose(key=False, size=500, now_us=n * PERIOD_US) for n in range(500)}
    assert chosen == {"decode"}
