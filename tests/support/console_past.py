"""Two weeks of a plant as its store would have them, for the console: made of the demo site's pictures, from one seed.

Times count back from now: pages that show the last days show these.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Iterator
from datetime import UTC, datetime

import cv2
import msgspec

from ingest.contract import Box, Detection, FrameReport, FrameStamp, Shot
from model_repository.contract import ModelRef
from postprocess.contract import Event, EventPhoto, Feedback, Handling, Judgement, PlateRead, Point, Read
from postprocess.rules import quality
from postprocess.rules.quality import QualityMemory, QualityPolicy
from tests.support.demo import SITE

DAY_US, HOUR_US = 86_400_000_000, 3_600_000_000
DETECTOR = ModelRef(name="starter-detector", version="1", sha256="ab" * 32, starter=True)
READER = ModelRef(name="starter-plates", version="1", sha256="cd" * 32, starter=True)
CAMERAS = (
    ("gate-day", "Ворота 1", "yard"),
    ("gate-rain", "Ворота 2", "yard"),
    ("workshop", "Механический цех", "plant"),
    ("office-door", "Проходная", "office"),
)
PEOPLE = (
    ("ivanova", "Иванова Анна", "Цех 1"), ("petrov", "Петров Олег", "Цех 1"), ("sidorova", "Сидорова Вера", "Цех 2"),
    ("karimov", "Каримов Тимур", "Цех 2"), ("orlov", "Орлов Денис", "Склад"), ("belova", "Белова Ольга", "Склад"),
)  # fmt: skip
IN_LANE: Box = (0.10, 0.34, 0.45, 0.86)
OUT_LANE: Box = (0.55, 0.34, 0.90, 0.92)
PASSAGES = (
    (8.6, "entry", "Т926УХ977", "car"), (8.68, "exit", "Н163УО190", "car"), (3.44, "exit", "Е301УО184", "car"),
    (18.4, "entry", "А736УВ777", "truck"), (16.1, "exit", "К391СХ761", "truck"), (23.7, "entry", "М853МР90", "car"),
    (30.0, "entry", "СМ80753", "bus"), (35.8, "entry", "Т208ЕН750", "car"), (28.1, "exit", "Т290РА797", "car"),
)  # fmt: skip
WORKERS: tuple[tuple[Box, tuple[str, ...]], ...] = (
    ((0.24, 0.42, 0.34, 0.76), ("helmet", "vest")),
    ((0.72, 0.52, 0.83, 0.90), ("helmet",)),
    ((0.37, 0.34, 0.44, 0.58), ()),
)


@functools.cache
def picture(camera: str, at_s: float, box: Box | None = None, width: int = 960) -> bytes:
    """A frame of the demo site, or a part of it, as JPEG."""
    film = cv2.VideoCapture(str(SITE / f"{camera}.mp4"))
    film.set(cv2.CAP_PROP_POS_MSEC, at_s * 1000)
    _, frame = film.read()
    high, wide = frame.shape[:2]
    if box is not None:
        frame = frame[round(box[1] * high) : round(box[3] * high), round(box[0] * wide) : round(box[2] * wide)]
    scale = width / frame.shape[1]
    found: bytes = cv2.imencode(".jpg", cv2.resize(frame, None, fx=scale, fy=scale), [cv2.IMWRITE_JPEG_QUALITY, 82])[
        1
    ].tobytes()
    return found


class Past:
    """Fills a site's store; `now_us` is when its last event was."""

    def __init__(self, now_us: int, days: int = 14) -> None:
        self.now_us, self.days, self.random = now_us, days, random.Random(7)
        self.events: list[Event] = []
        self.shots: list[Shot] = []
        self.looks: list[FrameReport] = []
        self.reads: list[Read] = []

    def _moments(self, per_day: int, first_hour: float = 6, last_hour: float = 21) -> Iterator[int]:
        midnight = self.now_us - self.now_us % DAY_US
        for day in range(self.days):
            busy = 0.3 if datetime.fromtimestamp((midnight - day * DAY_US) / 1e6, UTC).weekday() > 4 else 1.0
            for _ in range(round(per_day * busy)):
                hour = self.random.triangular(first_hour, last_hour, self.random.choice((8.5, 17.5)))
                at = midnight - day * DAY_US + round(hour * HOUR_US)
                if at < self.now_us - HOUR_US // 4:
                    yield at

    def all(self) -> None:
        """Everything, the newest last."""
        for number, at in enumerate(sorted(self._moments(46))):
            self.passage(number, at, with_photo=at > self.now_us - DAY_US)
        for number in range(8):
            self.passage(9000 + number, self.now_us - (40 - 5 * number) * 60_000_000, with_photo=True)
        for number, at in enumerate(sorted(self._moments(9))):
            self.violation(number, at, with_photo=at > self.now_us - 2 * DAY_US)
        for number, at in enumerate(sorted(self._moments(3, 0, 23))):
            self.intrusion(number, at)
        for number, at in enumerate(sorted(self._moments(12, 6, 14))):
            self.stay(number, at)
        self.people()
        self.quality()

    def quality(self) -> None:
        """What the rules say of these days."""
        memories: dict[str, QualityMemory] = {}
        said: list[Event] = []
        for event in sorted(filter(quality.matters, self.events), key=lambda one: one.opened_at_us):
            memory = memories.setdefault(event.camera, QualityMemory())
            memories[event.camera], more = quality.step(memory, event, QualityPolicy(camera=event.camera))
            said += more
        self.events += said

    def passage(self, number: int, at_us: int, *, with_photo: bool) -> None:
        """A vehicle through a gate; the newest with its way, crops and reads."""
        at_s, way, plate, label = PASSAGES[number % len(PASSAGES)]
        unread, camera = number % 17 == 3, "gate-day" if number % 3 else "gate-rain"
        event = Event(
            event_id=f"passage-{number:05d}",
            version=2,
            kind=f"vehicle_{way}",
            camera=camera,
            opened_at_us=at_us,
            closed_at_us=at_us + 2_000_000,
            final=True,
            function="vehicles",
            rule="gate",
            track=f"p{number}",
            epoch=7,
            direction="entry" if way == "entry" else "exit",
            label=label,
            confidence=0.93,
            plate="" if unread else plate,
            plate_confidence=0.0 if unread else 0.71 + 0.28 * self.random.random(),
            plate_reads=0 if unread else 3,
            plate_sure=not unread,
            box=IN_LANE if way == "entry" else OUT_LANE,
            models=(DETECTOR, READER),
            settings_revision=12,
            frame_seq=number * 40,
            cause="plate_unread" if unread else "",
            listed=("", "", "allow", "", "guest", "", "allow", "", "deny")[number % 9],
            plate_region="ru",
            severity="alarm" if number % 9 == 8 else "info",
        )
        if with_photo:
            event = self._photographed(event, at_s, (0.1, -0.25, 0.0))
            self._seen(event)
        self.events.append(event)

    def _photographed(self, event: Event, at_s: float, offsets_s: tuple[float, ...], film: str = "gate-day") -> Event:
        photos = []
        for number, offset in enumerate(offsets_s):
            assert event.box is not None
            shot = self._shot(event, number, event.opened_at_us + round(offset * 1e6))
            jpeg = picture(film, max(0.0, at_s + offset), event.box, 520)
            self.shots.append(msgspec.structs.replace(shot, jpeg=jpeg))
            if not number:
                small = picture(film, max(0.0, at_s + offset), event.box, 240)
                photos.append(
                    EventPhoto(shot_id=shot.shot_id, captured_at_us=shot.stamp.captured_at_us, thumbnail=small)
                )
        return msgspec.structs.replace(event, photos=tuple(photos))

    def _shot(self, event: Event, number: int, at_us: int) -> Shot:
        assert event.box is not None
        return Shot(
            shot_id=f"{event.event_id}-s{number}",
            stamp=FrameStamp(
                camera=event.camera, epoch=event.epoch, seq=event.frame_seq + number, captured_at_us=at_us
            ),
            recogniser="plate_reader",
            track=event.track,
            label=event.label,
            box=event.box,
            crop=event.box,
            jpeg=b"",
            width=520,
            height=400,
            quality=0.8 - 0.1 * number,
            ordinal=number,
        )

    def _seen(self, event: Event) -> None:
        """Looks of four seconds around the crossing, and a read of each crop."""
        sign = 1 if event.direction == "entry" else -1
        for step in range(-14, 15):
            grown = 1 + 0.04 * step * sign
            x = 0.28 + 0.004 * step if sign > 0 else 0.72 - 0.004 * step * -1
            y = 0.86 + 0.026 * step * sign
            box = tuple(round(value, 5) for value in (x - 0.13 * grown, y - 0.34 * grown, x + 0.13 * grown, y))
            stamp = FrameStamp(
                camera=event.camera,
                epoch=7,
                seq=event.frame_seq + step + 20,
                captured_at_us=event.opened_at_us + step * 140_000,
            )
            one = Detection(box=box, label=event.label, confidence=0.9, track=event.track)  # type: ignore[arg-type]
            self.looks.append(FrameReport(stamp=stamp, detections=(one,), model=DETECTOR, width=1280, height=720))
        quad: tuple[Point, ...] = ((0.22, 0.72), (0.285, 0.72), (0.285, 0.745), (0.22, 0.745))
        if event.direction == "exit":
            quad = ((0.70, 0.70), (0.775, 0.70), (0.775, 0.733), (0.70, 0.733))
        for number, shot in enumerate(self.shots[-3:]):
            text = event.plate if number != 1 else event.plate[:-1]
            found = PlateRead(
                text=text,
                confidence=0.94 - 0.2 * number,
                char_confidence=(0.9,) * len(text),
                quad=quad if event.plate else (),
                plate_score=0.9,
                region="ru",
            )
            self.reads.append(
                Read(
                    shot_id=shot.shot_id,
                    recogniser="plate_reader",
                    camera=event.camera,
                    epoch=7,
                    track=event.track,
                    captured_at_us=shot.stamp.captured_at_us,
                    read=found,
                    model=READER,
                    label=event.label,
                )
            )

    def violation(self, number: int, at_us: int, *, with_photo: bool) -> None:
        """Somebody without equipment, and the stays that were checked beside."""
        box, missing = WORKERS[number % 2]
        lasted_s = 20 + self.random.random() * 400
        rule = ("press", "lathe")[number % 2]
        event = Event(
            event_id=f"ppe-{number:05d}",
            version=4,
            kind="ppe_violation",
            camera="workshop",
            opened_at_us=at_us,
            closed_at_us=at_us + round(lasted_s * 1e6),
            final=True,
            function="ppe",
            rule=rule,
            track=f"w{number}",
            epoch=7,
            label="person",
            confidence=0.88,
            box=box,
            models=(DETECTOR,),
            settings_revision=3,
            frame_seq=number,
            severity="alarm",
            missing=missing,
            items=dict.fromkeys(missing, 0.08),
            value=lasted_s,
            cause="left",
        )
        self.events.append(self._photographed(event, 8.0, (0.0,), "workshop") if with_photo else event)
        for turn, outcome in enumerate(("worn", "worn", "worn", "missing", "unknown", "worn")):
            self.events.append(
                msgspec.structs.replace(
                    event,
                    event_id=f"visit-{number:05d}-{turn}",
                    kind="ppe_visit",
                    severity="info",
                    cause=outcome,
                    photos=(),
                    missing=missing if outcome == "missing" else (),
                    opened_at_us=at_us + turn * 60_000_000,
                )
            )
        if number % 3 == 0:
            self.judge(event, "false_alarm" if number % 12 == 0 else "confirmed", "light" if number % 12 == 0 else "")

    def intrusion(self, number: int, at_us: int) -> None:
        """Somebody where nobody should be, often a cat."""
        camera, rule = ("gate-rain", "fence") if number % 3 else ("gate-day", "booth")
        event = Event(
            event_id=f"intrusion-{number:04d}",
            version=3,
            kind="intrusion",
            camera=camera,
            opened_at_us=at_us,
            closed_at_us=at_us + 30_000_000,
            final=True,
            function="intrusion",
            rule=rule,
            track=f"i{number}",
            epoch=7,
            label="person",
            confidence=0.35 + 0.6 * self.random.random(),
            box=(0.4, 0.3, 0.5, 0.5),
            models=(DETECTOR,),
            settings_revision=2,
            severity="alarm",
            text="Человек в зоне",
            value=30.0,
        )
        self.events.append(event)
        if number % 4:
            wrong = number % 3 == 1
            self.judge(
                event,
                "false_alarm" if wrong else "confirmed",
                ("animal", "weather", "animal", "light")[number % 4] if wrong else "",
            )
        if number % 5 == 0:
            self.events.append(
                Handling(
                    event_id=event.event_id,
                    camera=camera,
                    user="admin",
                    act="assigned",
                    assignee="охрана",
                    at_us=at_us + 60_000_000,
                ).event()
            )
        if number % 5 == 1:
            self.events.append(
                Handling(
                    event_id=event.event_id,
                    camera=camera,
                    user="admin",
                    act="closed",
                    at_us=at_us + 90_000_000,
                    note="проверено",
                ).event()
            )

    def judge(self, event: Event, verdict: Judgement, reason: str) -> None:
        """Somebody's word."""
        word = Feedback(
            event_id=event.event_id,
            camera=event.camera,
            user="admin",
            verdict=verdict,
            at_us=event.opened_at_us + 5_000_000,
            reason=reason,
        )
        self.events.append(word.event())

    def stay(self, number: int, at_us: int) -> None:
        """A stay in the lot."""
        stay_s = self.random.lognormvariate(8.9, 0.9)
        left = at_us + round(stay_s * 1e6)
        inside, lost = left > self.now_us, number % 23 == 5
        self.events.append(
            Event(
                event_id=f"stay-{number:05d}",
                version=1 if inside else 2,
                kind="parking_session",
                camera="lot-yard",
                opened_at_us=at_us,
                closed_at_us=None if inside else left,
                final=not inside,
                function="parking",
                rule="yard",
                plate=PASSAGES[number % len(PASSAGES)][2],
                plate_region="ru",
                label="car",
                track="" if inside else f"out-{number}",
                about=f"in-{number}",
                cause="no_exit" if lost and not inside else "",
                value=None if inside or lost else stay_s,
            )
        )

    def people(self) -> None:
        """Entries, exits and presences of the people, most of them in time."""
        midnight = self.now_us - self.now_us % DAY_US
        for day in range(self.days):
            begin = midnight - day * DAY_US
            if datetime.fromtimestamp(begin / 1e6, UTC).weekday() > 4:
                continue
            for number, (person, _, _) in enumerate(PEOPLE):
                if (day + number) % 11 == 4:
                    continue
                came = begin + round((7.85 + self.random.gauss(0, 0.13)) * HOUR_US)
                left = begin + round((17.05 + self.random.gauss(0, 0.2)) * HOUR_US)
                self._person(f"{person}-{day}", person, "person_entry", came)
                self._person(f"{person}-{day}", person, "person_exit", left)
                self._presence(f"{person}-{day}", person, came + HOUR_US // 2, left - HOUR_US)

    def _person(self, name: str, person: str, kind: str, at_us: int) -> None:
        if at_us < self.now_us:
            self.events.append(
                Event(
                    event_id=f"{kind}-{name}",
                    version=2,
                    kind=kind,
                    camera="office-door",
                    opened_at_us=at_us,
                    final=True,
                    closed_at_us=at_us,
                    function="attendance",
                    rule="door",
                    label="person",
                    person=person,
                    epoch=7,
                    person_confidence=0.82,
                    direction="entry" if kind == "person_entry" else "exit",
                )
            )

    def _presence(self, name: str, person: str, since_us: int, until_us: int) -> None:
        if until_us < self.now_us:
            self.events.append(
                Event(
                    event_id=f"presence-{name}",
                    version=2,
                    kind="presence",
                    camera="workshop",
                    opened_at_us=since_us,
                    closed_at_us=until_us,
                    final=True,
                    function="attendance",
                    rule="press",
                    label="person",
                    person=person,
                    value=(until_us - since_us) / 1e6,
                    epoch=7,
                )
            )
