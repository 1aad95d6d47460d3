"""How many cameras hold: the verdict, the search, the budget, and what a kill cost."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pytest

from deploy.bench import kill, metrics, streams
from deploy.bench.fleet import Seat
from deploy.bench.kill import Kill
from deploy.bench.metrics import Faces
from deploy.bench.profile import SITES, add_profile, name_of, plain_fleet, site_of
from deploy.bench.series import Reading, Sample
from deploy.bench.streams import Demand, Found, Search
from deploy.bench.streams_run import victims
from deploy.bench.usage import Usage
from deploy.demo.record import Record
from deploy.demo.truth import Happening, Span, Truth
from deploy.errors import SiteMissing

START_US = 1_800_000_000_000_000
WINDOW = (START_US, START_US + 40_000_000)
SEATS = tuple(Seat(camera=name, clip="day", truth=Truth(camera=name, duration_s=40.0)) for name in ("a", "b"))


def due(*crossings: tuple[str, float]) -> list[Happening]:
    """Entries at cameras, in seconds of the window."""
    return [
        Happening(at_us=START_US + round(at * 1e6), camera=camera, kind="vehicle_entry") for camera, at in crossings
    ]


def heard(*events: tuple[str, int, float], blind: tuple[str, int, int] | None = None) -> Record:
    """Entries (camera, whole second of the window, delay in s), and perhaps a blind span."""
    record = Record()
    for number, (camera, at, late_s) in enumerate(events):
        record.hear(_event(str(number), camera, "vehicle_entry", at, None), START_US + round((at + late_s) * 1e6))
    if blind is not None:
        camera, since, until = blind
        record.hear(_event("blind", camera, "camera_blind", since, until), WINDOW[1])
    return record


def _event(identity: str, camera: str, kind: str, at: int, until: int | None) -> dict[str, Any]:
    return {
        "id": identity, "version": 1, "kind": kind, "camera": camera, "plate": "", "cause": "inference",
        "opened_at": f"2027-01-15T08:00:{at:02d}Z",
        "closed_at": None if until is None else f"2027-01-15T08:00:{until:02d}Z",
    }  # fmt: skip


def faces(
    looks: tuple[float, float], *, gated: float | None = None, dropped: float = 0.0, span_s: float = 40.0
) -> list[Faces]:
    """The beginning and the end of a window: looks of a and b, of which `gated` each were not for the detector."""

    def one(at_s: float, share: float) -> Faces:
        held = gated or 0.0
        values = {
            metrics.ANALYSED: {"a": share * (looks[0] - held), "b": share * (looks[1] - held)},
            metrics.DROPPED: {"a": share * dropped, "b": 0.0},
        }
        if gated is not None:
            values[metrics.GATED] = {"a": share * gated, "b": share * gated}
        return Faces(at_s=at_s, values=values)

    return [one(0.0, 0.0), one(span_s, 1.0)]


def found(
    seen: list[Faces], record: Record, moments: list[Happening] | None = None, demand: Demand | None = None
) -> Found:
    """A window of both cameras."""
    moments = due(("a", 5.0), ("b", 9.0)) if moments is None else moments
    return streams.found(SEATS, moments, record, WINDOW, faces=seen, demand=demand or Demand())


GOOD = (("a", 5, 0.3), ("b", 9, 0.5))


def test_a_window_that_holds() -> None:
    """Five looks a second, no drops, both crossings within half a second."""
    one = found(faces((200, 200), gated=150), heard(*GOOD))
    assert one.holds
    assert (one.looks_per_s, one.gated_ratio, one.dropped_ratio) == (5.0, 0.75, 0.0)
    assert (one.expected, one.matched, one.plates, one.events_ratio) == (2, 2, 2, 1.0)
    assert one.latency_ms["p50"] == pytest.approx(300.0)
    assert one.latency_mean_ms == pytest.approx(400.0)
    assert streams.line(one).endswith("2/2 crossings  holds")
    assert streams.shown(one)["holds"] is True


def test_without_a_gate_nothing_is_said_of_it() -> None:
    """Absent is not 0."""
    assert found(faces((200, 200)), heard(*GOOD)).gated_ratio is None


@pytest.mark.parametrize(
    ("seen", "record", "reason"),
    [
        (faces((200, 180)), heard(*GOOD), "a camera had 4.50 looks a second, under 4.72"),
        (faces((200, 200), dropped=8), heard(*GOOD), "2.0% of the due frames were dropped"),
        (faces((200, 200)), heard(("a", 5, 0.3)), "1 of 2 crossings were reported"),
        (faces((200, 200)), heard(("a", 5, 0.3), ("b", 9, 1.5)), "p95 from crossing to client was 1500 ms"),
    ],
)
def test_each_demand_is_enough_to_fail(seen: list[Faces], record: Record, reason: str) -> None:
    """The reason is the only one, and the line says it."""
    one = found(seen, record)
    assert one.reasons == (reason,)
    assert "does not hold" in streams.line(one)


def test_one_camera_that_starves_is_not_made_good_by_another() -> None:
    """The mean is right, the worst is not."""
    one = found(faces((300, 100)), heard(*GOOD))
    assert one.looks_per_s == pytest.approx(5.0)
    assert not one.holds


def test_a_crossing_in_a_blind_span_counts_as_missed() -> None:
    """Saying that one did not look is honest, but does not hold a camera."""
    one = found(faces((200, 200)), heard(("a", 5, 0.3), blind=("b", 8, 12)))
    assert (one.expected, one.blind, one.events_ratio) == (1, 1, 0.5)
    assert one.reasons == ("1 of 2 crossings were reported",)


def test_a_window_without_crossings_proves_nothing() -> None:
    """Whatever was looked at."""
    one = found(faces((200, 200)), Record(), [])
    assert one.reasons == ("no crossing was due: measure longer",)
    assert one.events_ratio == 0.0


def test_a_window_in_which_ingest_was_silent() -> None:
    """Nothing told is nothing looked at."""
    one = found([], heard(*GOOD))
    assert (one.looks_per_s, one.dropped_ratio, one.gated_ratio) == (0.0, 0.0, None)
    assert one.reasons == ("a camera had 0.00 looks a second, under 5.00",)


def test_short_windows_allow_for_late_counters() -> None:
    """A second of 10 s is a tenth."""
    assert Demand().looks_min(10.0) == pytest.approx(4.35)
    assert Demand().looks_min(0.5) == 0.0


@pytest.mark.parametrize("most", [0, 1, 17, 30, 63, 64])
def test_bisection_finds_the_most_that_hold(most: int) -> None:
    """In seven windows at most."""
    search, windows = Search(), 0
    while (cameras := search.next()) is not None:
        search, windows = search.after(cameras, holds=cameras <= most), windows + 1
    assert search.held == most
    assert windows <= 7


def test_a_failure_below_what_held_is_believed() -> None:
    """A machine that got slower: what is known shrinks, and the search goes on."""
    search = Search(held=20, failed=21).after(12, holds=False)
    assert (search.held, search.failed) == (11, 12)
    assert search.next() is None


def test_confirming_goes_down_by_a_sixteenth() -> None:
    """And by one at least, down to nothing."""
    assert [streams.step_down(cameras) for cameras in (32, 15, 1)] == [30, 14, 0]


def _sample(at_s: float, **cpu_s: float) -> Sample:
    return Sample(
        at_s=at_s, components={name: Reading(head=1, usage=Usage(cpu_s=used)) for name, used in cpu_s.items()}
    )


def test_the_budget_is_by_camera_and_names_every_component() -> None:
    """1 s of ingest in 10 s of 5 cameras is 20 ms a second and camera; the sum leaves the simulator out."""
    samples = [_sample(0.0, ingest=1.0, simulator=0.0, bench=0.0), _sample(10.0, ingest=2.0, simulator=0.5, bench=0.1)]
    table = streams.budget([*samples, _sample(10.0, late=1.0)], 5)
    assert table["ingest"] == {"core_ms_per_s_camera": 20.0, "cores": 0.1}
    assert table["sum of ours"]["cores"] == pytest.approx(0.1)
    assert table["with simulator"]["cores"] == pytest.approx(0.15)
    assert "late" not in table


def test_memory_is_what_cameras_add() -> None:
    """100 MB more with 4 cameras are 25 MB each; the simulator is not ours."""
    base, last = (
        Sample(
            at_s=0.0, components={name: Reading(head=1, usage=Usage(rss_bytes=size)) for name, size in sizes.items()}
        )
        for sizes in ({"ingest": 50_000_000}, {"ingest": 150_000_000, "simulator": 9_000_000})
    )
    assert streams.rss_mb_per_camera(base, last, 4) == pytest.approx(25.0)


def _killed(*looks: float | None) -> list[Faces]:
    """A scrape a second: looks of both cameras so far, None where ingest was away."""
    return [
        Faces(at_s=float(n), values={} if count is None else {metrics.ANALYSED: {"a": count, "b": count}})
        for n, count in enumerate(looks)
    ]


def test_rates_are_back_when_three_seconds_have_them() -> None:
    """Killed at 1.5 s, away until 4 s, 5 looks a second from 4 s on: back at 6 s, when only good seconds are left."""
    seen = _killed(0, 5, 6, None, 0, 5, 10, 15)
    assert kill.back_after_s(seen, ["a", "b"], 1.5, 5.0) == pytest.approx(4.5)
    assert kill.back_after_s(seen[:5], ["a", "b"], 1.5, 5.0) is None


def test_kills_are_spread_over_the_window() -> None:
    """With room behind the last."""
    assert kill.times_s(["triton", "ingest"], 35.0) == [(10.0, "triton"), (20.0, "ingest")]


def test_what_is_told_of_a_kill() -> None:
    """Spans of other times are left out; who said nothing is named."""
    done = Kill(component="triton", at_s=1.5, at_us=START_US + 1_500_000, pid=7)
    spans = [
        Span(camera="a", from_us=START_US + 1_300_000, to_us=START_US + 4_300_000, cause="inference"),
        Span(camera="b", from_us=START_US - 9_000_000, to_us=START_US - 8_000_000, cause="restart"),
        Span(camera="b", from_us=START_US + 30_000_000, to_us=START_US + 31_000_000, cause="restart"),
    ]
    told = kill.told(
        done, SEATS, _killed(0, 5, 6, None, 0, 5, 10, 15), spans, looks_per_s=5.0, until_us=START_US + 20_000_000
    )
    assert (told["back_after_s"], told["next_after_s"]) == (4.5, 18.5)
    assert (told["blind_cameras"], told["causes"]) == (1, ["inference"])
    assert told["blind_s"]["max"] == pytest.approx(3.0)
    assert told["cameras_that_said_nothing"] == ["b"]
    soon = kill.told(done, SEATS, _killed(0, 5, 6, None, 0, 5, 10), [], looks_per_s=5.0, until_us=START_US + 5_000_000)
    assert soon["back_after_s"] is None


def test_victims_are_names_of_components() -> None:
    """In the order in which they are killed."""
    assert victims("triton,ingest") == ("triton", "ingest")
    with pytest.raises(argparse.ArgumentTypeError, match="simulator can't be killed; there are: nats,"):
        victims("simulator")


def test_a_profile_is_a_folder_of_clips() -> None:
    """A site that is named wins."""
    parser = argparse.ArgumentParser()
    add_profile(parser)
    assert site_of(parser.parse_args([])) == SITES["typical"]
    assert site_of(parser.parse_args(["--profile", "busy"])) == SITES["busy"]
    assert name_of(parser.parse_args(["--profile", "busy"])) == "busy"
    named = argparse.Namespace(site=Path("clips"), profile="busy")
    assert (site_of(named), name_of(named)) == (Path("clips"), "clips")


def test_a_folder_of_any_clips_will_do_where_nothing_is_compared(tmp_path: Path) -> None:
    """Without truth beside them; an empty folder is refused."""
    args = argparse.Namespace(site=tmp_path, profile="typical", cameras=3)
    with pytest.raises(SiteMissing, match=r"there is no \*.mp4"):
        plain_fleet(args)
    (tmp_path / "yard.mp4").write_bytes(b"")
    assert [seat.camera for seat in plain_fleet(args).seats] == ["yard-1", "yard-2", "yard-3"]
    assert plain_fleet(argparse.Namespace(site=None, profile="busy", cameras=1)).clips == ("gate-day",)
