"""`zool doctor` on this machine, well and with one thing after the other really broken."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from deploy.__main__ import main
from deploy.doctor import host, probe_host, probe_site, site
from deploy.doctor.command import Asked, look
from deploy.up import machine
from ingest.bus import Bus
from ingest.contract import BUCKETS, STREAMS
from model_repository import store, triton
from tests.support.nats import running_nats


def told(data_dir: Path, *, config: Path | None = None, port: int = 0) -> dict[str, tuple[str, str, str]]:
    """State, words and place of each check by name; of several the worst."""
    order = ("skipped", "ok", "warn", "fail")
    found = sorted(look(Asked(data_dir=data_dir, config=config, port=port)), key=lambda one: order.index(one.state))
    return {one.name: (one.state, one.said.en, one.where) for one in found}


def test_this_machine_is_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing fails, nothing is skipped in silence, nothing is written."""
    assert main(["doctor", "--data-dir", str(tmp_path / "none"), "--port", "0", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["ok"] is True
    names = {one["name"]: one["state"] for one in found["checks"]}
    assert {names[one] for one in ("python", "packages", "nats-server", "triton", "cpu", "decoders", "models")} == {
        "ok"
    }
    assert {names[one] for one in ("site", "health", "streams")} == {"skipped"}
    assert names["starters"] == "warn"
    assert not (tmp_path / "none").exists()


def test_a_port_that_another_program_has(tmp_path: Path) -> None:
    """Named with the process that holds it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        state, words, place = told(tmp_path, port=port)["port-api"]
    assert (state, place) == ("fail", f"127.0.0.1:{port}")
    assert f"process {os.getpid()} " in words
    assert told(tmp_path, port=port)["port-api"][:2] == ("ok", "free")


def test_a_port_of_a_supervisor_below_which_it_is_held_is_ours(tmp_path: Path) -> None:
    """The kernel's table of locks names who runs on a folder, and a child of it may hold the port."""
    assert machine.holder(tmp_path) is None
    handle = machine.open_data_dir(tmp_path)
    try:
        assert machine.holder(tmp_path) == os.getpid()
        script = (
            "import socket,sys; s=socket.create_server(('127.0.0.1',0)); print(s.getsockname()[1],flush=True); "
            "sys.stdin.read()"
        )
        with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            port = int(child.stdout.readline())
            found = probe_host.listener("127.0.0.1", port, os.getpid())
            assert found is not None
            assert (found.pid, found.ours) == (child.pid, True)
            assert child.stdin is not None
            child.stdin.close()
    finally:
        os.close(handle)
    assert machine.holder(tmp_path) is None


def test_a_model_that_was_changed(tmp_path: Path) -> None:
    """One byte of the weights: the hash of its card says so; the file is named."""
    starter = store.deployed("ppe", tmp_path)
    folder = tmp_path / "models" / "ppe" / "ours"
    folder.mkdir(parents=True)
    shutil.copy(starter.path.with_suffix(".json"), folder / "network.json")
    body = bytearray(starter.path.read_bytes())
    body[len(body) // 2] ^= 1
    (folder / "network.onnx").write_bytes(body)
    (tmp_path / "models" / "ppe" / "deployed").write_text("ours\n")
    state, words, place = told(tmp_path)["models"]
    assert (state, place) == ("fail", "ppe/ours")
    assert str(folder / "network.onnx") in words


def test_secrets_that_others_may_read(tmp_path: Path) -> None:
    """A token of mode 0644, and a key file that holds no key."""
    machine.admin_token(tmp_path / "admin.token")
    tmp_path.chmod(0o700)
    assert told(tmp_path)["secrets"][0] == "ok"
    (tmp_path / "admin.token").chmod(0o644)
    (tmp_path / "secrets.key").write_text("not a key\n")
    (tmp_path / "secrets.key").chmod(0o600)
    found = told(tmp_path)
    assert found["secrets"][::2] == ("fail", str(tmp_path / "admin.token"))
    assert found["secrets-key"][0] == "fail"
    assert "not a key" not in str(found)


def test_a_wrong_configuration(tmp_path: Path) -> None:
    """The key that is not known is named, with the one that was meant."""
    path = tmp_path / "config.ini"
    path.write_text("[ingest]\nanalysis_fsp = 3\n")
    state, words, place = told(tmp_path, config=path)["config"]
    assert (state, place) == ("fail", str(path))
    assert "did you mean 'analysis_fps'?" in words


def test_triton_without_the_library_of_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What to install is said."""
    real = sysconfig.get_config_var
    monkeypatch.setattr(sysconfig, "get_config_var", lambda name: str(tmp_path) if name == "LIBDIR" else real(name))
    monkeypatch.setattr(triton, "_on_loader_path", lambda _: False)
    state, words, _ = told(tmp_path)["triton"]
    assert state == "fail"
    assert "libpython" in words


def test_a_disk_that_is_full(tmp_path: Path) -> None:
    """A file system of 4 MiB, in a namespace of its own where this user may mount none."""
    folder, report = tmp_path / "small", tmp_path / "report"
    folder.mkdir()
    script = (
        f"mount -t tmpfs -o size=4m small {folder} && head -c 3900000 /dev/zero > {folder}/fill && "
        f"{sys.executable} -m deploy doctor --data-dir {folder} --port 0 --json > {report}; code=$?; umount {folder}; "
        "exit $code"
    )
    enter = [] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
    done = subprocess.run(
        [*enter, "sh", "-c", script],
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    if not report.exists():
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    assert done.returncode == 1
    disk = next(one for one in json.loads(report.read_text())["checks"] if one["name"] == "disk")
    assert (disk["state"], disk["where"]) == ("fail", str(folder))


async def test_streams_of_a_real_broker(tmp_path: Path) -> None:
    """As the stages make them nothing is wrong; one whose limit somebody changed, and one that is gone, are named."""
    async with running_nats(tmp_path) as nats, Bus.open(nats.settings, name="test") as bus:
        await bus.ensure_streams(*STREAMS)
        await bus.ensure_buckets(*BUCKETS)
        streams, ahead_us, _, heard = await probe_site.broker(nats.settings.url, "", "")
        assert [one.state for one in site.streams(streams)] == ["ok"]
        assert abs(ahead_us) < host.CLOCK_US_MAX
        assert heard == 0
        js = bus._js
        config = (await js.stream_info("EVENTS")).config
        config.max_bytes = 1_000_000
        await js.update_stream(config)
        await js.delete_stream("READS")
        streams, *_ = await probe_site.broker(nats.settings.url, "", "")
    wrong = {one.where: one.said.en for one in site.streams(streams) if one.state == "fail"}
    assert wrong == {
        "EVENTS": f"has other limits: max_bytes 1000000, not {STREAMS['EVENTS'].bytes_max}",
        "READS": "is not there",
    }
