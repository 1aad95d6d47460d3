"""Each container's command starts on this machine, without Kubernetes, with the environment of its manifest."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import nats
import nats.errors
import pytest

from tests.support import helm
from tests.support.chart import SECRETS, STAGES, migration, pods, rendered
from tests.support.node import Node, Running

EXTERNAL = {
    "nats.messaging.svc:4222": "zool-nats:4222",
    "clickhouse.analytics.svc:8123": "zool-clickhouse:8123",
    "triton.inference.svc:8001": "zool-triton:8001",
}
"""The addresses of values-external.yaml, and the servers of the chart that play them here."""


class Servers:
    """The chart's own servers, running."""

    def __init__(self, node: Node, running: dict[str, Running]) -> None:
        self.node, self.running = node, running
        self.addresses = node.addresses | {ext: node.addresses[ours] for ext, ours in EXTERNAL.items()}


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """NATS, Triton and ClickHouse as values-cpu.yaml has them."""
    found = rendered("cpu")
    node = Node(tmp_path_factory.mktemp("servers"), found)
    with contextlib.ExitStack() as stack:
        running = {
            name: stack.enter_context(node.running(pods(found)[name])) for name in ("nats", "clickhouse", "triton")
        }
        for each in running.values():
            each.wait_ready()
        yield Servers(node, running)


@pytest.mark.timeout(300)
def test_servers_turn_ready_and_answer_every_probe(servers: Servers) -> None:
    """Startup, liveness and readiness of each."""
    for each in servers.running.values():
        assert [each.status(probe) for probe in ("startupProbe", "livenessProbe", "readinessProbe")] == [200] * 3


async def test_the_broker_takes_the_accounts_of_the_secret_and_nobody_else(servers: Servers) -> None:
    """A password that begins with digits is a password; without one nobody comes in."""
    url = f"nats://127.0.0.1:{servers.addresses['zool-nats:4222']}"
    for name, password in SECRETS["zool-nats"].items():
        client = await nats.connect(url, user=name, password=password, allow_reconnect=False)
        await client.close()
    for options in ({}, {"user": "store", "password": "wrong"}):
        with pytest.raises((nats.errors.Error, OSError)):
            await nats.connect(url, allow_reconnect=False, **options)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", ["cpu", "external", "full"])
def test_every_stage_turns_ready_and_stops_when_told(name: str, servers: Servers, tmp_path: Path) -> None:
    """All six at once over the servers; none says a word about a setting; SIGTERM ends each with code 0."""
    found = rendered(name)
    node = Node(tmp_path, found, servers.addresses)
    with contextlib.ExitStack() as stack:
        running = {stage: stack.enter_context(node.running(pods(found)[stage])) for stage in STAGES}
        for each in running.values():
            each.wait_ready()
            assert each.status("livenessProbe") == 200
        assert {stage: each.stop() for stage, each in running.items()} == dict.fromkeys(STAGES, 0)
        said = "".join(each.log for each in running.values())
        assert not [secret for held in SECRETS.values() for secret in held.values() if secret in said]


def test_a_stage_without_its_broker_lives_but_is_not_ready(tmp_path: Path) -> None:
    """So the kubelet keeps it waiting instead of starting it again: liveness 200, readiness 503."""
    found = rendered("cpu")
    nobody = {"zool-nats:4222": 1, "zool-clickhouse:8123": 1, "zool-triton:8001": 1}
    with Node(tmp_path, found, nobody).running(pods(found)["api"]) as api:
        while api.status("livenessProbe") != 200:
            assert api.process.poll() is None, api.log
        assert api.status("readinessProbe") == 503


def test_the_migration_makes_every_table_and_finds_nothing_to_do_after_it(servers: Servers, tmp_path: Path) -> None:
    """The Job's command with its environment alone; where the store is away it says so and fails, to be tried again."""
    found = helm.render({"clickhouse": {"database": "migrated"}, "config": {"store": {"photos_days": 90}}})
    for folder in ("first", "again"):
        done = Node(tmp_path / folder, found, servers.addresses).once(migration(found))
        assert done.returncode == 0, done.stderr
        assert "applied" in done.stdout
        assert "missing" not in done.stdout
    away = Node(tmp_path / "away", found, {"zool-clickhouse:8123": 1}).once(migration(found))
    assert away.returncode == 2
    assert "[clickhouse] host" in away.stderr


def test_the_init_containers_of_a_card_build_its_repository(tmp_path: Path) -> None:
    """The first writes what the server is told to serve; the second refuses where there is no card, with what to do."""
    found = rendered("gpu")
    pod = pods(found)["triton"]
    node = Node(tmp_path, found)
    node.given["work"] = tmp_path / "work"
    node.given["work"].mkdir()
    build, plan = pod.spec["initContainers"]
    done = node.once(pod, build)
    assert done.returncode == 0, done.stderr
    built = {path.parent.name for path in (tmp_path / "work" / "triton").glob("*/config.pbtxt")}
    assert {"detector", "plate_reader"} <= built
    refused = node.once(pod, plan)
    assert (refused.returncode, "GPU" in refused.stderr) == (2, True)


@pytest.mark.timeout(300)
def test_triton_of_the_gpu_set_starts_with_its_options(servers: Servers, tmp_path: Path) -> None:
    """The official server's options, given to the server of the wheel on the CPU repository: ready, and stopped."""
    found = rendered("gpu")
    pod = pods(found)["triton"]
    built = servers.node.folder / "triton" / "volumes" / "work" / "triton"
    node = Node(tmp_path, found)
    shutil.copytree(built, tmp_path / "built" / "triton")
    node.given["work"] = tmp_path / "built"
    with node.running(pod) as triton:
        triton.wait_ready()
        assert triton.status("livenessProbe") == 200
        assert triton.stop() == 0
