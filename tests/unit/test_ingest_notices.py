"""Events that ingest writes by itself: what was not looked at, what is lost."""

from ingest.contract import CameraNotice
from ingest.notices import Watch, gap_us_max, notice_id
from postprocess.contract import event_id

S = 1_000_000
FPS = 5.0


def watch() -> Watch:
    """A camera switched on at second 100."""
    return Watch(camera="gate", looked_us=100 * S)


def spans(notices: list[CameraNotice]) -> list[tuple[float, float | None, str, int]]:
    """From, to, cause, version."""
    return [
        (n.opened_at_us / S, None if n.closed_at_us is None else n.closed_at_us / S, n.cause, n.version)
        for n in notices
    ]


def test_ids_are_those_of_all_events() -> None:
    """The rule of `postprocess` gives the same id."""
    wanted = event_id(camera="gate", function="", rule="", kind="camera_blind", subject="gate", occurrence=7)
    assert notice_id("gate", "camera_blind", 7) == wanted


def test_steady_looks_say_nothing() -> None:
    """|.|.|.|.|  up to a second apart."""
    state = watch()
    assert [n for k in range(50) for n in state.look(100 * S + k * 200_000, FPS)] == []
    assert state.look(state.looked_us + S, FPS) == []


def test_a_gap_is_told_with_its_first_cause() -> None:
    """|.|.|    3 s    |.|  named by what went wrong first."""
    state = watch()
    state.look(101 * S, FPS)
    state.trouble("inference")
    state.trouble("network")
    assert spans(state.look(104 * S, FPS)) == [(101, 104, "inference", 1)]
    assert spans(state.look(110 * S, FPS)) == [(104, 110, "camera", 1)]


def test_a_span_that_lasts_is_told_twice_under_one_id() -> None:
    """Open at five seconds, closed at its end."""
    state = watch()
    state.trouble("network")
    opened = [n for k in range(100, 130) for n in state.tick(k * S, FPS)]
    closed = state.look(130 * S, FPS)
    assert spans(opened) == [(100, None, "network", 1)]
    assert spans(closed) == [(100, 130, "network", 2)]
    assert opened[0].event_id == closed[0].event_id
    assert (opened[0].final, closed[0].final) == (False, True)


def test_a_frame_from_before_does_not_end_a_span() -> None:
    """It waited for the detector while the span was told as open; the next fresh look ends it."""
    state = watch()
    state.trouble("inference")
    opened = [n for k in range(100, 108) for n in state.tick(k * S, FPS)]
    assert state.look(100 * S + 200_000, FPS, caught_up=False, waited=True) == []
    closed = state.look(108 * S, FPS)
    assert spans([*opened, *closed]) == [(100, None, "inference", 1), (100, 108, "inference", 2)]


def test_looks_at_which_nothing_had_changed() -> None:
    """They are looks; but not while something is wrong, nor while a span is open."""
    state = watch()
    state.quiet(104 * S)
    assert state.look(104 * S + 500_000, FPS) == []
    state.trouble("inference")
    state.quiet(107 * S)
    assert spans(state.look(108 * S, FPS)) == [(104.5, 108, "inference", 1)]


def test_a_restart_is_the_cause_unless_something_else_was() -> None:
    """A camera that is unreachable after the restart is the camera's, not the restart's."""
    state = Watch(camera="gate", looked_us=100 * S, cause="restart")
    assert spans(state.look(102 * S, FPS)) == [(100, 102, "restart", 1)]
    state = Watch(camera="gate", looked_us=100 * S, cause="restart")
    state.trouble("network")
    assert spans(state.look(160 * S, FPS)) == [(100, 160, "network", 1)]


def test_a_look_at_a_repeated_picture_does_not_end_the_restart() -> None:
    """|.|.| kill |.(old)|   2 s   |.|  the second part of the span is the restart's too."""
    state = Watch(camera="gate", looked_us=100 * S, cause="restart")
    assert state.look(100 * S + 400_000, FPS, caught_up=False) == []
    assert spans(state.look(102 * S, FPS)) == [(100.4, 102, "restart", 1)]
    assert spans(state.look(104 * S, FPS)) == [(102, 104, "camera", 1)]


def test_a_low_rate_is_not_blindness() -> None:
    """One look in five seconds, as asked for, is looking."""
    state = watch()
    assert gap_us_max(0.2) == 12_500_000
    assert [
        n for k in range(10) for n in (*state.tick(100 * S + k * 5 * S, 0.2), *state.look(100 * S + k * 5 * S, 0.2))
    ] == []


def test_lost_and_restored() -> None:
    """Once per loss; the closed event and the restoration come together."""
    state = watch()
    (lost,) = state.lose(105 * S, "refused", "c:554 refuses")
    assert (lost.kind, lost.final, lost.cause, lost.version) == ("camera_lost", False, "refused", 1)
    assert state.lose(106 * S, "refused", "c:554 refuses") == []
    closed, restored = state.restore(125 * S)
    assert (closed.event_id, closed.version, closed.closed_at_us, closed.final) == (lost.event_id, 2, 125 * S, True)
    assert (restored.kind, restored.text) == ("camera_restored", "back after 20.0 s")
    assert state.restore(126 * S) == []


def test_switching_off_closes_what_is_open() -> None:
    """From now on nobody is to look, so nothing is "not looked at"."""
    state = watch()
    state.trouble("camera")
    state.lose(103 * S, "auth", "401")
    state.tick(110 * S, FPS)
    kinds = [(n.kind, n.closed_at_us, n.final) for n in state.close(120 * S, FPS)]
    assert kinds == [("camera_lost", 120 * S, True), ("camera_blind", 120 * S, True)]
    assert watch().close(100 * S + 500_000, FPS) == []


def test_what_nobody_can_have_heard_is_ended_by_who_told_it() -> None:
    """Cut off from the broker: the others took the camera and know of no open span; older ones they do know."""
    state = Watch(camera="gate", looked_us=5 * S)
    assert state.unheard(0, 20 * S) == []
    told = state.tick(12 * S, FPS) + state.lose(6 * S, "timeout", "silent")
    told += state.spoil("black", 7 * S, 7 * S, None)
    assert state.unheard(8_000_000, 20 * S) == []
    ended = state.unheard(5 * S, 20 * S)
    assert [(one.event_id, one.version, one.closed_at_us) for one in ended] == [
        (one.event_id, 2, 20 * S) for one in told
    ]
