"""Persons with faces for tests: reads of tracks of the films of `tests.support.zones`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from model_repository.contract import ModelRef
from postprocess.contract import Employee, Event, FaceMatch, FaceRead, Line, Read
from postprocess.rules.attendance import AttendancePolicy
from postprocess.rules.faces import FacesPolicy
from postprocess.rules.identity import IdentityPolicy, Limit
from postprocess.rules.persons import PersonScene
from postprocess.rules.scene import Input, Output, Tick
from tests.support.vehicles import CAMERA, STEP_US, T0_US
from tests.support.zones import YARD

FACES_REF = ModelRef(name="faces", version="1", sha256="f" * 8)
PEOPLE = {
    "anna": Employee(id="anna", name="Анна"),
    "boris": Employee(id="boris", name="Борис"),
    "vera": Employee(id="vera", name="Вера", watch="wanted"),
    "gleb": Employee(id="gleb", name="Глеб", watch="vip"),
}
IDENTITY = IdentityPolicy(people=PEOPLE, limit=Limit(), watch_limits={"vip": Limit(similarity_min=0.7)})
DOOR = Line(id="door", a=(0.1, 0.5), b=(0.9, 0.5))
"""Across the picture; downwards is in."""
ATTENDANCE = AttendancePolicy(zones=(YARD,), lines=(DOOR,), identity=IDENTITY, settings_revision=7)
FACES = FacesPolicy(zones=(YARD,), identity=IDENTITY, settings_revision=7)
END = Tick(now_us=T0_US + 3600 * 1_000_000)

P = TypeVar("P")
Step = Callable[[PersonScene, Input, P], tuple[PersonScene, list[Output]]]


def face(
    shot: str,
    person: str = "",
    *,
    track: str = "a",
    second: float = 0.0,
    similarity: float = 0.6,
    quality: float = 0.8,
    epoch: int = 1,
    rate: float = -1.0,
    liveness: float = -1.0,
) -> Read:
    """What was read on a track; `person` empty = a face that nobody's looks like, None of quality 0 = no face."""
    matches = (FaceMatch(person=person, similarity=similarity, false_accept_rate=rate),) if person else ()
    there = FaceRead(score=0.9, quality=quality, embedding=b"x", matches=matches, liveness=liveness)
    said = there if quality else FaceRead(score=0.0)
    return Read(
        shot_id=shot,
        recogniser="face_embedder",
        camera=CAMERA,
        epoch=epoch,
        track=track,
        captured_at_us=T0_US + round(second * 1e6),
        read=said,
        model=FACES_REF,
        label="person",
        quality=0.5,
        thumbnail=f"jpeg of {shot}".encode(),
    )


def play(step: Step[P], inputs: Iterable[Input], policy: P, memory: PersonScene | None = None) -> list[Event]:
    """All events said, in order."""
    memory = PersonScene(camera=CAMERA) if memory is None else memory
    said: list[Event] = []
    for message in inputs:
        memory, outputs = step(memory, message, policy)
        said += [output for output in outputs if isinstance(output, Event)]
    return said


def final(said: Iterable[Event]) -> list[Event]:
    """The newest version of each event, by opening."""
    newest: dict[str, Event] = {}
    for event in said:
        if event.event_id not in newest or event.version > newest[event.event_id].version:
            newest[event.event_id] = event
    return sorted(newest.values(), key=lambda event: (event.opened_at_us, event.event_id))


def at(seconds: float) -> Tick:
    """Time without frames, seconds of the film."""
    return Tick(now_us=T0_US + round(seconds * 1e6))


__all__ = ["STEP_US"]
