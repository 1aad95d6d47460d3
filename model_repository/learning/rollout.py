"""From a candidate to the live version, and back: gate, shadow, switch, watch. Edge (processes, gRPC, files, clock).

Every step that says no leaves the live version as it is; every word is in the task's history.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
from tritonclient.utils import InferenceServerException

from model_repository import registry, store
from model_repository.card import Weights
from model_repository.contract import DETECTOR
from model_repository.evaluation import datasets
from model_repository.evaluation.server import model_card
from model_repository.learning import beside, candidate, folder, gate, history, shadow, watch
from model_repository.learning.contract import DATASET_FILE, Action
from model_repository.learning.control import Control, Staged
from model_repository.learning.difference import Tally, drifted
from model_repository.learning.errors import ControlRefused, GateRefused
from model_repository.learning.gate import Bounds, Side, Verdict
from model_repository.learning.shadow import Frame
from model_repository.learning.watch import Counts, Limits
from model_repository.registry import Ensemble

TASK = DETECTOR


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How a version goes live."""

    data_directory: Path
    looks: int = 60
    """Of the shadow run."""
    expected: float = 1.0
    """`Verdict.expected` of the gate."""
    watch_s: float = 300.0
    every_s: float = 1.0
    pause_s: float = shadow.PAUSE_S
    limits: Limits = Limits()
    tell: Callable[[str], None] = print


def reports(data_directory: Path, name: str) -> Path:
    """Where the reports of a version lie."""
    return data_directory / "models" / "reports" / name


def admit(weights: Weights, data: Path, data_directory: Path, bounds: Bounds) -> Verdict:
    """Put a candidate before the gate and keep the verdict. Raises GateRefused, DataUnusable, ServerFailed."""
    test = data / "test" if (data / DATASET_FILE).exists() else data
    examples = folder.read(data, "test") if test != data else []
    live = store.deployed(TASK, data_directory)
    if live.card.sha256 == weights.card.sha256:
        raise GateRefused(weights.card.name, ("it is the live version",))
    records = [record for each in (weights, live) if (record := candidate.record(each))]
    leaks = gate.leaked(examples, records)
    labelled = datasets.boxes(test)
    unfit = gate.unfit(len(labelled), sum(len(each.boxes) for each in labelled), leaks, bounds)
    if unfit:
        sides = Side(model=live.card.ref), Side(model=weights.card.ref)
        verdict = Verdict(
            name=weights.card.name, passed=False, reasons=unfit, live=sides[0], candidate=sides[1],
            pictures=len(labelled),
        )  # fmt: skip
    else:
        seen = beside.measure(weights, labelled, data_directory)
        verdict = gate.judge(seen.pictures, live.card.labels, (seen.live, seen.candidate), bounds)
    notes = () if candidate.record(weights) else ("what it was trained on is not known: leaks can't be told",)
    dataset = folder.read_card(data).id if test != data else ""
    verdict = msgspec.structs.replace(verdict, notes=notes, dataset=dataset)
    path = reports(data_directory, weights.card.name) / "gate.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(verdict), indent=1) + b"\n")
    if not verdict.passed:
        _note(data_directory, "refused", weights, live.card.name, reasons=verdict.reasons, report=path)
        raise GateRefused(weights.card.name, verdict.reasons)
    return verdict


def kept(weights: Weights, data_directory: Path) -> Weights:
    """A version of its own in the data directory, never changed afterwards; not live yet. Raises NameTaken."""
    if weights.card.starter and weights.path.parent == store.STARTERS:
        return weights
    if weights.path.is_relative_to(data_directory / "models" / TASK):
        return weights
    return store.add(weights.path, weights.card, data_directory, live=False)


def go_live(control: Control, weights: Weights, frames: Iterator[Frame], plan: Plan) -> str:
    """Shadow, switch, watch; returns why it went back, '' where it stays. Raises GateRefused, ControlRefused."""
    ensemble, before = _ensemble(), store.deployed(TASK, plan.data_directory).card.name
    staged = control.stage(ensemble, weights)
    begun = watch.read_counts(control.metrics, ensemble.name)
    _shadowed(control, (ensemble, staged), weights, frames, plan)
    usual = watch.read_counts(control.metrics, ensemble.name).since(begun)
    asked = time.perf_counter()
    previous = control.switch(ensemble, staged)
    took_ms = (time.perf_counter() - asked) * 1000
    store.use(TASK, weights.card.name, plan.data_directory)
    _note(plan.data_directory, "deployed", weights, before)
    plan.tell(f"{weights.card.name} is live, in {took_ms:.0f} ms; {before} stays loaded for {plan.watch_s:.0f} s")
    try:
        try:
            reason = _watched(control, ensemble, previous, usual=usual, frames=frames, plan=plan)
        except (ControlRefused, InferenceServerException) as error:
            reason = f"it can't be watched: {error}"
        if reason:
            control.switch(ensemble, previous)
            store.use(TASK, before, plan.data_directory)
            _note(plan.data_directory, "rolled_back", store.deployed(TASK, plan.data_directory),
                  weights.card.name, reasons=(reason,))  # fmt: skip
    finally:
        back = store.deployed(TASK, plan.data_directory).card.name == before
        gone, stays = (staged, previous) if back else (previous, staged)
        control.unload((stays.trial,))
        control.retire(gone)
    return reason


def roll_back(data_directory: Path, control: Control | None, tell: Callable[[str], None] = print) -> str:
    """Make the version before the live one again; returns its name. Raises NothingToRollBack, ControlRefused."""
    live = store.deployed(TASK, data_directory).card.name
    name = history.before(TASK, data_directory)
    weights = candidate.find(TASK, name, data_directory)
    ensemble = _ensemble()
    if control is not None:
        staged = control.stage(ensemble, weights)
        previous = control.switch(ensemble, staged)
    store.use(TASK, name, data_directory)
    _note(data_directory, "rolled_back", weights, live, reasons=("by hand",))
    tell(f"{name} is live again" if control is not None else f"{name} is served from the next start of Triton on")
    if control is not None:
        control.retire(previous)
        control.unload((staged.trial,))
    return name


def _shadowed(
    control: Control, tried: tuple[Ensemble, Staged], weights: Weights, frames: Iterator[Frame], plan: Plan
) -> None:
    """The shadow run; a version that does not see what the live one sees is unloaded and refused."""
    ensemble, staged = tried
    where = reports(plan.data_directory, weights.card.name) / "shadow"
    names = (ensemble.name, staged.trial)
    try:
        report = shadow.run(control.client, names, frames, where, looks_max=plan.looks, pause_s=plan.pause_s)
    except BaseException:
        control.discard(staged)
        raise
    plan.tell(f"shadow: {report.tally.looks} looks, {report.tally.new} new, {report.tally.gone} gone, "
              f"{report.tally.changed} changed: {where / 'report.html'}")  # fmt: skip
    if reason := drifted(report.tally, plan.expected):
        control.discard(staged)
        live = store.deployed(TASK, plan.data_directory).card.name
        _note(plan.data_directory, "refused", weights, live, reasons=(reason,), report=where / "report.json")
        raise GateRefused(weights.card.name, (f"in the shadow: {reason}",))


def _watched(
    control: Control, ensemble: Ensemble, previous: Staged, *, usual: Counts, frames: Iterator[Frame], plan: Plan
) -> str:
    """Why the version has to go back, as soon as there is a reason; '' after the whole period."""
    control.keep_asking(ensemble, previous)
    names = (previous.trial, ensemble.name)
    cards = (model_card(control.client, names[0]), model_card(control.client, names[1]))
    begun, tally = watch.read_counts(control.metrics, ensemble.name), Tally()
    end = time.monotonic() + plan.watch_s
    while time.monotonic() < end:
        frame = next(frames, None)
        look = shadow.look_at(control.client, names, cards, frame) if frame is not None else None
        if look is not None:
            tally = tally.plus(look)
        now = watch.read_counts(control.metrics, ensemble.name).since(begun)
        if reason := watch.fault(usual, now, plan.limits, tally, plan.expected):
            return reason
        time.sleep(plan.every_s)
    return ""


def _ensemble() -> Ensemble:
    found = registry.ensemble(TASK)
    assert found is not None  # noqa: S101 - it is in the table
    return found


def _note(
    data_directory: Path, action: Action, weights: Weights, before: str, *,
    reasons: tuple[str, ...] = (), report: Path | None = None,
) -> None:  # fmt: skip
    made = weights.card
    history.add(
        TASK, data_directory, action, name=made.name, version=made.version, sha256=made.sha256, before=before,
        reasons=reasons, report=str(report or ""),
    )  # fmt: skip
