"""What happened to the weights of a task, as lines that are only ever added. Edge (files, clock).

    <data-dir>/models/<task>/history.jsonl

It says what was live before, and so what there is to go back to. Old versions are cleaned by rule: the newest `keep`
that were live stay, so do the live one, the one before it, and every set that no job made.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from pathlib import Path

import msgspec

from model_repository import store
from model_repository.learning import candidate
from model_repository.learning.contract import Action, Entry
from model_repository.learning.errors import NothingToRollBack

KEEP = 5


def path_of(task: str, data_directory: Path) -> Path:
    """Where the history of a task lies."""
    return data_directory / "models" / task / "history.jsonl"


def read(task: str, data_directory: Path) -> list[Entry]:
    """All entries, the oldest first."""
    path = path_of(task, data_directory)
    lines = path.read_bytes().splitlines() if path.exists() else []
    return [msgspec.json.decode(line, type=Entry) for line in lines if line]


def add(task: str, data_directory: Path, action: Action, **fields: object) -> Entry:
    """Write one more line; `fields` are those of `Entry`."""
    at = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    entry = msgspec.convert({"at": at, "action": action, **fields}, Entry)
    path = path_of(task, data_directory)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(msgspec.json.encode(entry) + b"\n")
    return entry


def before(task: str, data_directory: Path) -> str:
    """The name of the set that was live before the live one. Raises NothingToRollBack."""
    live = store.deployed(task, data_directory).card.name
    for entry in reversed(read(task, data_directory)):
        if entry.action in {"deployed", "rolled_back"} and entry.name == live and entry.before != live:
            return entry.before
    raise NothingToRollBack(task)


def clean(task: str, data_directory: Path, keep: int = KEEP) -> list[str]:
    """Remove old versions that jobs made; returns their names."""
    entries = read(task, data_directory)
    lived = list(dict.fromkeys(each.name for each in reversed(entries) if each.action in {"deployed", "rolled_back"}))
    stay = {store.deployed(task, data_directory).card.name, *lived[:keep]}
    with contextlib.suppress(NothingToRollBack):
        stay.add(before(task, data_directory))
    gone = [
        weights.card.name
        for weights, used in store.known(task, data_directory)
        if not used and weights.card.name not in stay and not weights.card.starter and candidate.record(weights)
    ]
    for name in gone:
        store.remove(task, name, data_directory)
        add(task, data_directory, "removed", name=name)
    return gone
