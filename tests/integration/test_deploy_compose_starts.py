"""Each service of deploy/compose.yaml starts here without containers: command, environment, files of secrets."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from tests.support.chart import STAGES, rendered
from tests.support.compose import COMPOSE, PORTS, SERVERS, parsed, pod, secret_values, services, target
from tests.support.node import Node


def _node(folder: Path, name: str, node: Node) -> None:
    """The folders of a service: its secrets as files, its files from beside compose.yaml, the rest empty."""
    node.given.clear()
    node.given["secrets"] = folder / f"{name}-secrets"
    node.given["secrets"].mkdir()
    for secret in services()[name].get("secrets", []):
        (node.given["secrets"] / secret).write_text(secret_values()[secret] + "\n", encoding="utf-8")
    for number, volume in enumerate(services()[name].get("volumes", [])):
        source = COMPOSE.parent / volume.split(":")[0]
        if source.is_file():
            copy = folder / f"{name}-{number}" / Path(target(volume)).name
            copy.parent.mkdir()
            copy.write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
            node.given[f"v{number}"] = copy


@pytest.mark.timeout(400)
def test_everything_of_the_cpu_profile_turns_ready_and_stops_when_told(tmp_path: Path) -> None:
    """Servers by their names in compose, then the stages; health checks are answered with 200, SIGTERM ends each."""
    node = Node(tmp_path, rendered("external"))
    with contextlib.ExitStack() as stack:
        for name in SERVERS:
            _node(tmp_path, name, node)
            server = stack.enter_context(node.running(pod(name)))
            for port in PORTS[name].values():
                node.addresses[f"{name.removesuffix('-cpu')}:{port}"] = server.ports[port]
            server.wait_ready()
        running = {}
        for name in STAGES:
            _node(tmp_path, name, node)
            running[name] = stack.enter_context(node.running(pod(name)))
        for each in running.values():
            each.wait_ready()
        assert {name: each.stop() for name, each in running.items()} == dict.fromkeys(STAGES, 0)
        said = "".join(each.log for each in running.values())
        assert not [value for value in secret_values().values() if value in said]
    assert set(secret_values()) == set(parsed()["secrets"])
