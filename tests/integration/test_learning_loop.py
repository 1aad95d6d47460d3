"""From examples to a live better version, and back: gate, shadow, switch under load, watch, roll-back. Real Triton."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import msgspec
import numpy as np
import onnx
import pytest
from tritonclient import grpc as client

from ingest.settings import TritonSettings
from ingest.triton import TritonDetector
from model_repository import card, registry, store, triton
from model_repository.__main__ import main
from model_repository.card import Weights
from model_repository.contract import DETECTOR, FRAME
from model_repository.evaluation import datasets
from model_repository.evaluation.server import TritonServer, infer, model_card
from model_repository.learning import beside, candidate, gate, history, rollout, watch
from model_repository.learning.contract import TrainingRecord
from model_repository.learning.control import Control
from model_repository.learning.errors import ControlRefused, GateRefused, NothingToRollBack
from model_repository.learning.gate import Bounds, Verdict
from model_repository.learning.shadow import Frame, Report
from model_repository.learning.watch import Counts, Limits
from tests.support.learning import CLIPS, dataset, frames, spoilt, surgeon

pytestmark = pytest.mark.timeout(600)

LIVE = "site-detector"
BOUNDS = Bounds(latency_ms_slack=40.0)
"""The gate itself with its latency left to its own test: this machine is shared."""


class World:
    """A data directory with a spoilt detector in use, a Triton that serves it, a data set and what was learnt of it."""

    def __init__(self, folder: Path) -> None:
        self.data, self.set = folder / "data", folder / "set"
        dataset(self.set)
        self.weights = spoilt(folder / "spoilt", name=LIVE, amount=0.8)
        store.add(self.weights.path, self.weights.card, self.data)
        self.server = TritonServer(folder, self.data, (DETECTOR,))
        words = ["--task", "detector", "--data", str(self.set), "--data-dir", str(self.data), "--nice", "0"]
        assert main(["train", *words, "--name", "better"]) == 0
        self.better = candidate.find("detector", "better", self.data)

    def control(self) -> Control:
        """Of its Triton."""
        return Control(self.data, file=triton.control_file(self.server.folder / "models"))

    def plan(self, **fields: object) -> rollout.Plan:
        """Short spans: what is waited for is counted in looks."""
        told = {"data_directory": self.data, "looks": 8, "watch_s": 2.0, "every_s": 0.2, "pause_s": 0.0}
        return rollout.Plan(**(told | fields))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One for all tests of this file, in their order."""
    made = World(tmp_path_factory.mktemp("learning-loop"))
    made.server.start()
    try:
        yield made
    finally:
        made.server.stop()


def live_frames() -> Iterator[Frame]:
    """Pictures of the demo site's cameras, in turns, for ever."""
    kept = [Frame(clip, "2026-03-09T12:00:00Z", each) for clip in CLIPS for each in frames(clip, 4, step=45)]
    return itertools.cycle(kept)


class Load:
    """Clients that ask the live detector without a pause and count what comes back."""

    def __init__(self, url: str, count: int = 2) -> None:
        self._url, self._stop = url, threading.Event()
        self.answers: Counter[str] = Counter()
        self.failures: list[str] = []
        self._threads = [threading.Thread(target=self._ask) for _ in range(count)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        picture = np.zeros((1, 576, 640), np.uint8)
        with client.InferenceServerClient(self._url) as triton_client:
            while not self._stop.is_set():
                given = client.InferInput(FRAME, list(picture.shape), "UINT8")
                given.set_data_from_numpy(picture)
                try:
                    answer = triton_client.infer(DETECTOR, [given], client_timeout=60)
                except Exception as error:  # noqa: BLE001 - whatever it is, it is a failed request
                    self.failures.append(str(error))
                else:
                    self.answers[answer.get_response().model_version] += 1


def test_a_better_version_goes_live_under_load_without_a_failed_request(world: World) -> None:
    """Gate, shadow with its report, switch, watch: every answer is of the old version or of the new one."""
    verdict = rollout.admit(world.better, world.set, world.data, BOUNDS)
    assert verdict.passed
    assert verdict.figures[0].difference > 0
    with world.control() as control, Load(control.url) as load:
        old = model_card(control.client).ref
        weights = rollout.kept(world.better, world.data)
        assert rollout.go_live(control, weights, live_frames(), world.plan(expected=verdict.expected)) == ""
        now = model_card(control.client).ref
    assert load.failures == []
    assert len(load.answers) == 2
    assert (old.name, now.name) == (LIVE, "better")
    assert now.sha256 == world.better.card.sha256
    assert store.deployed("detector", world.data).card.name == "better"
    report = rollout.reports(world.data, "better") / "shadow"
    told = msgspec.json.decode((report / "report.json").read_bytes(), type=Report)
    assert told.tally.looks == 8
    assert told.shown
    assert all((report / each.file).stat().st_size > 1000 for each in told.shown)
    assert "<figure>" in (report / "report.html").read_text()
    assert [entry.action for entry in history.read("detector", world.data)] == ["deployed"]


def test_the_version_before_is_unloaded_and_a_restart_serves_the_new_one(world: World) -> None:
    """Only the live ensemble and its steps are left; a Triton that starts again builds from what is live."""
    with world.control() as control:
        ready = control.ready()
        assert ready == {DETECTOR, *(f"{DETECTOR}__{world.better.card.sha256[:8]}_{s}" for s in ("network", "boxes"))}
    world.server.kill()
    world.server.start()
    with world.control() as control:
        assert model_card(control.client).name == "better"
        assert control.ready() == {DETECTOR, f"{DETECTOR}_network", f"{DETECTOR}_boxes"}


def test_a_rollback_by_hand_brings_the_version_before(world: World) -> None:
    """Under load, without a failed request; a second one goes forth again."""
    with world.control() as control, Load(control.url) as load:
        assert rollout.roll_back(world.data, control, tell=lambda _: None) == LIVE
        assert model_card(control.client).name == LIVE
    assert load.failures == []
    assert store.deployed("detector", world.data).card.name == LIVE
    assert history.read("detector", world.data)[-1].action == "rolled_back"


def test_a_version_that_misbehaves_goes_back_by_itself(world: World) -> None:
    """A limit that nothing can keep stands for trouble: the reason is in the history, the version before answers."""
    limits = Limits(requests_min=1, latency_ratio_max=0.0, latency_ms_slack=0.0)
    with world.control() as control, Load(control.url) as load:
        reason = rollout.go_live(
            control, candidate.find("detector", "better", world.data), live_frames(),
            world.plan(watch_s=60.0, limits=limits, expected=0.5),
        )  # fmt: skip
        assert reason.startswith("latency")
        assert model_card(control.client).name == LIVE
        assert all(name.startswith(DETECTOR) and "__before" not in name for name in control.ready())
        assert infer(control.client, DETECTOR, **{FRAME: np.zeros((1, 576, 640), np.uint8)})
    assert load.failures == []
    assert history.read("detector", world.data)[-1].reasons == (reason,)


def test_a_version_that_can_not_be_watched_goes_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Triton's counters are away from the switch on: nobody would see trouble, so the version before answers."""
    asked, really = itertools.count(), watch.read_counts

    def away(url: str, ensemble: str) -> Counts:
        if next(asked) >= 2:  # at the beginning, and behind the shadow run
            raise ControlRefused("reading its metrics", "timed out")
        return really(url, ensemble)

    monkeypatch.setattr(watch, "read_counts", away)
    with world.control() as control:
        weights = candidate.find("detector", "better", world.data)
        reason = rollout.go_live(control, weights, live_frames(), world.plan(expected=0.5))
        assert reason.startswith("it can't be watched")
        assert model_card(control.client).name == LIVE
    assert store.deployed("detector", world.data).card.name == LIVE


def _variant(world: World, name: str, amount: float, *, record: TrainingRecord | None = None) -> Weights:
    folder = world.data / "made" / name
    made = spoilt(folder, name=name, amount=amount, seed=1)
    if record is not None:
        (folder / "training.json").write_bytes(msgspec.json.encode(record))
    return made


def _slow(world: World) -> Weights:
    """The starter with a large convolution in front that changes nothing that matters: as good, and slow."""
    folder = world.data / "made" / "slow"
    folder.mkdir(parents=True)
    network = onnx.load(str(surgeon_path()))
    first = network.graph.input[0].name
    random = np.random.default_rng(0)
    weights = {"slow_1": random.normal(0, 1, (24, 3, 7, 7)), "slow_2": np.zeros((3, 24, 7, 7))}
    for tensor, values in weights.items():
        network.graph.initializer.append(onnx.numpy_helper.from_array(values.astype(np.float32), tensor))
    nodes = [
        onnx.helper.make_node("Conv", [first, "slow_1"], ["slow_a"], pads=[3, 3, 3, 3]),
        onnx.helper.make_node("Conv", ["slow_a", "slow_2"], ["slow_b"], pads=[3, 3, 3, 3]),
        onnx.helper.make_node("Add", [first, "slow_b"], ["slow_c"]),
    ]
    for node in network.graph.node:
        for index, name in enumerate(node.input):
            if name == first:
                node.input[index] = "slow_c"
    for node in reversed(nodes):
        network.graph.node.insert(0, node)
    onnx.save(network, str(folder / "slow.onnx"))
    card.save(msgspec.structs.replace(surgeon().card, name="slow", sha256="", starter=False), folder / "slow.json")
    return card.load(folder / "slow.onnx")


def surgeon_path() -> Path:
    """The starter's file."""
    return store.STARTERS / "starter-detector.onnx"


def _refused(world: World, weights: Weights) -> str:
    with pytest.raises(GateRefused) as told:
        rollout.admit(weights, world.set, world.data, BOUNDS)
    kept = rollout.reports(world.data, weights.card.name) / "gate.json"
    assert not msgspec.json.decode(kept.read_bytes(), type=Verdict).passed
    assert store.deployed("detector", world.data).card.name == LIVE
    return str(told.value)


def test_a_worse_and_a_leaked_version_are_refused(world: World) -> None:
    """Each with its reason; the live version is as it was."""
    assert "worse" in _refused(world, _variant(world, "worse", 2.5))
    base = world.weights.card.ref
    groups = tuple(each for each in msgspec.json.decode((world.set / "dataset.json").read_bytes())["groups"])
    leaked = _variant(world, "leaked", 0.0, record=TrainingRecord(base=base, groups=groups))
    assert "leaked: it has learnt from" in _refused(world, leaked)


def test_a_slower_version_is_refused(world: World) -> None:
    """Four pictures are enough to tell: both are asked in turns."""
    labelled = datasets.boxes(world.set / "test")[:4]
    seen = beside.measure(_slow(world), labelled, world.data, timed=8)
    verdict = gate.judge(seen.pictures, surgeon().card.labels, (seen.live, seen.candidate), Bounds())
    assert [each for each in verdict.reasons if each.startswith("slower")]


def test_too_few_examples_judge_nothing(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """By the command itself: exit code 2 and the reason."""
    words = ["deploy", "better", "--data", str(world.set), "--data-dir", str(world.data), "--gate-only"]
    assert main([*words, "--pictures-min", "1000", "--objects-min", "1000"]) == 2
    assert "too few" in capsys.readouterr().err


def test_old_versions_go_by_rule(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """The live one, the one before and imports stay; what a job made and was live long ago is removed."""
    common = ["--data-dir", str(world.data)]
    assert main(["history", *common]) == 0
    assert "rolled_back" in capsys.readouterr().out
    assert history.clean("detector", world.data, keep=5) == []
    with pytest.raises(NothingToRollBack):
        history.before("plate_ocr", world.data)


async def test_ingest_names_the_version_that_answered(world: World) -> None:
    """The card is that of the first answer behind a switch, not of the one before."""
    read = asyncio.Event()
    settings, tensor = TritonSettings(url=world.server.url), np.zeros((576, 640), np.uint8)
    async with TritonDetector(settings, deadline_s=30.0, changed=lambda *_: read.set()) as detector:
        await read.wait()
        names = []
        ensemble = registry.ensemble(DETECTOR)
        assert ensemble is not None
        with world.control() as control:
            await detector.infer(tensor)
            names.append(detector.card and detector.card.name)
            staged = await asyncio.to_thread(control.stage, ensemble, world.better)
            before = await asyncio.to_thread(control.switch, ensemble, staged)
            await detector.infer(tensor)
            names.append(detector.card and detector.card.name)
            await asyncio.to_thread(control.switch, ensemble, before)
            await asyncio.to_thread(control.discard, staged)
    assert names == [LIVE, "better"]
