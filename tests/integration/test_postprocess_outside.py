"""A function from another package, as FUNCTIONS.md shows it: found, listed, switched on, and its event told."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import msgspec

from ingest.bus import Bus
from ingest.contract import BUCKETS, STREAMS, Camera, FrameReport, IngestPlan
from postprocess.contract import CameraFunction, Event
from tests.support.nats import running_nats
from tests.support.postprocess import ROOT, Killable, published_events, send, until
from tests.support.vehicles import CAMERA, at
from tests.support.zones import film, walk

DOCUMENT = ROOT / "postprocess" / "FUNCTIONS.md"
LINES_MAX = 100
LISTED = """
import json, sys
from api.contract import FunctionIn
from api.errors import InvalidBody
from api.functions import module_view, read_function
from postprocess.functions.registry import load
import msgspec
functions = load()
accepted = read_function(functions, "cam-1", "running", FunctionIn(enabled=True, settings={"speed": 0.2}))
try:
    read_function(functions, "cam-1", "running", FunctionIn(enabled=True, settings={"sped": 0.2}))
except InvalidBody:
    refused = True
json.dump(msgspec.to_builtins([module_view(functions["running"]), accepted.settings, refused]), sys.stdout)
"""


def block(language: str) -> str:
    """The document's code in a language."""
    found = re.findall(rf"```{language}\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    assert len(found) == 1
    return str(found[0])


def installed(folder: Path) -> dict[str, str]:
    """Put the package there as pip would; the environment in which it is found."""
    (folder / "zool_running.py").write_text(block("python"), encoding="utf-8")
    entry = re.search(r'^running = "(.+)"$', block("toml"), re.MULTILINE)
    assert entry is not None
    about = folder / "zool_running-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: zool-running\nVersion: 1.0\n", encoding="utf-8")
    (about / "entry_points.txt").write_text(f"[zool.functions]\nrunning = {entry[1]}\n", encoding="utf-8")
    return {"PYTHONPATH": os.pathsep.join((str(folder), str(ROOT)))}


def test_the_api_lists_it_and_reads_its_settings(tmp_path: Path) -> None:
    """Titles, kinds and the schema of its settings; what is misspelt is refused. It is short."""
    assert len(block("python").splitlines()) < LINES_MAX
    done = subprocess.run(
        [sys.executable, "-c", LISTED],
        env=os.environ | installed(tmp_path), cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    module, accepted, refused = json.loads(done.stdout)
    assert (module["name"], module["title"]["ru"]) == ("running", "Бег")
    assert [kind["name"] for kind in module["kinds"]] == ["running"]
    assert module["defaults"] == {"zones": [], "speed": 0.3}
    assert "picture heights per second" in json.dumps(module["settings"])
    assert (accepted, refused) == ({"speed": 0.2}, True)


async def test_decide_runs_it(tmp_path: Path) -> None:
    """The real program with the package beside it: its needs are in the plan, its event at the broker."""
    package, broker = tmp_path / "package", tmp_path / "broker"
    package.mkdir()
    broker.mkdir()
    ways = {"1-1": walk((0, 0.1, 0.6), (8, 0.3, 0.6)), "1-2": walk((0, 0.2, 0.8), (4, 0.95, 0.8))}
    async with running_nats(broker) as nats, Bus.open(nats.settings, name="test") as bus:
        await bus.ensure_streams(*STREAMS)
        await bus.ensure_buckets(*BUCKETS)
        await bus.bucket("cameras").put(CAMERA, msgspec.json.encode(Camera(id=CAMERA, name="Hall", url="rtsp://c/1")))
        written = CameraFunction(camera=CAMERA, name="running", settings={"speed": 0.2})
        await bus.bucket("functions").put(f"{CAMERA}.running", msgspec.json.encode(written))
        decide = Killable("decide", nats.settings, environ=installed(package))
        decide.start()
        try:

            async def planned() -> bool:
                entry = await bus.bucket("plans").get(CAMERA)
                plan = None if entry is None or not entry.value else msgspec.json.decode(entry.value, type=IngestPlan)
                return plan is not None and "person" in plan.class_floor

            await until(planned, "its needs in the plan", deadline_s=90)
            base_us = int(time.time() * 1e6)
            for message in film(8, ways):
                assert isinstance(message, FrameReport)
                await send(bus, at(message, base_us))

            async def told() -> bool:
                return bool(await published_events(bus))

            await until(told, "its event", deadline_s=90)
            events: list[Event] = await published_events(bus)
            assert [(e.kind, e.function, e.track, e.severity) for e in events] == [
                ("running", "running", "1-2", "warning")
            ]
            assert events[0].settings_revision > 0
            assert events[0].models
        finally:
            decide.kill()
