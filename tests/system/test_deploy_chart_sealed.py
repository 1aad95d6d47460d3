"""Containers with the read-only root of their manifests: a mount namespace where only volumes can be written."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.chart import STAGES, pods, rendered
from tests.support.helm import ROOT
from tests.support.node import Node, sealed

pytestmark = pytest.mark.system


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not under /tmp, which is a volume of each pod."""
    if ROOT.is_relative_to("/tmp"):  # noqa: S108 - the path that manifests name
        pytest.skip("this checkout lies under /tmp, which each pod replaces by a volume of its own")
    (ROOT / ".work").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ROOT / ".work") as made:
        yield Path(made)


def test_a_sealed_command_can_write_into_volumes_alone(folder: Path) -> None:
    """The namespace does what the test below stands on."""
    for name in ("volume", "beside", "temporary"):
        (folder / name).mkdir()
    script = f"touch {folder}/volume/a /tmp/b && ! touch {folder}/beside/c"
    subprocess.run(sealed(["sh", "-c", script], [folder / "volume"], folder / "temporary"), check=True)
    assert {path.relative_to(folder).as_posix() for path in folder.glob("*/*")} == {"volume/a", "temporary/b"}


@pytest.mark.timeout(400)
def test_everything_turns_ready_on_a_read_only_root(folder: Path) -> None:
    """Servers and stages of the CPU set write nothing beside the volumes that their manifests give them."""
    found = rendered("cpu")
    node = Node(folder, found, sealed=True)
    with contextlib.ExitStack() as stack:
        for names in (("nats", "clickhouse", "triton"), STAGES):
            running = [stack.enter_context(node.running(pods(found)[name])) for name in names]
            for each in running:
                each.wait_ready()
