"""RTSP 1.0 (RFC 2326) as the server of one live stream needs it. Pure: bytes in, requests and answers out.

`Parser` takes whatever the network gives and returns what is complete: requests and interleaved frames. It never
guesses: what is no RTSP raises RequestError with the status to answer, and the connection is to be closed.
What may be asked in which state is the literal table `TRANSITIONS`; a missing entry is 455.
Every limit has a name; a client can make the parser hold at most one header block, one body and one frame.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

import msgspec

from deploy.simulate.errors import RequestError
from deploy.simulate.sdp import TRACK

HEAD_BYTES_MAX = 16 * 1024
BODY_BYTES_MAX = 64 * 1024

REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    405: "Method Not Allowed",
    413: "Request Entity Too Large",
    454: "Session Not Found",
    455: "Method Not Valid in This State",
    459: "Aggregate Operation Not Allowed",
    461: "Unsupported Transport",
    501: "Not Implemented",
    503: "Service Unavailable",
    505: "RTSP Version Not Supported",
}


class State(enum.Enum):
    """Where a session stands (RFC 2326, A.2)."""

    INIT = "init"
    READY = "ready"
    PLAYING = "playing"


TRANSITIONS: Mapping[tuple[State, str], State] = {
    (State.INIT, "SETUP"): State.READY,
    (State.READY, "SETUP"): State.READY,
    (State.READY, "PLAY"): State.PLAYING,
    (State.READY, "TEARDOWN"): State.INIT,
    (State.PLAYING, "PLAY"): State.PLAYING,
    (State.PLAYING, "TEARDOWN"): State.INIT,
}
STATELESS = ("OPTIONS", "DESCRIBE", "GET_PARAMETER", "SET_PARAMETER")
PUBLIC = "OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER"
# Known to RFC 2326 but not to a live camera: answered with 405 and the list above; any other word is 501.
NOT_ALLOWED = ("PAUSE", "RECORD", "ANNOUNCE", "REDIRECT", "SET_PARAMETER")

_HEAD_END = b"\r\n\r\n"
_FRAME_MARK = 0x24  # "$"
_FRAME_HEAD_BYTES = 4
_METHOD = re.compile(r"[A-Z_]{1,32}")
_HEADER_NAME = re.compile(r"[!#-'*+.^_`|~0-9A-Za-z-]+")
_CHANNELS = re.compile(r"(\d{1,3})(?:-(\d{1,3}))?")
_PORTS = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?")
_CHANNEL_MAX = 255
_PORT_MAX = 65535


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One request; header names are lower case."""

    method: str
    url: str
    cseq: str
    headers: Mapping[str, str]
    body: bytes = b""


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """Interleaved binary data from the client: its RTCP."""

    channel: int
    data: bytes


class Transport(msgspec.Struct, frozen=True, kw_only=True):
    """The transport that was chosen: two channels inside the connection, or two UDP ports of the client."""

    interleaved: bool
    rtp: int
    rtcp: int


class Parser:
    """Cuts a byte stream into requests and interleaved frames."""

    def __init__(self) -> None:
        """Start with nothing received."""
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Request | Frame]:
        """What became complete with `data`, in order. Raises RequestError; after that the parser is of no more use."""
        self._buffer += data
        complete: list[Request | Frame] = []
        while self._buffer and (one := self._next()) is not None:
            complete.append(one)
        return complete

    def _next(self) -> Request | Frame | None:
        if self._buffer[0] == _FRAME_MARK:
            return self._frame()
        if self._buffer[:2] == b"\r\n":  # Empty lines between messages are allowed.
            del self._buffer[:2]
            return self._next() if self._buffer else None
        if self._buffer != b"\r" and not 0x41 <= self._buffer[0] <= 0x5A:
            raise RequestError(400, "what came is not RTSP")
        end = self._buffer.find(_HEAD_END, 0, HEAD_BYTES_MAX + len(_HEAD_END))
        if end < 0:
            if len(self._buffer) > HEAD_BYTES_MAX:
                raise RequestError(400, f"header longer than {HEAD_BYTES_MAX} bytes")
            return None
        return self._request(end)

    def _frame(self) -> Frame | None:
        size = _FRAME_HEAD_BYTES + int.from_bytes(self._buffer[2:4])
        if len(self._buffer) < _FRAME_HEAD_BYTES or len(self._buffer) < size:
            return None
        frame = Frame(channel=self._buffer[1], data=bytes(self._buffer[_FRAME_HEAD_BYTES:size]))
        del self._buffer[:size]
        return frame

    def _request(self, end: int) -> Request | None:
        method, url, headers = _head(bytes(self._buffer[:end]))
        body_bytes = _body_bytes(headers)
        total = end + len(_HEAD_END) + body_bytes
        if len(self._buffer) < total:
            return None
        body = bytes(self._buffer[end + len(_HEAD_END) : total])
        del self._buffer[:total]
        return Request(method=method, url=url, cseq=headers["cseq"], headers=headers, body=body)


def _head(head: bytes) -> tuple[str, str, dict[str, str]]:
    try:
        first, *rest = head.decode("utf-8").split("\r\n")
    except UnicodeDecodeError:
        raise RequestError(400, "header is not text") from None
    parts = first.split(" ")
    if len(parts) != 3 or not _METHOD.fullmatch(parts[0]) or not parts[1]:
        raise RequestError(400, "request line is not METHOD URL RTSP/1.0")
    if parts[2] != "RTSP/1.0":
        raise RequestError(505 if parts[2].startswith("RTSP/") else 400, f"version {parts[2][:16]!r}, not RTSP/1.0")
    headers: dict[str, str] = {}
    for line in rest:
        name, colon, value = line.partition(":")
        if not colon or not _HEADER_NAME.fullmatch(name):
            raise RequestError(400, "header line without a name and a colon")
        headers[name.lower()] = value.strip()
    if not re.fullmatch(r"[0-9]{1,10}", headers.get("cseq", "")):
        raise RequestError(400, "CSeq is missing or no number")
    return parts[0], parts[1], headers


def _body_bytes(headers: Mapping[str, str]) -> int:
    text = headers.get("content-length", "0")
    if not re.fullmatch(r"[0-9]{1,10}", text):
        raise RequestError(400, "Content-Length is no number")
    if int(text) > BODY_BYTES_MAX:
        raise RequestError(413, f"body longer than {BODY_BYTES_MAX} bytes")
    return int(text)


def camera_name(url: str) -> str:
    """The camera that a URL means: its path without slashes at the ends and without the track; "" if there is none."""
    try:
        path = unquote(urlsplit(url).path).strip("/")
    except ValueError:
        return ""
    return path.removesuffix(TRACK).strip("/")


def choose_transport(header: str) -> Transport | None:
    """The first transport of the header that can be served; None if none can."""
    for offer in header.split(","):
        profile, *parameters = (part.strip() for part in offer.split(";"))
        given = dict(_parameter(one) for one in parameters)
        if "multicast" in given or given.get("mode", "play").strip('"').lower() != "play":
            continue
        chosen = _tcp(given) if profile.upper() == "RTP/AVP/TCP" else _udp(profile, given)
        if chosen is not None:
            return chosen
    return None


def _parameter(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name.strip().lower(), value.strip()


def _tcp(given: Mapping[str, str]) -> Transport | None:
    pair = _pair(_CHANNELS, given.get("interleaved", "0-1"), _CHANNEL_MAX)
    return Transport(interleaved=True, rtp=pair[0], rtcp=pair[1]) if pair else None


def _udp(profile: str, given: Mapping[str, str]) -> Transport | None:
    if profile.upper() not in {"RTP/AVP", "RTP/AVP/UDP"}:
        return None
    pair = _pair(_PORTS, given.get("client_port", ""), _PORT_MAX)
    return Transport(interleaved=False, rtp=pair[0], rtcp=pair[1]) if pair and pair[0] > 0 else None


def _pair(pattern: re.Pattern[str], text: str, most: int) -> tuple[int, int] | None:
    match = pattern.fullmatch(text)
    if not match:
        return None
    first = int(match[1])
    second = int(match[2]) if match[2] else first + 1
    return (first, second) if first != second and max(first, second) <= most else None


def answer(status: int, cseq: str, headers: Mapping[str, str] | None = None, body: str = "") -> bytes:
    """A response as bytes."""
    lines = [f"RTSP/1.0 {status} {REASONS[status]}", f"CSeq: {cseq}", "Server: zool simulate"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    content = body.encode()
    if content:
        lines.append(f"Content-Length: {len(content)}")
    return "\r\n".join(lines).encode() + _HEAD_END + content
