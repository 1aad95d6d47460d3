"""A staged version beside the live one on the same live frames, and the report of how they differ. Edge (gRPC, files).

Frames are those that the API shows of each camera (`snapshot.jpg`: the newest picture, privacy masks drawn), asked for
in turns; so the path of the frames to the rules is not touched, and no camera waits for a trial. In Triton the trial
shares the cores with the live version: the pause between two looks is what bounds its share.
"""

from __future__ import annotations

import html
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import msgspec
import numpy as np
import numpy.typing as npt
from tritonclient import grpc as client
from tritonclient.utils import InferenceServerException

from model_repository.contract import FRAME, ModelCard, ModelRef
from model_repository.evaluation.pictures import i420_frame
from model_repository.evaluation.server import infer, model_card
from model_repository.learning.beside import rows
from model_repository.learning.difference import Difference, Look, Tally, differ
from model_repository.learning.review import STYLE

Bytes = npt.NDArray[np.uint8]

PICTURES_MAX = 48
PAUSE_S = 0.2
COLOURS = {"new": (40, 140, 40), "gone": (40, 40, 200), "changed": (200, 120, 20)}
WORDS = {"new": "new · новое", "gone": "gone · исчезло", "changed": "changed · иначе"}


class Frame(NamedTuple):
    """A live frame."""

    camera: str
    at: str
    picture: Bytes


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A difference with its picture."""

    camera: str
    at: str
    difference: Difference
    file: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """`report.json` of a shadow run."""

    live: ModelRef
    candidate: ModelRef
    tally: Tally
    cameras: dict[str, int]
    """Looks by camera."""
    shown: tuple[Shown, ...]
    """The first PICTURES_MAX differences."""
    seconds: float


def run(
    triton: client.InferenceServerClient,
    names: tuple[str, str],
    frames: Iterable[Frame],
    folder: Path,
    *,
    looks_max: int,
    pause_s: float = PAUSE_S,
) -> Report:
    """Ask (live, trial) about frames until there are enough, and write report.json and report.html into a folder."""
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    cards = [model_card(triton, name) for name in names]
    tally, cameras, shown = Tally(), dict[str, int](), list[Shown]()
    begun = time.monotonic()
    for frame in _first(frames, looks_max):
        look = look_at(triton, names, (cards[0], cards[1]), frame)
        if look is None:
            tally = msgspec.structs.replace(tally, errors=tally.errors + 1)
            continue
        tally = tally.plus(look)
        cameras[frame.camera] = cameras.get(frame.camera, 0) + 1
        for difference in look.differences[: PICTURES_MAX - len(shown)]:
            shown.append(_shown(frame, difference, folder, len(shown)))
        time.sleep(pause_s)
    report = Report(
        live=cards[0].ref,
        candidate=cards[1].ref,
        tally=tally,
        cameras=cameras,
        shown=tuple(shown),
        seconds=round(time.monotonic() - begun, 1),
    )
    (folder / "report.json").write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n")
    (folder / "report.html").write_text(page(report), "utf-8")
    return report


def look_at(
    triton: client.InferenceServerClient, names: tuple[str, str], cards: tuple[ModelCard, ModelCard], frame: Frame
) -> Look | None:
    """How two versions differ on a frame; None where one of them did not answer."""
    size = (frame.picture.shape[1], frame.picture.shape[0])
    try:
        one, other = (
            rows(infer(triton, name, **{FRAME: i420_frame(frame.picture, card)[None]}), card, size)
            for name, card in zip(names, cards, strict=True)
        )
    except InferenceServerException:
        return None
    return differ(one, other, cards[1].labels)


def page(report: Report) -> str:
    """The report for people: a page that stands alone but for its pictures. Pure."""
    tally = report.tally
    counts = "".join(f"<li>{WORDS[kind]}: {getattr(tally, kind)}</li>" for kind in WORDS)
    cameras = ", ".join(f"{html.escape(name)}: {count}" for name, count in sorted(report.cameras.items()))
    figures = "".join(
        f"<figure><img src='{html.escape(each.file, quote=True)}' style='width:100%' loading=lazy "
        f"alt='{html.escape(_words(each.difference), quote=True)}'><figcaption>{html.escape(_words(each.difference))}"
        f"<small>{html.escape(each.camera)} · {html.escape(each.at)}</small></figcaption></figure>"
        for each in report.shown
    )
    live, candidate = (f"{html.escape(model.name)} {html.escape(model.version)}" for model in
                       (report.live, report.candidate))  # fmt: skip
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>shadow · zool</title><style>{STYLE}</style>"
        f"<h1>{live} → {candidate}</h1><p>{tally.looks} looks · взглядов ({cameras}), {report.seconds:.0f} s; "
        f"{tally.live_boxes} → {tally.candidate_boxes} objects · предметов; {tally.errors} errors · ошибок</p>"
        f"<ul>{counts}</ul><div class=grid>{figures}</div></html>\n"
    )


def _words(difference: Difference) -> str:
    before = f"{difference.before} → " if difference.before else ""
    return f"{WORDS[difference.what]}: {before}{difference.label} {difference.score:.2f}"


def _shown(frame: Frame, difference: Difference, folder: Path, number: int) -> Shown:
    drawn = frame.picture.copy()
    x1, y1, x2, y2 = map(round, difference.box)
    cv2.rectangle(drawn, (x1, y1), (x2, y2), COLOURS[difference.what], 3)
    file = f"pictures/{number:03}.jpg"
    scale = min(1.0, 640 / drawn.shape[1])
    small = cv2.resize(drawn, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(folder / file), small, [cv2.IMWRITE_JPEG_QUALITY, 80])
    return Shown(camera=frame.camera, at=frame.at, difference=difference, file=file)


def _first(frames: Iterable[Frame], count: int) -> Iterator[Frame]:
    for number, frame in enumerate(frames):
        if number >= count:
            return
        yield frame
