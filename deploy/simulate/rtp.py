"""RTP and RTCP on the wire. Pure: bytes in, bytes out, no clock, no socket.

A picture is cut into payloads once, when the file is loaded (RFC 6184 for H.264, RFC 7798 for H.265: single NAL unit
packets and fragmentation units, no aggregation, never reordered). What differs from client to client is the twelve
bytes in front, written by `packets_of` at sending. Timestamps run at 90 kHz and wrap at 32 bits.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

from deploy.simulate.nal import Codec

PAYLOAD_TYPE = 96
PAYLOAD_BYTES_MAX = 1400
NTP_EPOCH_OFFSET_S = 2_208_988_800  # 1900-01-01 to 1970-01-01
UINT16 = 0xFFFF
UINT32 = 0xFFFFFFFF

_HEADER = struct.Struct("!BBHII")
_VERSION = 0x80
_MARKER = 0x80
_FU_A = 28  # RFC 6184, 5.8
_FU_H265 = 49  # RFC 7798, 4.4.3
_START, _END = 0x80, 0x40
_SENDER_REPORT, _SOURCE_DESCRIPTION, _BYE = 200, 202, 203
_CNAME = 1


def payloads_of(codec: Codec, nals: Iterable[bytes], payload_bytes_max: int = PAYLOAD_BYTES_MAX) -> tuple[bytes, ...]:
    """The RTP payloads of one picture, in order; each at most `payload_bytes_max` long."""
    return tuple(part for nal in nals for part in _fragments(codec, nal, payload_bytes_max))


def _fragments(codec: Codec, nal: bytes, payload_bytes_max: int) -> Iterable[bytes]:
    if len(nal) <= payload_bytes_max:
        yield nal
        return
    # The header of the unit is not sent as such: its bits travel in the indicator and the fragment header.
    if codec is Codec.H264:
        indicator, kind, header_bytes = bytes([nal[0] & 0xE0 | _FU_A]), nal[0] & 0x1F, 1
    else:
        indicator, kind, header_bytes = bytes([nal[0] & 0x81 | _FU_H265 << 1, nal[1]]), nal[0] >> 1 & 0x3F, 2
    step = payload_bytes_max - len(indicator) - 1
    for begin in range(header_bytes, len(nal), step):
        flags = (_START if begin == header_bytes else 0) | (_END if begin + step >= len(nal) else 0)
        yield indicator + bytes([flags | kind]) + nal[begin : begin + step]


def packets_of(payloads: Sequence[bytes], seq: int, timestamp: int, ssrc: int) -> list[bytes]:
    """Whole RTP packets of one picture, numbered from `seq`; the last one carries the marker."""
    last = len(payloads) - 1
    timestamp &= UINT32
    return [
        _HEADER.pack(
            _VERSION, PAYLOAD_TYPE | (_MARKER if index == last else 0), (seq + index) & UINT16, timestamp, ssrc
        )
        + payload
        for index, payload in enumerate(payloads)
    ]


def ntp_of(unix_us: int) -> int:
    """A wall-clock time in microseconds as the 64-bit NTP time of RTCP: seconds since 1900 and 2^-32 fractions."""
    seconds, micros = divmod(unix_us, 1_000_000)
    # Rounded up, so that a reader that cuts the fraction to microseconds gets the same microsecond back.
    return (seconds + NTP_EPOCH_OFFSET_S) << 32 | -(-(micros << 32) // 1_000_000)


def sender_report(*, ssrc: int, unix_us: int, timestamp: int, packets: int, octets: int, cname: str) -> bytes:
    """An RTCP sender report saying that `timestamp` on the RTP clock was `unix_us` on the wall, with its CNAME."""
    report = struct.pack(
        "!BBHIQIII",
        _VERSION,
        _SENDER_REPORT,
        6,
        ssrc,
        ntp_of(unix_us),
        timestamp & UINT32,
        packets & UINT32,
        octets & UINT32,
    )
    return report + _description(ssrc, cname)


def goodbye(*, ssrc: int, cname: str) -> bytes:
    """RTCP for the end of a stream: an empty receiver report is not needed, a description and BYE are."""
    return _description(ssrc, cname) + struct.pack("!BBHI", _VERSION | 1, _BYE, 1, ssrc)


def _description(ssrc: int, cname: str) -> bytes:
    name = cname.encode()[:255]
    chunk = struct.pack("!IBB", ssrc, _CNAME, len(name)) + name + b"\x00"
    chunk += bytes(-len(chunk) % 4)
    return struct.pack("!BBH", _VERSION | 1, _SOURCE_DESCRIPTION, len(chunk) // 4) + chunk


def interleaved(channel: int, packets: Iterable[bytes]) -> bytes:
    """Packets as they travel inside the RTSP connection (RFC 2326, 10.12)."""
    parts: list[bytes] = []
    for packet in packets:
        parts.append(b"$%c%c%c" % (channel, len(packet) >> 8, len(packet) & 0xFF))
        parts.append(packet)
    return b"".join(parts)
