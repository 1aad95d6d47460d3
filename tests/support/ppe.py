"""Persons and what is read of their equipment, for tests: the films of `zones` with a read every so often."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from ingest.contract import FrameReport
from model_repository.contract import ModelRef
from postprocess.contract import EquipmentRead, Event, Read
from postprocess.rules.kit import VotePolicy
from postprocess.rules.ledger import WITHDRAWN
from postprocess.rules.ppe import step
from postprocess.rules.ppe_state import PpePolicy, PpeScene
from postprocess.rules.scene import Input, Output, Tick
from tests.support.vehicles import CAMERA, STEP_US, T0_US
from tests.support.zones import YARD

S_US = 1_000_000
PPE_REF = ModelRef(name="starter-ppe", version="1", sha256="e" * 8, starter=True)
POLICY = PpePolicy(
    zones=(YARD,), labels=("person",), required={"yard": ("helmet", "vest")}, votes=VotePolicy(), settings_revision=7
)
END = Tick(now_us=T0_US + 1_000 * S_US)


def worn(
    second: float,
    helmet: float | None = 0.9,
    vest: float | None = 0.9,
    *,
    track: str = "1-1",
    epoch: int = 1,
    quality: float = 0.5,
    shot: str = "",
) -> Read:
    """What was read of a picture taken at a second of the film; None = cannot tell."""
    said = {"helmet": helmet, "vest": vest}
    return Read(
        shot_id=shot or f"{epoch}.{second:07.2f}.{track}",
        recogniser="ppe_classifier",
        camera=CAMERA,
        epoch=epoch,
        track=track,
        captured_at_us=T0_US + round(second * 1e6 / STEP_US) * STEP_US,
        read=EquipmentRead(
            worn={item: 0.5 if value is None else value for item, value in said.items()},
            known={item: 0.2 if value is None else 0.9 for item, value in said.items()},
        ),
        model=PPE_REF,
        label="person",
        box=(0.45, 0.4, 0.55, 0.6),
        quality=quality,
        thumbnail=f"jpeg of {second}".encode(),
    )


def reads(since: float, until: float, every: float = 1.0, **said: float | str | None) -> list[Read]:
    """The same read again and again."""
    count = int((until - since) / every) + 1
    return [worn(since + number * every, **said) for number in range(count)]  # type: ignore[arg-type]


def mixed(frames: Iterable[Input], said: Iterable[Read], *, delay_s: float = 0.3) -> list[Input]:
    """Frames, and the reads of their pictures a moment later."""

    def when(message: Input) -> float:
        if isinstance(message, FrameReport):
            return message.stamp.captured_at_us
        return message.now_us if isinstance(message, Tick) else message.captured_at_us + delay_s * 1e6

    return sorted((*frames, *said), key=when)


def play(
    inputs: Iterable[Input], policy: PpePolicy = POLICY, memory: PpeScene | None = None
) -> tuple[PpeScene, list[Output]]:
    """All inputs one after the other; the memory and everything said."""
    memory = PpeScene(camera=CAMERA) if memory is None else memory
    said: list[Output] = []
    for message in inputs:
        memory, outputs = step(memory, message, policy)
        said += outputs
    return memory, said


def told(said: Iterable[Output], kind: str = "ppe_violation") -> list[Event]:
    """Every version of a kind, in order."""
    return [event for event in said if isinstance(event, Event) and event.kind == kind]


def last(said: Iterable[Output], kind: str = "ppe_violation") -> list[Event]:
    """The newest version of each event that stands, by time."""
    newest: dict[str, Event] = {}
    for event in told(said, kind):
        assert event.event_id not in newest or event.version > newest[event.event_id].version
        newest[event.event_id] = event
    standing = [event for event in newest.values() if event.cause != WITHDRAWN]
    return sorted(standing, key=lambda event: (event.opened_at_us, event.event_id))


def spans(events: Iterable[Event]) -> list[tuple[float, float | None]]:
    """When events opened and closed, in seconds of the film."""
    return [
        (
            round((event.opened_at_us - T0_US) / 1e6, 2),
            None if event.closed_at_us is None else round((event.closed_at_us - T0_US) / 1e6, 2),
        )
        for event in events
    ]


def policy(**changes: object) -> PpePolicy:
    """The plain policy with changes; those of the votes go into it by name."""
    votes: Mapping[str, object] = {
        key: changes.pop(key) for key in list(changes) if key in VotePolicy.__struct_fields__
    }
    changed = msgspec.structs.replace(POLICY, **changes)
    return msgspec.structs.replace(changed, votes=msgspec.structs.replace(POLICY.votes, **votes)) if votes else changed
