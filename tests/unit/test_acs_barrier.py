"""What a controller makes of decisions, and whether it can be fooled by clocks and repeats."""

from __future__ import annotations

import pytest

from api.acs.v1 import doors_pb2 as dp
from deploy.acs.barrier import SEEN_MAX, Barrier, Command, Did
from deploy.acs.doors import ServerClock, command_of

UNTIL = 3_000_000


def grant(id_: str = "a", **fields: object) -> Command:
    """A command that holds until 3 s."""
    values: dict[str, object] = {"id": id_, "version": 1, "door": "gate", "granted": True, "expires_at_us": UNTIL}
    return Command(**(values | fields))  # type: ignore[arg-type]


def test_it_opens_once_and_shuts_behind_the_vehicle() -> None:
    """Opened, passed, shut; the same command again does nothing."""
    barrier = Barrier(pass_s=1.5)
    assert barrier.hear(grant(), server_us=UNTIL - 1, now_s=0.0) == [Did(id="a", outcome="opened")]
    assert barrier.state == "open"
    assert barrier.hear(grant(version=2), server_us=0, now_s=0.1) == []
    assert barrier.tick(1.4) == []
    assert barrier.tick(1.5) == [Did(id="a", outcome="passed")]
    assert (barrier.state, barrier.tick(9.0), barrier.hear(grant(), server_us=0, now_s=9.0)) == ("shut", [], [])


def test_nobody_comes() -> None:
    """It shuts by itself."""
    barrier = Barrier(open_s=4.0, comes=False)
    barrier.hear(grant(), server_us=0, now_s=0.0)
    assert (barrier.tick(3.9), barrier.tick(4.0)) == ([], [Did(id="a", outcome="timed_out")])


def test_the_next_comes_while_it_is_open() -> None:
    """The first is through, the second opens it anew."""
    barrier = Barrier()
    barrier.hear(grant(), server_us=0, now_s=0.0)
    assert barrier.hear(grant("b"), server_us=0, now_s=0.5) == [
        Did(id="a", outcome="passed"), Did(id="b", outcome="opened"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("command", "outcome"),
    [
        (grant(expires_at_us=0), "timed_out"),
        (grant(expires_at_us=1_000), "timed_out"),
        (grant(granted=False, expired=True), "timed_out"),
        (grant(granted=False), "refused"),
    ],
)
def test_it_stays_shut(command: Command, outcome: str) -> None:
    """For what came too late and what is no grant; said once."""
    barrier = Barrier()
    assert [one.outcome for one in barrier.hear(command, server_us=1_000, now_s=0.0)] == [outcome]
    assert (barrier.state, barrier.hear(command, server_us=1_000, now_s=0.0)) == ("shut", [])


def test_a_denial_may_become_a_grant() -> None:
    """More became known: the later version opens."""
    barrier = Barrier()
    barrier.hear(grant(granted=False), server_us=0, now_s=0.0)
    assert barrier.hear(grant(version=2), server_us=0, now_s=0.0) == [Did(id="a", outcome="opened")]


def test_ids_are_bounded() -> None:
    """Those of long ago are forgotten."""
    barrier = Barrier()
    for number in range(SEEN_MAX + 1):
        barrier.hear(grant(str(number), granted=False), server_us=0, now_s=0.0)
    assert barrier.hear(grant("0", granted=False), server_us=0, now_s=0.0) != []


def test_the_server_clock_is_as_late_as_it_may_be() -> None:
    """From the call's begin on; it never goes back, and nothing is known before the first message."""
    steady = [0]
    clock = ServerClock(lambda: steady[0])
    assert clock.latest_us() > 10**18
    clock.begin()
    steady[0] = 700_000  # the line was slow: what was said may have been said at its begin
    clock.hear(1_000_000_000)
    assert clock.latest_us() == 1_000_700_000
    steady[0] = 1_000_000
    clock.hear(1_000_100_000)  # was under way for 0.9 s or more
    assert clock.latest_us() == 1_001_000_000
    clock.hear(2_000_000_000)  # the server's clock was put forward
    assert clock.latest_us() == 2_000_000_000
    clock.begin()
    assert clock.latest_us() > 10**18


def test_a_stalled_line_opens_nothing() -> None:
    """A grant that was sent at once and read two minutes later is over, by any clock of the client."""
    steady = [0]
    clock, barrier = ServerClock(lambda: steady[0]), Barrier()
    clock.begin()
    clock.hear(0)
    steady[0] = 120_000_000
    clock.hear(10_000)
    assert [one.outcome for one in barrier.hear(grant(), server_us=clock.latest_us(), now_s=120.0)] == ["timed_out"]


def test_unknown_verdicts_open_nothing() -> None:
    """One of a newer server, and a grant without an end."""
    for found in (dp.Decision(verdict=7), dp.Decision(verdict=dp.VERDICT_GRANT)):  # type: ignore[arg-type]
        assert not command_of(found).granted
