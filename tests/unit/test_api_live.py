"""The live stream: where it starts, what is lost, how it ends, and its marks."""

from __future__ import annotations

import asyncio
import itertools
import re
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api import feed
from api.cursor import Cursor, Mark, read_cursor, read_mark, write_cursor
from api.errors import BadParameter
from api.live import Cut, Gap, Happened, Hello, Kept, Lost, Place, Start, Still, Wanted, place, subjects
from api.sse import written
from ingest.contract import encode
from postprocess.contract import Event

KEPT = Kept(stream_us=7, first_seq=6, last_seq=9, first_us=600, last_us=900)
FRESH = Kept(stream_us=8, first_seq=0, last_seq=0)


@pytest.mark.parametrize(
    ("start", "kept", "place_of"),
    [
        # the stream keeps:            6 7 8 9
        (Start(), KEPT, Place(seen=Mark(7, 9))),  # only what is new
        (Start(oldest=True), KEPT, Place(seen=Mark(7, 5))),
        (Start(after=Mark(7, 7, 700)), KEPT, Place(seen=Mark(7, 7, 700))),  # inside
        (Start(after=Mark(7, 7), oldest=True), KEPT, Place(seen=Mark(7, 7))),  # a mark wins
        (Start(after=Mark(7, 9, 900)), KEPT, Place(seen=Mark(7, 9, 900))),  # at its end
        (Start(after=Mark(7, 5, 500)), KEPT, Place(seen=Mark(7, 5, 500))),  # nothing is gone
        (
            Start(after=Mark(7, 2, 200)),  # 3 4 5 are gone
            KEPT,
            Place(
                seen=Mark(7, 5),
                gap=Gap(reason="expired", after=Mark(7, 2, 200), first_seq=3, last_seq=5, until_us=600),
            ),
        ),
        (
            Start(after=Mark(3, 7, 70)),  # of another stream: all that this one has is new to the client
            KEPT,
            Place(seen=Mark(7, 5), gap=Gap(reason="renewed", after=Mark(3, 7, 70), until_us=600)),
        ),
        (
            Start(after=Mark(7, 90, 99)),  # the stream lost its end
            KEPT,
            Place(seen=Mark(7, 9), gap=Gap(reason="renewed", after=Mark(7, 90, 99))),
        ),
        (Start(after=Mark(0, 7)), KEPT, Place(seen=Mark(7, 7))),  # a bare number, of SSE
        (Start(after=Mark(0, 90)), KEPT, Place(seen=Mark(7, 9))),
        (Start(), FRESH, Place(seen=Mark(8, 0))),  # empty
        (Start(oldest=True), FRESH, Place(seen=Mark(8, 0))),
        (Start(after=Mark(8, 0)), FRESH, Place(seen=Mark(8, 0))),
    ],
)
def test_where_a_stream_starts(start: Start, kept: Kept, place_of: Place) -> None:
    """Resuming says what is lost, and never skips in silence."""
    assert place(start, kept) == place_of


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50), st.booleans())
def test_nothing_that_is_kept_is_skipped(after: int, first: int, held: int, same: bool) -> None:
    """Every kept message behind a mark of the same stream comes; what lies between is named, to the number."""
    kept = Kept(stream_us=7, first_seq=first, last_seq=first + held - 1 if first else 0)
    found = place(Start(after=Mark(7 if same else 6, after)), kept)
    if not same:
        assert found.gap is not None
        assert found.seen.seq == max(0, first - 1)
    elif after <= kept.last_seq:
        assert found.seen.seq + 1 == max(after + 1, first)
        missing = range(after + 1, found.seen.seq + 1)
        assert (found.gap is not None) == bool(missing)
        if found.gap is not None:
            assert (found.gap.first_seq, found.gap.last_seq) == (missing[0], missing[-1])


def test_filters_become_subjects() -> None:
    """Every pair of camera and kind once; an empty list is all; too many are refused."""
    assert subjects(Wanted()) == ("zool.events.*.*",)
    assert subjects(Wanted(cameras=("b", "a", "b"))) == ("zool.events.a.*", "zool.events.b.*")
    both = subjects(Wanted(cameras=("a",), kinds=("y", "x")))
    assert both == ("zool.events.a.x", "zool.events.a.y")
    with pytest.raises(BadParameter, match="256"):
        subjects(Wanted(cameras=tuple(f"c{n}" for n in range(129)), kinds=("x", "y")))


class _FakeBus:
    """A bus whose reader has messages without end."""

    outages = 0

    def __init__(self) -> None:
        self.closed, self._seqs = False, itertools.count(1)

    async def reader(self, _: str, **__: object) -> _FakeBus:
        return self

    async def fetch(self, count: int, **_: float) -> list[object]:
        event = Event(event_id="e", version=1, kind="k", camera="c", opened_at_us=1)
        payload = encode(event)
        return [SimpleNamespace(seq=next(self._seqs), time_us=1, payload=payload) for _ in range(count)]

    async def close(self) -> None:
        self.closed = True


class _Alone:
    """A hub that has gone on: the client reads by itself."""

    def sit_down(self, *_: object) -> bool:
        return False

    def leave(self, _: object) -> None:
        """Nobody sits."""


async def _pump(stop: asyncio.Event) -> tuple[feed.Pump, _FakeBus]:
    bus = _FakeBus()
    pump = feed.Pump(bus, _Alone(), Wanted(), Place(seen=Mark(7, 0)), sees=lambda _: True, face="sse", buffer_events=8)  # type: ignore[arg-type]
    await pump.open()
    await pump.run(stop)
    return pump, bus


async def test_a_client_that_is_too_slow_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """A buffer that stays full ends with the reason, within its bound."""
    monkeypatch.setattr(feed, "SLOW_S_MAX", 0.02)
    pump, bus = await _pump(asyncio.Event())
    got = [pump.queue.get_nowait() for _ in range(pump.queue.qsize())]
    assert len(got) == 8
    assert got[-1] == Cut(reason="slow")
    assert bus.closed


async def test_a_stop_ends_a_full_buffer_at_once() -> None:
    """The reason is the last message, although nobody takes anything off the buffer."""
    stop = asyncio.Event()
    stop.set()
    pump, _ = await _pump(stop)
    assert [pump.queue.get_nowait() for _ in range(pump.queue.qsize())][-1] == Cut(reason="shutdown")


def test_the_live_stream_as_server_sent_events() -> None:
    """Each message in its frame; a stop says nothing, the client comes back by itself."""
    event = Event(event_id="e", version=1, kind="k", camera="c", opened_at_us=1)
    assert written(Happened(mark=Mark(7, 3), event=event)).startswith(b"id: 3\ndata: {")
    assert written(Hello(mark=Mark(7, 3))) == b'id: 3\nevent: hello\ndata: {"after":3}\n\n'
    gap = Gap(reason="expired", after=Mark(0, 2), first_seq=3, last_seq=5)
    assert written(Lost(mark=Mark(7, 5), gap=gap)) == b'event: gap\ndata: {"from":3,"to":5}\n\n'
    assert written(Still(mark=Mark(7, 5))) == b": alive\n\n"
    assert written(Cut(reason="slow")) == b'event: cut\ndata: {"reason":"slow"}\n\n'
    assert written(Cut(reason="shutdown")) == b""


@given(st.integers(0, 2**62), st.integers(0, 2**62), st.integers(0, 2**62))
def test_marks_come_back(stream: int, seq: int, at: int) -> None:
    """What is written is read, short and safe; a mark is no cursor of a list, and the other way round."""
    text = write_cursor(Mark(stream, seq, at))
    assert read_mark(text) == Mark(stream, seq, at)
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,128}", text)
    with pytest.raises(BadParameter):
        read_cursor(text)
    with pytest.raises(BadParameter):
        read_mark(write_cursor(Cursor(at, "event")))


@given(
    st.text(max_size=500)
    | st.integers(max_value=-1).map(lambda n: write_cursor(Mark(n, n, n)) if n >= -(2**63) else "")
)
def test_foreign_marks_are_refused(text: str) -> None:
    """Anything else is refused with the parameter's name, or happens to be a mark."""
    try:
        found = read_mark(text)
    except BadParameter as error:
        refused = error.name
        assert refused == "cursor"
        return
    assert min(found.stream_us, found.seq, found.at_us) >= 0
