"""The day of `day` for people, equipment, parking lots and pictures: events as `decide` and `ingest` write them.

Pure: the end of the day comes in. People come in the morning and leave in the afternoon; some are not known. Equipment
is missing now and then; some alarms are judged and answered, a few of them are called false.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Literal

import msgspec

from ingest.contract import CameraNotice
from postprocess.contract import Event, Feedback, Handling, event_id, lot_token
from tests.support.day import HOUR_US, MINUTE_US, Passage

GATE, SHOP = "gate-north", "gate-south"
PEOPLE = tuple(f"emp-{number:03d}" for number in range(1, 25))
ITEMS = ("helmet", "helmet", "helmet", "vest")


def _event(kind: str, camera: str, at_us: int, subject: str, **others: object) -> Event:
    function = str(others.pop("function"))
    rule = str(others.pop("rule", "shop"))
    return msgspec.convert(
        {
            "event_id": event_id(
                camera=camera, function=function, rule=rule, kind=kind, subject=subject, occurrence=at_us
            ),
            "version": 3, "kind": kind, "camera": camera, "opened_at_us": at_us, "function": function, "rule": rule,
            "final": True, "label": "person", "closed_at_us": at_us, **others,
        },
        Event,
    )  # fmt: skip


def people(end_us: int, *, seed: int = 3) -> Iterator[Event]:
    """Entries, stays in two zones, exits; the last ones are still there."""
    dice = random.Random(seed)
    for number, person in enumerate(PEOPLE):
        in_us = end_us - round(dice.uniform(5, 9) * HOUR_US)
        known = {"person": person, "person_confidence": 0.8} if dice.random() < 0.85 else {}
        name = f"p{number}"
        yield _event("person_entry", GATE, in_us, name, function="attendance", direction="entry", **known)
        for part in range(4):
            at_us = in_us + round((part + 0.3) * HOUR_US)
            stay_s = dice.uniform(900, 3000)
            yield _event(
                "presence", SHOP, at_us, f"{name}-{part}", function="attendance", value=stay_s,
                rule=("press-shop", "warehouse")[part % 2], closed_at_us=at_us + round(stay_s * 1e6), **known,
            )  # fmt: skip
        if number % 3:
            out_us = in_us + round(4.6 * HOUR_US)
            yield _event("person_exit", GATE, out_us, name, function="attendance", direction="exit", **known)


def violations(end_us: int, *, seed: int = 5) -> Iterator[Event]:
    """Equipment, zones, and the stays that were checked."""
    dice = random.Random(seed)
    for number in range(120):
        at_us = end_us - round(dice.uniform(0.2, 24) * HOUR_US)
        bad = dice.random() < 0.25
        item = dice.choice(ITEMS)
        lasts_s = dice.uniform(5, 240)
        yield _event(
            "ppe_visit", SHOP, at_us, f"v{number}", function="ppe", missing=(item,) if bad else (), value=lasts_s * 2
        )
        if bad:
            yield _event(
                "ppe_violation", SHOP, at_us, f"v{number}", function="ppe", severity="alarm", missing=(item,),
                value=lasts_s, closed_at_us=at_us + round(lasts_s * 1e6),
            )  # fmt: skip
    for number, kind in enumerate(("intrusion", "wrong_way", "loitering", "intrusion", "occupancy_exceeded") * 2):
        at_us = end_us - round(dice.uniform(0.2, 24) * HOUR_US)
        severity = "alarm" if kind in {"intrusion", "wrong_way"} else "warning"
        yield _event(kind, GATE, at_us, f"z{number}", function=kind, severity=severity, rule="yard")


def said(alarms: list[Event]) -> Iterator[Event]:
    """Every second alarm is answered, every third judged, every ninth of them called false."""
    for number, one in enumerate(alarms):
        of = {"event_id": one.event_id, "camera": one.camera, "user": "anna"}
        at_us = one.opened_at_us + (2 + number % 7) * MINUTE_US
        if number % 2 == 0:
            yield Handling(act="acknowledged", at_us=at_us, **of).event()
        if number % 3 == 0:
            verdict: Literal["false_alarm", "confirmed"] = "false_alarm" if number % 9 == 0 else "confirmed"
            yield Feedback(verdict=verdict, at_us=at_us + MINUTE_US, **of).event()


def lots(passages: list[Passage], end_us: int) -> Iterator[Event]:
    """Stays in the lot of the north, paired by plate; those without an exit are open."""
    inside: dict[str, Passage] = {}
    for one in passages:
        if not one.plate or not one.camera.startswith("gate"):
            continue
        if one.kind == "vehicle_entry":
            inside[one.plate] = one
        elif (came := inside.pop(one.plate, None)) is not None:
            yield _stay(came, one.at_us)
    for came in inside.values():
        if end_us - came.at_us < 24 * HOUR_US:
            yield _stay(came, None)


def _stay(came: Passage, left_us: int | None) -> Event:
    region = "Юг" if came.camera == "gate-south" else "Север"
    token = lot_token("south" if came.camera == "gate-south" else "north")
    return _event(
        "parking_session", token, came.at_us, came.plate, function="parking", rule=region, plate=came.plate,
        label=came.label, final=left_us is not None, closed_at_us=left_us,
        value=None if left_us is None else (left_us - came.at_us) / 1e6,
    )  # fmt: skip


def pictures_gone_bad(end_us: int) -> Iterator[CameraNotice]:
    """A camera covered for half an hour, another out of focus until now."""
    for camera, fault, hours, closed in (
        ("gate-north", "covered", 7.0, end_us - round(6.5 * HOUR_US)), ("gate-south", "blurred", 2.0, None),
    ):  # fmt: skip
        at_us = end_us - round(hours * HOUR_US)
        yield CameraNotice(
            event_id=f"{camera}-{fault}", version=2, kind="camera_degraded", camera=camera, opened_at_us=at_us,
            closed_at_us=closed, cause=fault, rule=fault, severity="warning", final=closed is not None,
        )  # fmt: skip


def everything(passages: list[Passage], end_us: int) -> list[Event | CameraNotice]:
    """All of it."""
    wrong = list(violations(end_us))
    alarms = [one for one in wrong if one.severity == "alarm"]
    return [
        *people(end_us), *wrong, *said(alarms), *lots(passages, end_us), *pictures_gone_bad(end_us),
    ]  # fmt: skip
