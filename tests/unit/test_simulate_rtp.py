"""RTP: cutting and joining, headers, reports, as bytes."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from deploy.simulate.nal import Codec
from deploy.simulate.rtp import goodbye, interleaved, ntp_of, packets_of, payloads_of, sender_report


def rejoined(codec: Codec, payloads: tuple[bytes, ...]) -> list[bytes]:
    """What a receiver makes of payloads, written from RFC 6184 5.8 and RFC 7798 4.4.3 and strict about their rules."""
    nals: list[bytes] = []
    open_nal: bytearray | None = None
    fragment_type, header_bytes = (28, 1) if codec is Codec.H264 else (49, 2)
    for payload in payloads:
        kind = payload[0] & 0x1F if codec is Codec.H264 else payload[0] >> 1 & 0x3F
        if kind != fragment_type:
            assert open_nal is None
            nals.append(payload)
            continue
        flags = payload[header_bytes]
        start, end, reserved, unit = flags & 0x80, flags & 0x40, flags & 0x20, flags & 0x3F
        assert not (start and end)
        assert codec is Codec.H265 or not reserved
        if start:
            assert open_nal is None
            first = payload[0] & 0xE0 | unit if codec is Codec.H264 else payload[0] & 0x81 | unit << 1
            open_nal = bytearray([first]) + payload[1:header_bytes]
        assert open_nal is not None
        open_nal += payload[header_bytes + 1 :]
        if end:
            nals.append(bytes(open_nal))
            open_nal = None
    assert open_nal is None
    return nals


h264_nal = st.builds(
    lambda ref, kind, rest: bytes([ref << 5 | kind]) + rest,
    st.integers(0, 3),
    st.integers(1, 23),
    st.binary(max_size=300),
)
h265_nal = st.builds(
    lambda kind, layer, rest: bytes([kind << 1 | layer >> 5, (layer & 31) << 3 | 1]) + rest,
    st.integers(0, 40),
    st.integers(0, 63),
    st.binary(max_size=300),
)


@given(st.lists(h264_nal, max_size=4), st.integers(3, 120))
def test_h264_units_survive(nals: list[bytes], most: int) -> None:
    """Units cut at any size are joined again by a receiver, and no payload is too long."""
    payloads = payloads_of(Codec.H264, nals, most)
    assert all(0 < len(payload) <= most for payload in payloads)
    assert rejoined(Codec.H264, payloads) == nals


@given(st.lists(h265_nal, max_size=4), st.integers(4, 120))
def test_h265_units_survive(nals: list[bytes], most: int) -> None:
    """The same for H.265 with its longer header."""
    payloads = payloads_of(Codec.H265, nals, most)
    assert all(0 < len(payload) <= most for payload in payloads)
    assert rejoined(Codec.H265, payloads) == nals


def test_packets() -> None:
    """Version 2, type 96, the marker on the last packet of a picture; numbers and times wrap."""
    packets = packets_of((b"ab", b"c"), seq=0xFFFF, timestamp=0x1_0000_0005, ssrc=0xDEADBEEF)
    assert packets[0] == bytes.fromhex("8060ffff00000005deadbeef") + b"ab"
    assert packets[1] == bytes.fromhex("80e0000000000005deadbeef") + b"c"


def test_ntp() -> None:
    """Half a second after the Unix epoch, in NTP."""
    assert ntp_of(500_000) == (2_208_988_800 << 32) + (1 << 31)


@given(st.integers(0, 4_000_000_000_000_000))
def test_ntp_keeps_the_microsecond(unix_us: int) -> None:
    """A reader that cuts the fraction to microseconds gets the same time back."""
    ntp = ntp_of(unix_us)
    assert ((ntp >> 32) - 2_208_988_800) * 1_000_000 + ((ntp & 0xFFFFFFFF) * 1_000_000 >> 32) == unix_us


def test_sender_report() -> None:
    """Report and description, each as long as it says, in whole words."""
    packet = sender_report(ssrc=7, unix_us=1_000_000, timestamp=90_000, packets=3, octets=4, cname="gate")
    head = struct.unpack_from("!BBHIIIIII", packet)
    assert head == (0x80, 200, 6, 7, 2_208_988_801, 0, 90_000, 3, 4)
    assert packet[28:] == bytes.fromhex("81ca0003 00000007 0104") + b"gate" + bytes(2)


def test_goodbye() -> None:
    """Description first, then BYE of the same source."""
    packet = goodbye(ssrc=7, cname="gate")
    assert packet[-8:] == bytes.fromhex("81cb0001 00000007")
    assert packet[1] == 202
    assert len(packet) % 4 == 0


def test_interleaved() -> None:
    """Dollar, channel, length, packet."""
    assert interleaved(2, (b"a" * 0x102, b"b")) == b"$\x02\x01\x02" + b"a" * 0x102 + b"$\x02\x00\x01b"
