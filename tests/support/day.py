"""A day at a site, made up by a seeded generator: passages of five cameras, losses, blind spans.

Pure: the end of the day and pictures come in, events go out as `decide` and `ingest` would have written them: versions
that come twice, newer versions of the same event, passages without a plate.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from ingest.contract import Camera, CameraNotice
from model_repository.contract import ModelRef
from postprocess.contract import Event, EventPhoto, event_id

NoticeKind = Literal["camera_lost", "camera_restored", "camera_blind"]
HOUR_US = 3_600_000_000
MINUTE_US = 60_000_000
LETTERS, REGIONS = "АВЕКМНОРСТУХ", ("77", "50", "99", "190", "197", "750")
READER = ModelRef(name="starter-plates", version="1", sha256="ab12", starter=True)
CAMERAS = tuple(
    Camera(id=name, name=shown, url=f"rtsp://camera.example/{name}", region=region, enabled=enabled)
    for name, shown, region, enabled in (
        ("gate-north", "Проходная, въезд", "Север", True),
        ("gate-north-out", "Проходная, выезд", "Север", True),
        ("gate-south", "Грузовые ворота", "Юг", True),
        ("car-park", "Парковка", "", True),
        ("old-gate", "Старые ворота", "Юг", False),
    )
)
ARRIVALS_BY_HOUR = (1, 0, 0, 0, 1, 4, 14, 34, 40, 17, 12, 11, 9, 11, 10, 8, 7, 5, 4, 3, 2, 2, 1, 1)
"""Arrivals of each hour of the day, on average."""
LABELS = {"gate-south": ("truck", "truck", "truck", "bus")}


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """A real picture of a passage: what it shows and its JPEG."""

    camera: str
    kind: str
    plate: str
    label: str
    jpeg: bytes


class Passage(msgspec.Struct, frozen=True, kw_only=True):
    """One vehicle over a line."""

    at_us: int
    camera: str
    kind: str
    label: str
    plate: str
    jpeg: bytes = b""


def plate(dice: random.Random) -> str:
    """A plate of the common kind."""
    one, two, three = (dice.choice(LETTERS) for _ in range(3))
    return f"{one}{dice.randint(1, 999):03d}{two}{three}{dice.choice(REGIONS)}"


def passages(end_us: int, *, seed: int = 7, zone_h: int = 3) -> list[Passage]:
    """The day before `end_us`, in order; hours of the profile are of the zone `zone_h` hours east of Greenwich."""
    dice = random.Random(seed)
    begin_us, found = end_us - 24 * HOUR_US, list[Passage]()
    for hour in range(24):
        start_us = begin_us + hour * HOUR_US
        of_day = (start_us // HOUR_US + zone_h) % 24
        for _ in range(round(ARRIVALS_BY_HOUR[of_day] * dice.uniform(0.8, 1.2))):
            found += _visit(dice, start_us + dice.randrange(HOUR_US), end_us)
    for hours in (15, 19, 22):  # lorries that stay over night
        found.append(_over_night(dice, end_us - hours * HOUR_US - dice.randrange(HOUR_US)))
    left_us = end_us - 20 * HOUR_US
    found.append(Passage(at_us=left_us, camera="gone", kind="vehicle_exit", label="car", plate=plate(dice)))
    return sorted(found, key=lambda one: one.at_us)


def _over_night(dice: random.Random, at_us: int) -> Passage:
    return Passage(at_us=at_us, camera="gate-south", kind="vehicle_entry", label="truck", plate=plate(dice))


def _visit(dice: random.Random, in_us: int, end_us: int) -> Iterator[Passage]:
    lane = dice.choices(("gate-north", "gate-south", "car-park"), (6, 3, 2))[0]
    stay_us = round(dice.uniform(0.4, 2.5) * HOUR_US if lane == "gate-south" else dice.gauss(8.5, 1.2) * HOUR_US)
    label, known = dice.choice(LABELS.get(lane, ("car",))), plate(dice)
    ways = ((in_us, lane, "vehicle_entry"), (in_us + stay_us, _way_out(lane), "vehicle_exit"))
    for at_us, camera, kind in ways:
        if at_us < end_us:
            unread = dice.random() < _unread_share(camera, at_us, end_us)
            yield Passage(at_us=at_us, camera=camera, kind=kind, label=label, plate="" if unread else known)


def _way_out(lane: str) -> str:
    return "gate-north-out" if lane == "gate-north" else lane


def _unread_share(camera: str, at_us: int, end_us: int) -> float:
    """The lorry gate reads badly in the last hours: low sun."""
    if camera == "gate-south":
        return 0.35 if end_us - at_us < 6 * HOUR_US else 0.08
    return 0.03


def pictured(day: Sequence[Passage], pictures: Sequence[Picture]) -> list[Passage]:
    """The newest passages shown as the pictures show them: camera, way, plate and label are the picture's."""
    kept = list(day)
    for back, shown in enumerate(pictures, 1):
        kept[-back] = msgspec.structs.replace(
            kept[-back], camera=shown.camera, kind=shown.kind, label=shown.label, plate=shown.plate, jpeg=shown.jpeg
        )
    return kept


def vehicle_events(day: Sequence[Passage], *, end_us: int) -> Iterator[Event]:
    """Every version: at once without a plate, then with it, the last one final; the first comes twice."""
    for number, one in enumerate(day):
        name = event_id(
            camera=one.camera, function="vehicles", rule="gate", kind=one.kind, subject=f"t{number}", occurrence=0
        )
        photo = EventPhoto(shot_id=f"s{number}", captured_at_us=one.at_us, thumbnail=one.jpeg)
        first = Event(
            event_id=name, version=1, kind=one.kind, camera=one.camera, opened_at_us=one.at_us, function="vehicles",
            rule="gate", track=f"1-{number}", epoch=1, label=one.label, confidence=0.9, models=(READER,),
            direction="entry" if one.kind == "vehicle_entry" else "exit",
        )  # fmt: skip
        yield first
        yield first
        yield msgspec.structs.replace(
            first, version=8, final=end_us - one.at_us > 20_000_000, closed_at_us=one.at_us, plate=one.plate,
            plate_confidence=0.6 + (number * 37 % 40) / 100 if one.plate else 0.0, plate_reads=3 if one.plate else 0,
            photos=(photo,) if one.jpeg else (),
        )  # fmt: skip


def camera_events(end_us: int) -> Iterator[CameraNotice]:
    """A restart in the night, an outage of the network, a camera lost an hour ago and not back yet."""
    night, net, gone = end_us - 15 * HOUR_US, end_us - 9 * HOUR_US, end_us - HOUR_US
    back = net + 11 * MINUTE_US
    yield from _blind("gate-north", night, 4_200_000, "restart")
    yield from _blind("gate-south", night, 4_400_000, "restart")
    yield from _blind("gate-north-out", net, 11 * MINUTE_US, "network")
    yield _notice("gate-north-out", "camera_lost", net, cause="timeout")
    yield _notice("gate-north-out", "camera_lost", net, version=2, closed=back, cause="timeout")
    yield _notice("gate-north-out", "camera_restored", back, closed=back)
    yield from _blind("gate-south", net + HOUR_US, 70_000_000, "inference")
    yield _notice("car-park", "camera_lost", gone, cause="refused")
    yield _notice("car-park", "camera_blind", gone, cause="camera")


def without_lost(day: Sequence[Passage], end_us: int) -> list[Passage]:
    """Nobody is seen by a camera that is lost."""
    return [one for one in day if one.camera != "car-park" or one.at_us < end_us - HOUR_US]


def _blind(camera: str, at_us: int, for_us: int, cause: str) -> Iterator[CameraNotice]:
    yield _notice(camera, "camera_blind", at_us, cause=cause)
    yield _notice(camera, "camera_blind", at_us, version=2, closed=at_us + for_us, cause=cause)


def _notice(
    camera: str, kind: NoticeKind, at_us: int, *, version: int = 1, closed: int | None = None, cause: str = ""
) -> CameraNotice:
    return CameraNotice(
        event_id=f"{camera}-{kind}-{at_us}", version=version, kind=kind, camera=camera, opened_at_us=at_us,
        closed_at_us=closed, cause=cause, final=closed is not None,
    )  # fmt: skip
