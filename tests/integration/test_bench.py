"""Benchmarks against the real thing, as short as they can be: that they measure at all, not what they measure."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.__main__ import main
from deploy.bench import decoders, glass, triton_run
from deploy.bench.triton_client import Run, connected
from deploy.simulate.command import Announcement
from deploy.simulate.server import CameraServer, ServerSettings, Source
from model_repository.contract import DETECTOR
from tests.support.simulate import make_clip
from tests.support.triton import triton_server

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "deploy" / "site"


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_streams_measures_one_camera(tmp_path: Path) -> None:
    """Looks, events, the processor time of every component, and no shared memory of ours without an owner."""
    done = subprocess.run(
        [sys.executable, "-m", "deploy", "bench", "streams", "--profile", "busy", "--cameras", "1", "--for", "8",
         "--json", "--data-dir", str(tmp_path / "data")],
        cwd=ROOT, capture_output=True, text=True, timeout=390, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["name"] == "streams-busy"
    assert result["value"] in {0.0, 1.0}
    details = result["conditions"]["details"]
    assert details["window"]["looks_per_s"] > 0
    assert {"ingest", "triton", "nats", "decide", "simulator", "sum of ours"} <= details["budget"].keys()
    assert details["budget"]["ingest"]["core_ms_per_s_camera"] > 0
    assert details["shared_memory"]["mapped"] > 0


@pytest.mark.timeout(120)
def test_triton_answers_over_grpc_and_through_shared_memory(tmp_path: Path) -> None:
    """The same pictures both ways, on several lanes; afterwards no region of the client is left."""

    async def both(url: str) -> list[Run]:
        async with connected(url) as client:
            frames = triton_run.pictures(SITE / "gate-day.mp4", client.card)
            assert frames.shape[1:] == (client.card.input_height * 3 // 2, client.card.input_width)
            stop = asyncio.Event()
            return [await client.run(way, frames, lanes=2, seconds=0.5, stop=stop) for way in triton_run.WAYS]

    with triton_server(tmp_path / "triton", tmp_path, (DETECTOR,)) as server:
        runs = asyncio.run(both(server.url))
    assert all(one.images >= 2 and len(one.took_ms) == one.images and one.client_cpu_s > 0 for one in runs)
    assert not list(Path("/dev/shm").glob("zool_bench_*"))  # noqa: S108 - where shared memory has its names


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_api_measures_its_clients(tmp_path: Path) -> None:
    """Every client hears every event once, and every list is asked for."""
    done = subprocess.run(
        [sys.executable, "-m", "deploy", "bench", "api", "--clients", "3", "--for", "5", "--rows", "1000",
         "--asks", "1", "--json", "--data-dir", str(tmp_path / "data")],
        cwd=ROOT, capture_output=True, text=True, timeout=290, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    details = json.loads(done.stdout)["conditions"]["details"]
    crowd = details["runs"]["3 clients"]
    assert (crowd["heard"], crowd["missing"], crowd["twice"], crowd["cuts"]) == (75, 0, 0, 0)
    assert crowd["api_mb"] > 0
    assert all(one["p95_ms"] > 0 for one in details["panels"].values())


async def test_time_codes_are_read_out_of_the_stream() -> None:
    """A viewer of our own reads the frame numbers of a gate, each a little after its time."""
    async with CameraServer(
        [Source(path=SITE / "gate-day.mp4", copies=2)], settings=ServerSettings(spread=True)
    ) as server:
        status = server.status()[1]
        camera = Announcement(
            name=status.name, url=server.url(status.name), started_at=status.started_at,
            duration_s=status.duration_s, fps=status.fps, width=1280, height=720, codec="h264",
        )  # fmt: skip
        seen = await asyncio.to_thread(glass.read, camera.url, 10)
    assert [code is not None for _, code in seen] == [True] * 10
    assert min(glass.offsets_ms(seen, camera)) > 0


@pytest.mark.timeout(120)
def test_ctrl_c_ends_a_benchmark_without_a_figure(tmp_path: Path) -> None:
    """What it started ends with it, and nothing is printed as if it had been measured."""
    command = [sys.executable, "-m", "deploy", "bench", "article", "--profile", "busy", "--cameras", "1", "--data-dir",
               str(tmp_path / "data")]  # fmt: skip
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "simulator" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        said, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert said == ""


def test_files_are_decoded_for_a_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Frames and processor time come at the end."""
    clip = make_clip(tmp_path / "clip.mp4", pictures=25, gop=25)
    assert decoders.main(["libav", "0.1", str(clip)]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["frames"] >= 25
    assert said["cpu_s"] > 0


def test_without_ffmpeg_its_package_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything is started."""
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    assert main(["bench", "ingest", "--data-dir", str(tmp_path / "data")]) == 2
    assert "apt-get install ffmpeg" in capsys.readouterr().err
    assert not (tmp_path / "data").exists()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_store_is_drained_and_its_panels_are_asked(tmp_path: Path) -> None:
    """Exact under FINAL, with the floor beside it; every panel of the board and those over all time are timed."""
    done = subprocess.run(
        [sys.executable, "-m", "deploy", "bench", "store", "--events", "3000", "--rows", "5000", "--json",
         "--data-dir", str(tmp_path / "data")],
        cwd=ROOT, capture_output=True, text=True, timeout=290, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    details = result["conditions"]["details"]
    assert details["exact_under_final"]
    assert details["counts"]["sent"] == 3000
    assert result["floor"] > 0
    assert {"store", "nats", "clickhouse"} <= details["cpu_us_per_row"].keys()
    assert {"Entries and exits by hour", "all time by month"} <= details["panels"].keys()
