"""`zool models export-dataset`: feedback becomes a data set. Edge (argv, HTTP, files, clock)."""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import sys
from collections import Counter
from pathlib import Path
from typing import get_args

import msgspec

from model_repository import store
from model_repository.errors import DataUnusable, WeightsMissing
from model_repository.learning import folder, pictures
from model_repository.learning.contract import SPLITS, TASK_OF, Box, DatasetCard, Example, Judged, Kind, Split
from model_repository.learning.curate import Draft, curate, provenance
from model_repository.learning.errors import NothingToLearn
from model_repository.learning.folder import Filled
from model_repository.learning.source import Source
from model_repository.learning.split import assign, group_of

SPLITS_FILE = "splits.json"
API = "http://127.0.0.1:8080"


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Declare what `export-dataset` understands, apart from --data-dir."""
    command.add_argument("folder", type=Path, metavar="DIR", help="is written anew")
    command.add_argument("--kind", choices=get_args(Kind), required=True)
    command.add_argument("--api", default=API, metavar="URL", help="of the running system (default: %(default)s)")
    command.add_argument("--token-file", type=Path, help="default: admin.token in the data directory")
    command.add_argument("--plaintext", action="store_true", help="send the token without TLS beyond this machine")
    command.add_argument("--since", default="", help="events at or after, RFC 3339")
    command.add_argument("--until", default="", help="events before, RFC 3339")
    command.add_argument("--shots", type=int, default=3, help="pictures of one event at most (default: %(default)s)")


def run(options: argparse.Namespace) -> int:
    """Ask, curate, split, write. Raises FeedbackUnreachable, NothingToLearn, DataUnusable."""
    token_file = options.token_file or options.data_dir / "admin.token"
    try:
        token = token_file.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise DataUnusable(token_file, "no token can be read there; name one with --token-file") from error
    source = Source(options.api, token, plaintext=options.plaintext)
    card = export(source, options, options.data_dir / "models" / SPLITS_FILE)
    counts = ", ".join(f"{card.counts.get(split, 0)} {split}" for split in SPLITS)
    print(f"{options.folder}: {card.kind}, {counts}, {len(card.groups)} camera-days, {card.id[:12]}")
    for why, count in sorted(card.left_out.items()):
        print(f"  left out: {why}: {count}")
    print(f"look at {options.folder}/review.html before you train", file=sys.stderr)
    return 0


def export(source: Source, options: argparse.Namespace, ledger: Path) -> DatasetCard:
    """Write the data set; `ledger` holds the splits of all camera-days so far."""
    kind: Kind = options.kind
    events = ((event, source.crops(event)) for event in source.judged(kind, options.since, options.until))
    curated = curate(kind, events, shots_max=options.shots)
    labels = _labels(kind, options.data_dir)
    left_out = Counter(curated.left_out)
    made: list[tuple[Example, bytes]] = []
    for draft in curated.drafts:
        found = _example(kind, draft, source.picture(draft.crop), labels)
        if isinstance(found, str):
            left_out[found] += 1
        else:
            made.append(found)
    if not made:
        raise NothingToLearn(str(options.folder), f"no judged event became an example for {kind} {dict(left_out)}")
    splits = _splits(made, ledger)
    card = _card(kind, [each for each, _ in made], splits, labels)
    card = msgspec.structs.replace(card, left_out=dict(left_out))
    filled = (Filled(example=each, split=splits[each.group], jpeg=jpeg) for each, jpeg in made)
    folder.write(options.folder, card, filled)
    return card


def _labels(kind: Kind, data_directory: Path) -> tuple[str, ...]:
    """Classes of the live detector: labels keep their numbers."""
    if kind != "detector":
        return ()
    try:
        return store.deployed(TASK_OF[kind], data_directory).card.labels
    except WeightsMissing:
        return ()


def _example(kind: Kind, draft: Draft, jpeg: bytes, labels: tuple[str, ...]) -> tuple[Example, bytes] | str:
    """An example with its picture, or why there is none."""
    picture = pictures.decoded(jpeg) if jpeg else None
    crop, meaning = draft.crop, draft.meaning
    if picture is None or crop.crop is None:
        return "its pictures are no longer kept"
    size = (picture.shape[1], picture.shape[0])
    judged: tuple[Judged, ...] = ()
    boxes: tuple[tuple[str, Box], ...] = ()
    if kind == "detector":
        if labels and meaning.label not in labels:
            return "names an object that the live detector has no class for"
        frame = pictures.canvas(picture, crop.crop)
        if frame is None or crop.box is None:
            return "its crop does not fit into a frame"
        size, jpeg = (frame.shape[1], frame.shape[0]), pictures.encoded(frame)
        box = pictures.in_pixels(crop.box, size)
        judged = (Judged(area=pictures.widened(box, size), label=meaning.label, present=meaning.present),)
        boxes = ((meaning.label, box),) if meaning.present else ()
    identity = hashlib.sha256(f"{draft.event.id}.{crop.id}.{kind}".encode()).hexdigest()[:20]
    captured = dt.datetime.fromisoformat(crop.at)
    return Example(
        id=identity,
        group=group_of(draft.event.camera, crop.at),
        file=f"images/{identity}.jpg",
        sha256=hashlib.sha256(jpeg).hexdigest(),
        width=size[0],
        height=size[1],
        boxes=boxes,
        judged=judged,
        text=meaning.text,
        region=draft.event.plate_region,
        person=meaning.person,
        not_person=meaning.not_person,
        items=meaning.items,
        provenance=provenance(draft, round(captured.timestamp() * 1_000_000)),
    ), jpeg


def _splits(made: list[tuple[Example, bytes]], ledger: Path) -> dict[str, Split]:
    known = msgspec.json.decode(ledger.read_bytes(), type=dict[str, Split]) if ledger.exists() else {}
    splits = assign(Counter(example.group for example, _ in made), known)
    ledger.parent.mkdir(parents=True, exist_ok=True)
    draft = ledger.with_suffix(".part")
    draft.write_bytes(msgspec.json.format(msgspec.json.encode(known | splits), indent=1) + b"\n")
    draft.replace(ledger)
    return splits


def _card(kind: Kind, made: list[Example], splits: dict[str, Split], labels: tuple[str, ...]) -> DatasetCard:
    digest = hashlib.sha256(b"".join(msgspec.json.encode(each) for each in sorted(made, key=lambda one: one.id)))
    named = sorted({each.label for example in made for each in example.judged})
    return DatasetCard(
        kind=kind,
        made_at=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        id=digest.hexdigest(),
        labels=labels or tuple(named),
        groups=dict(sorted(splits.items())),
        counts=dict(Counter(splits[example.group] for example in made)),
    )
