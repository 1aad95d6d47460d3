"""The life of a camera, whatever happens to it in whatever order."""

from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from ingest.contract import Phase
from ingest.life import TABLE, Happening, after, shown, standing

HAPPENINGS = st.lists(st.sampled_from(get_args(Happening)), max_size=40)
STREAMS = st.lists(st.tuples(st.sampled_from(["connecting", "live", "lost"]), st.booleans()), max_size=40)


def walk(happenings: list[Happening]) -> Phase:
    """Where a camera stands after all that, from being off."""
    phase: Phase = "disabled"
    for happening in happenings:
        phase = after(phase, happening)
    return phase


@given(HAPPENINGS)
def test_it_can_always_be_switched_off_and_come_back(happenings: list[Happening]) -> None:
    """No way leads to where there is no way out of; a picture makes it live."""
    assert walk([*happenings, "disable"]) == "disabled"
    assert walk([*happenings, "disable", "enable", "picture"]) == "live"
    assert walk([*happenings, "enable", "fail", "picture", "mend"]) == "live"


@given(HAPPENINGS)
def test_what_happens_twice_happened_once(happenings: list[Happening]) -> None:
    """Ticks repeat what they see: nothing moves on by that."""
    doubled = [one for one in happenings for _ in range(2)]
    assert walk(doubled) == walk(happenings)


@given(STREAMS)
def test_it_stands_as_its_stream_does(streams: list[tuple[Phase, bool]]) -> None:
    """Lost when the stream is lost; live or degraded when pictures come, as they are."""
    phase: Phase = "connecting"
    for stream, spoilt in streams:
        phase = standing(phase, stream, spoilt=spoilt)
        if stream == "live":
            assert phase == ("degraded" if spoilt else "live")
        if stream == "lost":
            assert phase == "lost"
        assert shown(phase, maintenance=True) == "maintenance"


def test_the_table_is_closed() -> None:
    """Every phase but maintenance, which is only shown, is reached and left; an enabled camera that is off stays so."""
    phases = {phase for phase, _ in TABLE} | set(TABLE.values())
    assert phases == set(get_args(Phase)) - {"maintenance"}
    assert shown("disabled", maintenance=True) == "disabled"
