"""RTSP: requests out of bytes in any portions, refusals of what is none, transports, answers, the table of states."""

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.simulate.errors import RequestError
from deploy.simulate.rtsp import (
    BODY_BYTES_MAX,
    HEAD_BYTES_MAX,
    TRANSITIONS,
    Frame,
    Parser,
    Request,
    State,
    Transport,
    answer,
    camera_name,
    choose_transport,
)

OPTIONS = b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n"
SETUP = b"SETUP rtsp://h/gate/trackID=0 RTSP/1.0\r\ncseq:2\r\nTransport:  RTP/AVP/TCP;unicast \r\n\r\n"
PARAMETER = b"GET_PARAMETER rtsp://h/gate RTSP/1.0\r\nCSeq: 3\r\nContent-Length: 4\r\n\r\nping"
FRAME = b"$\x01\x00\x03abc"
STREAM = OPTIONS + FRAME + SETUP + b"\r\n" + PARAMETER + FRAME + b"\r\n"
EXPECTED = [
    Request(method="OPTIONS", url="*", cseq="1", headers={"cseq": "1"}),
    Frame(channel=1, data=b"abc"),
    Request(
        method="SETUP",
        url="rtsp://h/gate/trackID=0",
        cseq="2",
        headers={"cseq": "2", "transport": "RTP/AVP/TCP;unicast"},
    ),
    Request(
        method="GET_PARAMETER",
        url="rtsp://h/gate",
        cseq="3",
        headers={"cseq": "3", "content-length": "4"},
        body=b"ping",
    ),
    Frame(channel=1, data=b"abc"),
]


@given(st.lists(st.integers(0, len(STREAM)), max_size=20))
def test_any_portions_give_the_same(cuts: list[int]) -> None:
    """Requests and frames come out the same, however the network cut them."""
    edges = [0, *sorted(cuts), len(STREAM)]
    parser = Parser()
    found = [one for a, b in pairwise(edges) for one in parser.feed(STREAM[a:b])]
    assert found == EXPECTED


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\x16\x03\x01", 400),
        (b"options * RTSP/1.0\r\nCSeq: 1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"OPTIONS *\r\nCSeq: 1\r\n\r\n", 400),
        (b"OPTIONS  RTSP/1.0\r\nCSeq: 1\r\n\r\n", 400),
        (b"OPTIONS1 * RTSP/1.0\r\nCSeq: 1\r\n\r\n", 400),
        (b"OPTIONS * RTSP/2.0\r\nCSeq: 1\r\n\r\n", 505),
        (b"OPTIONS * RTSP/1.0\r\n\r\n", 400),
        (b"OPTIONS * RTSP/1.0\r\nCSeq: x\r\n\r\n", 400),
        (b"OPTIONS * RTSP/1.0\r\nCSeq: 12345678901\r\n\r\n", 400),
        (b"OPTIONS * RTSP/1.0\r\nCSeq 1\r\n\r\n", 400),
        (b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nBad Name: 1\r\n\r\n", 400),
        (b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nX: \xff\r\n\r\n", 400),
        (b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nContent-Length: %d\r\n\r\n" % (BODY_BYTES_MAX + 1), 413),
        (b"O" * (HEAD_BYTES_MAX + 1), 400),
        (b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nX: " + b"x" * HEAD_BYTES_MAX + b"\r\n\r\n", 400),
    ],
)
def test_refusals(data: bytes, status: int) -> None:
    """What is no RTSP is refused with its status, never ignored."""
    with pytest.raises(RequestError) as refused:
        Parser().feed(data)
    assert refused.value.status == status


@given(st.binary(max_size=200))
def test_no_bytes_break_the_parser(data: bytes) -> None:
    """Anything at all is understood, waited on, or refused."""
    parser = Parser()
    with suppress(RequestError):
        parser.feed(data)
        parser.feed(data)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("rtsp://h:8554/gate", "gate"),
        ("rtsp://h/gate/", "gate"),
        ("rtsp://h/gate/trackID=0", "gate"),
        ("rtsp://h/gate?x=1", "gate"),
        ("rtsp://h/%D0%B2%D1%85%D0%BE%D0%B4", "вход"),
        ("/gate", "gate"),
        ("rtsp://h", ""),
        ("rtsp://[h/gate", ""),
    ],
)
def test_camera_names(url: str, name: str) -> None:
    """The camera is the path of the URL, whatever a player adds to it."""
    assert camera_name(url) == name


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        ("RTP/AVP/TCP;unicast;interleaved=2-3", Transport(interleaved=True, rtp=2, rtcp=3)),
        ("RTP/AVP/TCP;unicast", Transport(interleaved=True, rtp=0, rtcp=1)),
        ("RTP/AVP;unicast;client_port=5000-5001", Transport(interleaved=False, rtp=5000, rtcp=5001)),
        ("RTP/AVP/UDP;unicast;client_port=5000", Transport(interleaved=False, rtp=5000, rtcp=5001)),
        ('RTP/AVP;multicast,RTP/AVP;client_port=6-7;mode="PLAY"', Transport(interleaved=False, rtp=6, rtcp=7)),
        ("RTP/AVP;unicast;client_port=5000-5001;mode=record", None),
        ("RTP/AVP;unicast", None),
        ("RTP/AVP;client_port=0-1", None),
        ("RTP/AVP;client_port=70000-70001", None),
        ("RTP/AVP;client_port=65535", None),
        ("RTP/AVP/TCP;interleaved=1-1", None),
        ("RTP/AVP/TCP;interleaved=255-256", None),
        ("RTP/SAVP;client_port=5000-5001", None),
        ("", None),
    ],
)
def test_transports(header: str, chosen: Transport | None) -> None:
    """The first offer that can be served is taken; ports and channels out of range are none."""
    assert choose_transport(header) == chosen


def test_answer() -> None:
    """A response as bytes, length of the body in bytes and not in letters."""
    assert (
        answer(455, "7") == b"RTSP/1.0 455 Method Not Valid in This State\r\nCSeq: 7\r\nServer: zool simulate\r\n\r\n"
    )
    assert answer(200, "8", {"X": "y"}, "вход").endswith(b"X: y\r\nContent-Length: 8\r\n\r\n" + "вход".encode())


def test_states() -> None:
    """From every state TEARDOWN leads to the beginning, and nothing plays that was not set up."""
    assert {state for (_, method), state in TRANSITIONS.items() if method == "TEARDOWN"} == {State.INIT}
    assert (State.INIT, "PLAY") not in TRANSITIONS
    assert (State.PLAYING, "SETUP") not in TRANSITIONS
