"""Scripts of faults, and what they do to packets."""

import math

import pytest

from deploy.simulate.errors import FaultError
from deploy.simulate.faults import HEADER_BYTES, KINDS, Fault, FaultLink, Script, filler, read
from deploy.simulate.nal import Codec, nal_type

S = 1_000_000
PACKETS = [bytes([n]) * 100 for n in range(50)]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("stall@20s+10s", Fault(kind="stall", value=1.0, start_s=20.0, duration_s=10.0)),
        ("gate-1:loss=5%@3", Fault(kind="loss", value=5.0, camera="gate-1", start_s=3.0)),
        ("black", Fault(kind="black", value=1.0)),
        ("clock=-30@1.5+2.5", Fault(kind="clock", value=-30.0, start_s=1.5, duration_s=2.5)),
        ("cover=0.8@never", Fault(kind="cover", value=0.8, start_s=math.inf)),
    ],
)
def test_entries_are_read(text: str, fault: Fault) -> None:
    """Camera, kind, value, start and duration; all but the kind may be left out."""
    assert read(text) == fault


@pytest.mark.parametrize("text", ["", "fire", "loss=200", "stall@soon", "stall@1+", "loss=.", "gate:", "loss=5@1.2.3"])
def test_what_is_no_entry_is_refused(text: str) -> None:
    """With what was written, and what may be."""
    with pytest.raises(FaultError, match="--fault"):
        read(text)


def test_every_kind_is_read_by_its_name() -> None:
    """Alone, with its default."""
    assert [read(kind).kind for kind in KINDS] == list(KINDS)


def test_a_fault_is_there_in_its_time() -> None:
    """From start to end, or when a program says so."""
    script = Script([read("stall@2+3"), read("black@never")], started_us=10 * S)
    assert [script.value("stall", t * S) for t in (11, 12, 14, 15)] == [None, 1.0, 1.0, None]
    assert script.variant(12 * S) == ""
    script.switch("black", on=True)
    assert script.variant(12 * S) == "black=1"
    script.switch("stall", on=False)
    assert script.value("stall", 12 * S) is None


def carry(text: str, now_us: int = 0) -> list[bytes]:
    """What is left of fifty packets."""
    return list(FaultLink(Script([read(text)]), "seed").carry(1, PACKETS, now_us))


def test_packets_are_lost_spoilt_and_withheld() -> None:
    """By the shares that are asked for; headers stay whole."""
    assert carry("stall") == []
    assert 10 < len(carry("loss=50")) < 40
    assert set(carry("loss=50")) < set(PACKETS)
    spoilt = carry("corrupt=50")
    assert 10 < sum(a != b for a, b in zip(spoilt, PACKETS, strict=True)) < 40
    assert [p[:HEADER_BYTES] for p in spoilt] == [p[:HEADER_BYTES] for p in PACKETS]
    assert carry("clock") == PACKETS


def test_a_drip_lets_so_many_bytes_through() -> None:
    """200 bytes a second: two packets each second; the rest when it is over."""
    script = Script([read("drip=200@0+3")])
    link = FaultLink(script, "seed")
    seen = [list(link.carry(1, PACKETS[:10] if second == 0 else [], second * S)) for second in range(4)]
    assert [len(packets) for packets in seen] == [0, 2, 2, 6]
    assert [packet for packets in seen for packet in packets] == PACKETS[:10]
    assert link.carry(1, PACKETS, 9 * S) == PACKETS


@pytest.mark.parametrize(("codec", "kind"), [(Codec.H264, 12), (Codec.H265, 38)])
def test_filler_says_nothing(codec: Codec, kind: int) -> None:
    """Units of filler data, so many times the picture."""
    units = filler(codec, 1000, 10.0)
    assert {nal_type(codec, unit) for unit in units} == {kind}
    assert 9000 <= sum(map(len, units)) < 9100
