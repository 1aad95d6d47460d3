"""NAL units: split, told apart, completed with parameter sets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from deploy.simulate.nal import Codec, ParameterSets, nal_type, split_annex_b, with_parameter_sets

SPS, PPS, IDR = b"\x67\x42\x00\x1e", b"\x68\xce\x3c\x80", b"\x65\x88\x84"
VPS5, SPS5, PPS5 = b"\x40\x01\x0c", b"\x42\x01\x01", b"\x44\x01\xc1"

# Units as an encoder makes them: no start code inside, no zero byte at the end.
units = st.lists(st.binary(min_size=1, max_size=40).filter(lambda b: b"\x00\x00" not in b and b[-1] != 0), max_size=6)


@given(units, st.lists(st.sampled_from([b"\x00\x00\x01", b"\x00\x00\x00\x01"]), min_size=6, max_size=6))
def test_split_gives_back_what_was_joined(nals: list[bytes], codes: list[bytes]) -> None:
    """Whatever start codes stand between them, the units come back."""
    data = b"".join(code + nal for code, nal in zip(codes, nals, strict=False))
    assert split_annex_b(data) == tuple(nals)


def test_split_ignores_padding_and_what_is_no_stream() -> None:
    """Padding zeros, empty units and bytes before the first start code are no units."""
    assert split_annex_b(b"") == ()
    assert split_annex_b(b"junk") == ()
    assert split_annex_b(b"junk\x00\x00\x01" + IDR + b"\x00\x00\x00\x00\x01\x00\x00\x01" + PPS + b"\x00") == (IDR, PPS)


def test_types() -> None:
    """The type is read where each codec has it."""
    assert [nal_type(Codec.H264, nal) for nal in (SPS, PPS, IDR)] == [7, 8, 5]
    assert [nal_type(Codec.H265, nal) for nal in (VPS5, SPS5, PPS5)] == [32, 33, 34]


def test_parameter_sets() -> None:
    """They are found when complete, and put before a keyframe that lacks them, once."""
    sets = ParameterSets.found_in(Codec.H264, (SPS, PPS, IDR))
    assert sets == ParameterSets(sps=(SPS,), pps=(PPS,))
    assert ParameterSets.found_in(Codec.H264, (SPS, IDR)) is None
    assert ParameterSets.found_in(Codec.H265, (SPS5, PPS5)) is None
    assert with_parameter_sets(Codec.H264, (IDR,), sets) == (SPS, PPS, IDR)
    assert with_parameter_sets(Codec.H264, (SPS, PPS, IDR), sets) == (SPS, PPS, IDR)
    hevc = ParameterSets.found_in(Codec.H265, (PPS5, SPS5, VPS5))
    assert hevc is not None
    assert hevc.in_order() == (VPS5, SPS5, PPS5)
