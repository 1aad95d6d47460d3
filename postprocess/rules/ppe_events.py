"""How violations and stays are told: event, photos, version. Pure: no I/O, no clock.

Rules
- What an event says is a function of the stay, the set of its reads and `final`; its version is
  1 + 4 × reads so far + 2 × closed + final. So the same version always says the same.
- `opened_at_us` of a violation is the time of the first picture that shows it, not that of the decision; it is part of
  the event's id.
"""

from __future__ import annotations

from model_repository.contract import ModelRef
from postprocess.contract import Event, EventPhoto, event_id
from postprocess.rules.kit import Course, Spell, outcome
from postprocess.rules.ledger import View
from postprocess.rules.ppe_state import Stay

FUNCTION = "ppe"


def violation(camera: str, stay: Stay, spell: Spell) -> View:
    """One violation as known now."""
    closed_us = spell.closed_us
    if closed_us is None and stay.left:
        closed_us = max(stay.seen_us, spell.opened_us)
    final = spell.sealed or stay.final
    event = Event(
        event_id=event_id(
            camera=camera, function=FUNCTION, rule=stay.zone, kind="ppe_violation", subject=stay.root,
            occurrence=spell.opened_us,
        ),
        version=1 + 4 * spell.reads + 2 * (closed_us is not None) + final,
        kind="ppe_violation",
        camera=camera,
        opened_at_us=spell.opened_us,
        closed_at_us=closed_us,
        final=final,
        function=FUNCTION,
        rule=stay.zone,
        track=stay.first.track,
        epoch=stay.first.epoch,
        label=stay.label,
        confidence=stay.confidence,
        box=next((photo.box for photo in spell.photos), stay.first.box),
        photos=_photos(spell),
        models=_models(stay, [photo.model for photo in spell.photos]),
        settings_revision=stay.settings_revision,
        frame_seq=stay.first.frame_seq,
        cause="" if closed_us is None else "put_on" if spell.closed_us is not None else "left",
        severity="alarm",
        items={item: round(total / count, 6) for item, (total, count) in sorted(spell.sums.items())},
        missing=spell.missing,
        value=None if closed_us is None else round((closed_us - spell.opened_us) / 1e6, 3),
    )  # fmt: skip
    gist = f"{spell.missing} {closed_us} {spell.reads if final else bool(spell.photos)} {final}"
    return View(event=event, gist=gist)


def visited(camera: str, stay: Stay, course: Course, required: tuple[str, ...]) -> View:
    """What a stay came to; told once it is over."""
    version = 1 + 4 * course.reads + 3
    missing = {item for spell in course.spells for item in spell.missing}
    event = Event(
        event_id=event_id(
            camera=camera, function=FUNCTION, rule=stay.zone, kind="ppe_visit", subject=stay.root,
            occurrence=stay.occurrence,
        ),
        version=version,
        kind="ppe_visit",
        camera=camera,
        opened_at_us=stay.since_us,
        closed_at_us=stay.seen_us,
        final=True,
        function=FUNCTION,
        rule=stay.zone,
        track=stay.first.track,
        epoch=stay.first.epoch,
        label=stay.label,
        confidence=stay.confidence,
        box=stay.first.box,
        models=_models(stay, []),
        settings_revision=stay.settings_revision,
        frame_seq=stay.first.frame_seq,
        cause=outcome(course, required),
        items={item: round(each.for_it / each.told, 6) for item, each in sorted(course.items.items()) if each.told},
        missing=tuple(sorted(missing)),
        value=round(stay.stay_us / 1e6, 3),
    )  # fmt: skip
    return View(event=event, gist=str(version))


def _photos(spell: Spell) -> tuple[EventPhoto, ...]:
    if not spell.photos:
        return ()
    best, *others = spell.photos
    return (
        EventPhoto(shot_id=best.shot_id, captured_at_us=best.at_us, thumbnail=best.thumbnail),
        *(
            EventPhoto(shot_id=photo.shot_id, captured_at_us=photo.at_us, role="context")
            for photo in sorted(others, key=lambda photo: (photo.at_us, photo.shot_id))
        ),
    )


def _models(stay: Stay, readers: list[ModelRef]) -> tuple[ModelRef, ...]:
    named = {(each.name, each.version, each.sha256): each for each in readers}
    return (stay.first.model, *(named[key] for key in sorted(named)))
