"""The command line: what it refuses, and in which words."""

from __future__ import annotations

import argparse
import json
import os
import socket
from pathlib import Path

import pytest

from deploy.__main__ import COMMANDS, PASSED_ON, main
from deploy.errors import AlreadyRunning, ComponentFailed, DataDirUnusable, PortTaken
from deploy.up import machine
from deploy.up.command import add_arguments, read_config
from ingest.settings import SettingsError


@pytest.mark.parametrize(
    ("text", "begin"),
    [
        ("[ingest]\nBoundingBox = 7\n", "config: [ingest] BoundingBox = '7': "),
        ("[ingest]\nboundingbox = 1.2\n", "config: [ingest] boundingbox = '1.2': unknown key"),
        ("[ingst]\n", "config: [ingst]: unknown section; did you mean 'ingest'?"),
        ("[nats]\nurl = nats://x\n", "config: [nats]: unknown section"),
        ("[api]\nport = http\n", "config: [api] port = 'http': "),
        ("port = 1\n", "config: [config.ini]: "),
    ],
)
def test_a_wrong_file_is_refused_by_name(tmp_path: Path, text: str, begin: str) -> None:
    """Section, key and value begin the sentence."""
    path = tmp_path / "config.ini"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        read_config(path)
    assert str(caught.value).startswith(begin)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """Missing, a folder, or no text: named with its path."""
    (tmp_path / "bytes.ini").write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path / "none.ini", tmp_path, tmp_path / "bytes.ini"):
        with pytest.raises(SettingsError, match="can't be read") as caught:
            read_config(path)
        assert str(path) in str(caught.value)


def test_no_file_means_defaults(tmp_path: Path) -> None:
    """And a file wins over them."""
    assert read_config(None)[1].port == 8080
    path = tmp_path / "config.ini"
    path.write_text("[api]\nport = 9000\n", encoding="utf-8")
    assert read_config(path)[1].port == 9000


def test_a_wrong_file_ends_the_command_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is started and no folder is made."""
    path = tmp_path / "config.ini"
    path.write_text("[ingest]\nBoundingBox = 7\n", encoding="utf-8")
    assert main(["up", "--config", str(path), "--data-dir", str(tmp_path / "data")]) == 2
    assert "[ingest] BoundingBox = '7'" in capsys.readouterr().err
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("words", [["nonsense"], [], ["up", "--nonsense"], ["up", "--port", "x"]])
def test_what_it_does_not_know(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, with the usage."""
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2
    assert "usage: zool" in capsys.readouterr().err


@pytest.mark.parametrize("name", [*COMMANDS, *PASSED_ON])
def test_help_of_every_command(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each says how it is used, and ends with 0."""
    pytest.importorskip(COMMANDS.get(name, PASSED_ON.get(name)).module)  # type: ignore[union-attr]
    with pytest.raises(SystemExit) as caught:
        main([name, "--help"])
    assert caught.value.code == 0
    assert "usage:" in capsys.readouterr().out


def test_help_and_version_of_the_whole(capsys: pytest.CaptureFixture[str]) -> None:
    """The list of commands is complete."""
    for words in (["--help"], ["--version"]):
        with pytest.raises(SystemExit) as caught:
            main(words)
        assert caught.value.code == 0
    said = capsys.readouterr().out
    assert all(name in said for name in (*COMMANDS, *PASSED_ON))


def test_defaults_of_up() -> None:
    """Host and port come from config.ini unless they are said."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    args = parser.parse_args([])
    assert (args.config, args.host, args.port, args.data_dir) == (None, None, None, Path("var/zool"))


def test_ports_are_kept_where_they_are_free(tmp_path: Path) -> None:
    """A second start has the same ports, but for one that somebody else took meanwhile."""
    kept = tmp_path / "ports.json"
    first = machine.choose_ports("127.0.0.1", 0, kept=kept)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", first.clickhouse))
        taken.listen()
        second = machine.choose_ports("127.0.0.1", 0, kept=kept)
    assert (second.nats, second.triton_metrics, second.faces) == (first.nats, first.triton_metrics, first.faces)
    assert second.clickhouse != first.clickhouse
    assert machine.choose_ports("127.0.0.1", 0, kept=kept) == second
    assert machine.choose_ports("127.0.0.1", 0).nats > 0


def test_token_and_passwords_are_private_and_kept(tmp_path: Path) -> None:
    """0600, made once, the same at the next start; a missing password is added, the others stay."""
    token = machine.admin_token(tmp_path / "admin.token")
    kept = machine.passwords(tmp_path)
    assert len(set(kept.values())) == len(kept) == 9
    assert len(token) >= 32
    for path in (tmp_path / "admin.token", tmp_path / "passwords.json"):
        assert path.stat().st_mode & 0o777 == 0o600
    assert machine.admin_token(tmp_path / "admin.token") == token
    assert machine.passwords(tmp_path) == kept
    fewer = {name: secret for name, secret in kept.items() if name != "store"}
    (tmp_path / "passwords.json").write_text(json.dumps(fewer))
    assert {k: v for k, v in machine.passwords(tmp_path).items() if k != "store"} == fewer


def test_a_data_folder_has_one_owner(tmp_path: Path) -> None:
    """The second one is told who holds it; a folder that can't be made is named."""
    held = machine.open_data_dir(tmp_path / "data")
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
    with pytest.raises(AlreadyRunning, match=r"already runs on .*data \(process \d+\)"):
        machine.open_data_dir(tmp_path / "data")
    os.close(held)
    os.close(machine.open_data_dir(tmp_path / "data"))
    (tmp_path / "file").write_text("")
    with pytest.raises(DataDirUnusable, match="--data-dir"):
        machine.open_data_dir(tmp_path / "file" / "data")


def test_ports_are_free_and_different() -> None:
    """0 takes any; a taken one is refused by number."""
    ports = machine.choose_ports("127.0.0.1", 0, ("127.0.0.1", 0))
    assert ports.acs
    assert machine.choose_ports("127.0.0.1", 0).acs is None
    numbers = [
        ports.acs,
        ports.nats,
        ports.triton_grpc,
        ports.triton_http,
        ports.triton_metrics,
        ports.clickhouse,
        ports.api,
    ]
    numbers += ports.faces.values()
    assert len(set(numbers)) == 13
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        with pytest.raises(PortTaken, match=f"port {number} .*--port"):
            machine.choose_ports("127.0.0.1", number)
        with pytest.raises(PortTaken, match=f"port {number} .*--acs-port"):
            machine.choose_ports("127.0.0.1", 0, ("127.0.0.1", number))


def test_a_failed_component_shows_its_last_lines(tmp_path: Path) -> None:
    """Name, reason, log and what it said last."""
    error = ComponentFailed("triton", "it keeps dying", tmp_path / "triton.log", ["one", "two"])
    assert error.exit_code == 1
    assert str(error).endswith("triton.log):\n    one\n    two")
