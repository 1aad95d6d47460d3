"""`zool simulate` as a user meets it: what it prints, and how it refuses."""

from __future__ import annotations

import argparse
import signal
import socket
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from deploy.simulate.command import add_arguments, run
from tests.support.simulate import FPS, HEIGHT, WIDTH, make_clip, watch

_START = (
    "import argparse, sys; from deploy.simulate.command import *; p = argparse.ArgumentParser(); add_arguments(p); "
)
_START += "sys.exit(run(p.parse_args()))"


def parsed(*arguments: str) -> argparse.Namespace:
    """The arguments as the command line gives them."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(arguments)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One second of video."""
    return make_clip(tmp_path_factory.mktemp("clip") / "gate.mp4", pictures=25, gop=25)


def test_serves_until_it_is_asked_to_stop(clip: Path) -> None:
    """With --json there is one line per camera, the cameras play, and SIGTERM ends the process with 0."""
    command = [sys.executable, "-c", _START, str(clip), "--port", "0", "--copies", "2", "--loop", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        cameras = [msgspec.json.decode(process.stdout.readline()) for _ in range(2)]
        seen = watch(cameras[1]["url"], "tcp", 3)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert [camera["name"] for camera in cameras] == ["gate-1", "gate-2"]
    assert list(cameras[0]) == ["name", "url", "started_at", "duration_s", "fps", "width", "height", "codec"]
    shape = {key: cameras[0][key] for key in ("duration_s", "fps", "width", "height", "codec")}
    assert shape == {"duration_s": 1.0, "fps": FPS, "width": WIDTH, "height": HEIGHT, "codec": "h264"}
    assert len(seen) >= 3


def test_ends_with_its_files(clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without --loop the command ends by itself when the last camera has ended; people get a table."""
    assert run(parsed(str(clip), "--port", "0")) == 0
    text = capsys.readouterr().out
    assert "/gate  160×96 25 fps H.264, 1.0 s" in text
    assert "Камеры в эфире" in text


def test_refusals(clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be served ends with 2 and one sentence that names the thing."""
    (tmp_path / "text.mp4").write_text("not a video at all")
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = str(busy.getsockname()[1])
        refused = {
            "no such file": parsed(str(tmp_path / "absent.mp4")),
            "not a readable video file": parsed(str(tmp_path / "text.mp4")),
            f"127.0.0.1:{port}": parsed(str(clip), "--port", port),
            "--password-env was not given": parsed(str(clip), "--user", "viewer"),
            "ZOOL_TEST_UNSET is empty": parsed(str(clip), "--user", "viewer", "--password-env", "ZOOL_TEST_UNSET"),
        }
        for sentence, arguments in refused.items():
            assert run(arguments) == 2
            error = capsys.readouterr().err
            assert error.startswith("zool simulate: ")
            assert sentence in error


@pytest.mark.parametrize("wrong", [["--port", "70000"], ["--port", "x"], ["--copies", "0"], []])
def test_wrong_arguments(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong argument is refused before anything starts."""
    with pytest.raises(SystemExit) as stop:
        parsed(*(["x.mp4"] if wrong else []), *wrong)
    assert stop.value.code == 2
    assert capsys.readouterr().err


def test_password_comes_from_the_environment(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With both options given the command starts."""
    monkeypatch.setenv("ZOOL_TEST_PASSWORD", "s3cret")
    assert run(parsed(str(clip), "--port", "0", "--user", "viewer", "--password-env", "ZOOL_TEST_PASSWORD")) == 0
