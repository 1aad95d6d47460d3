"""The fleet of cameras, the comparison, and the figures that are printed."""

from __future__ import annotations

import argparse
import json
from typing import Any

import pytest

from deploy.bench import command, fleet, metrics, report
from deploy.bench.glass import Glass
from deploy.bench.metrics import Scrape
from deploy.bench.result import Result, as_json, as_text, ratio
from deploy.bench.rig import Watched
from deploy.bench.series import Reading, Sample
from deploy.bench.usage import Usage
from deploy.demo.record import Record
from deploy.demo.truth import Moment, Truth, TruthLine
from deploy.simulate.command import Announcement

START_S = 1_800_000_000
START_US = START_S * 1_000_000
LINE = TruthLine(id="gate", a=(0.1, 0.5), b=(0.9, 0.5))
SITE = {
    "day": Truth(
        camera="day", duration_s=40.0, lines=(LINE,), events=(Moment(kind="vehicle_entry", at_s=5.0, plate="A1"),)
    ),
    "office": Truth(camera="office", duration_s=24.0),
    "rain": Truth(camera="rain", duration_s=40.0, lines=(LINE,), events=(Moment(kind="vehicle_exit", at_s=9.0),)),
}  # fmt: skip
GLASS = Glass(picture_to_viewer_ms={"p50": 4.0}, unreadable=0)
MACHINE = {"cpu": "some", "cpus": 2}


def told(camera: str) -> Announcement:
    """A camera that began with the window."""
    return Announcement(
        name=camera, url=f"rtsp://x/{camera}", started_at=START_S, duration_s=40.0, fps=25.0,
        width=1280, height=720, codec="h264",
    )  # fmt: skip


def event(identity: str, camera: str, kind: str, at: str, plate: str = "") -> dict[str, Any]:
    """An event as the stream tells it; `at` is the second (of minute 0) of the window's hour."""
    return {
        "id": identity, "version": 1, "kind": kind, "camera": camera, "plate": plate, "cause": "",
        "opened_at": f"2027-01-15T08:00:{at}Z", "closed_at": None,
    }  # fmt: skip


def face(second: int) -> dict[str, str]:
    """What ingest and decide say at a second of the window: 5 looks a second and camera, 20 ms each, 250 ms in all."""
    looks = "".join(f'zool_ingest_frames_analysed_total{{camera="{name}"}} {5 * second}\n' for name in ("day", "rain"))
    return {
        "ingest": f"# TYPE zool_ingest_frames_analysed_total counter\n{looks}"
        f"# TYPE zool_ingest_inference_seconds histogram\n"
        f"zool_ingest_inference_seconds_sum {0.2 * second}\nzool_ingest_inference_seconds_count {10 * second}\n"
        f'# TYPE zool_ingest_lag_seconds gauge\nzool_ingest_lag_seconds{{camera="day"}} 0.08\n',
        "decide": f"# TYPE zool_decide_lag_seconds histogram\n"
        f"zool_decide_lag_seconds_sum {0.25 * second}\nzool_decide_lag_seconds_count {second}\n",
    }


def watched(record: Record, *, rss_mb: tuple[float, ...] = (100.0, 104.0, 108.0, 112.0)) -> Watched:
    """Half a minute of two cameras."""
    step_s = 30.0 / (len(rss_mb) - 1) if len(rss_mb) > 1 else 30.0
    usages = [Usage(rss_bytes=round(mb * 1e6), processes=1, threads=3, files=4) for mb in rss_mb]
    return Watched(
        window_us=(START_US, START_US + 30_000_000),
        told={name: told(name) for name in ("day", "rain")},
        record=record,
        before={"day": {"frames_decoded": 10, "frames_analysed": 4}},
        after={
            "day": {"frames_decoded": 760, "frames_analysed": 154, "frames_dropped": 2},
            "rain": {"frames_decoded": 750, "frames_analysed": 150},
        },
        samples=[
            Sample(at_s=n * step_s, components={"ingest": Reading(head=1, usage=u)}) for n, u in enumerate(usages)
        ],
        scrapes=[Scrape(at_s=0.0, texts=face(0)), Scrape(at_s=30.0, texts=face(30))],
        load=(1.0, 2.0),
        live_after_s=3.21,
        live=True,
    )


def heard() -> Record:
    """Two crossings, 300 and 500 ms late at the client; the first with a wrong plate."""
    record = Record()
    record.hear(event("1", "day", "vehicle_entry", "05.100", "B2"), START_US + 5_400_000)
    record.hear(event("2", "rain", "vehicle_exit", "09.000"), START_US + 9_500_000)
    record.hear(event("3", "rain", "camera_lost", "09.000"), START_US + 9_500_000)
    return record


def of(count: int) -> fleet.Fleet:
    """A fleet that is there."""
    found = fleet.fleet(SITE, count)
    assert found is not None
    return found


def test_cameras_go_round_the_clips_with_a_line() -> None:
    """Names are the simulator's: plain where a clip is served once, numbered where more often."""
    assert [seat.camera for seat in of(2).seats] == ["day", "rain"]
    assert of(1).clips == ("day",)
    three = of(3)
    assert [(seat.camera, seat.clip, seat.truth.camera) for seat in three.seats] == [
        ("day-1", "day", "day-1"), ("rain-1", "rain", "rain-1"), ("day-2", "day", "day-2"),
    ]  # fmt: skip
    assert three.copies == 2
    assert fleet.fleet({"office": SITE["office"]}, 2) is None
    assert fleet.fleet({}, 2, crossings=False) is None


def test_where_no_crossing_is_needed_any_clip_will_do() -> None:
    """But those with a line are preferred."""
    plain = fleet.fleet({"office": SITE["office"]}, 2, crossings=False)
    assert plain is not None
    assert plain.clips == ("office",)
    lined = fleet.fleet(SITE, 3, crossings=False)
    assert lined is not None
    assert lined.clips == ("day", "rain")


def test_crossings_are_compared_with_and_without_plates() -> None:
    """A wrong plate is a miss and an extra, but its crossing was seen."""
    window = (START_US, START_US + 30_000_000)
    due = fleet.moments(of(2).seats, {name: told(name) for name in ("day", "rain")}, window)
    found = fleet.against_truth(due, heard(), window)
    assert (found["expected"], found["matched"], found["missed"], found["extra"]) == (2, 1, 1, 1)
    assert found["crossings"]["matched"] == 2
    assert found["crossing_error_ms"]["max"] == pytest.approx(100.0)


def test_floor_of_a_delay_is_half_the_time_between_looks() -> None:
    """Five looks a second: 100 ms; without looks there is no floor."""
    assert fleet.look_floor_ms(5.0) == pytest.approx(100.0)
    assert fleet.look_floor_ms(0.0) is None


def test_latency_has_its_floor_and_conditions() -> None:
    """By the truth's clock 400 and 500 ms; 300 looks of 2 cameras in 30 s are 5 a second."""
    result = report.latency(of(2), watched(heard()), GLASS, MACHINE)
    assert result is not None
    assert (result.value, result.floor, result.ratio) == (400.0, 100.0, 4.0)
    assert result.spread == [400.0, 400.0]
    details = result.conditions["details"]
    assert details["stages"] == {
        "picture_to_report_ms": {"p50": 80.0, "p95": 80.0, "p99": 80.0, "max": 80.0, "count": 2},
        "detector_mean_ms": 20.0,
        "crossing_to_broker_mean_ms": 250.0,
        "crossing_to_client_mean_ms": 450.0,
        "broker_to_client_about_ms": 200.0,
    }
    assert details["time_code"] == {"picture_to_viewer_ms": {"p50": 4.0}, "unreadable": 0}
    assert details["latency_ms"]["all"]["max"] == pytest.approx(500.0)
    assert details["frames"] == {
        "decoded": 1500, "analysed": 300, "dropped": 2, "decoded_fps": 25.0, "analysed_fps": 5.0,
    }  # fmt: skip
    assert result.conditions["load_average"] == [1.0, 2.0]


def test_no_event_is_no_latency() -> None:
    """Nothing is made up where nothing was heard."""
    assert report.latency(of(2), watched(Record()), GLASS, MACHINE) is None


def test_a_stage_that_tells_nothing_has_no_figure() -> None:
    """Absent metrics are absent."""
    silent = [metrics.read(Scrape(at_s=0.0, texts={}))]
    assert report.stages(silent, 300.0)["broker_to_client_about_ms"] is None
    heard_only = [metrics.read(Scrape(at_s=float(n), texts=face(n))) for n in (0, 30)]
    assert report.stages(heard_only, None)["broker_to_client_about_ms"] is None


def test_soak_is_the_slope_behind_the_warm_up() -> None:
    """A third of a short run is warm-up; 4 MB every 10 s are 24 MB/min."""
    result = report.soak(of(2), watched(heard()), MACHINE)
    assert result is not None
    assert (result.value, result.floor, result.ratio) == (24.0, 0.0, None)
    assert result.conditions["warm_up_s"] == pytest.approx(10.0)
    assert result.conditions["details"]["rss_total_mb"] == [104.0, 112.0]
    assert result.conditions["details"]["components"]["ingest"]["restarts"] == 0
    assert report.soak(of(2), watched(heard(), rss_mb=(100.0,)), MACHINE) is None


def test_results_print_as_one_line_and_as_a_table() -> None:
    """JSON carries exactly the agreed keys; the table names every component."""
    result = report.soak(of(2), watched(heard()), MACHINE)
    assert result is not None
    line = as_json(result)
    assert "\n" not in line
    assert list(json.loads(line)) == ["name", "value", "unit", "floor", "ratio", "target", "spread", "conditions"]
    text = as_text(result)
    assert text.startswith("soak  24 MB/min")
    assert "ingest" in text
    bare = Result(
        name="x", value=1.0, unit="s", floor=None, ratio=None, target=2.0, spread=None, conditions={"a": None}
    )
    assert as_text(bare).splitlines() == ["x  1 s  (target 2)", f"  {'a':<18} —"]


def test_named_figures_are_a_table() -> None:
    """A row for each name; what nobody promised has no target."""
    budget = {"ingest": {"ms": 20.0}, "nats": {"ms": 1.0, "cores": 0.5}}
    result = Result(
        name="x", value=1.0, unit="s", floor=None, ratio=None, target=None, spread=None,
        conditions={"details": {"budget": budget}},
    )  # fmt: skip
    head, title, *rows = as_text(result).splitlines()
    assert head == "x  1 s  (target none)"
    assert title.split() == ["budget", "ms", "cores"]
    assert [row.split() for row in rows] == [["ingest", "20", "—"], ["nats", "1", "0.5"]]


def test_ratio_needs_a_floor() -> None:
    """Nothing can be said in floors of 0 or of unknown."""
    assert ratio(300.0, 100.0) == pytest.approx(3.0)
    assert ratio(1.0, 0.0) is None
    assert ratio(1.0, None) is None


def test_arguments_and_their_limits() -> None:
    """Each benchmark has defaults of its own and takes any free port; what can't be measured is refused."""
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    args = parser.parse_args(["soak"])
    assert (args.cameras, args.seconds, args.port, args.json) == (8, 300.0, 0, False)
    for words in (["soak", "--cameras", "0"], ["latency", "--for", "1"], ["streams", "--kill", "x"], []):
        with pytest.raises(SystemExit):
            parser.parse_args(words)
