"""Further detectors of a camera: who is asked for which frame, with which tensor, and what their trouble costs."""

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor

import msgspec
import numpy as np
import pytest

from ingest import look
from ingest.config import IngestSettings
from ingest.contract import Camera, DetectorPlan, IngestPlan
from ingest.detector import geometry
from ingest.errors import InferenceError
from ingest.further import Further
from ingest.metrics import FURTHER_MISSED
from ingest.planes import Picture, luma_of_grey
from ingest.slot import Due, Heap, Quiet, Reducer, Wish
from model_repository.contract import ModelCard
from tests.support.ingest import CARD, StandInDetector

CAMERA = Camera(id="gate", name="Gate", url="rtsp://c/x")
SECOND = 1_000_000
SAME = "object_detector_same"
SMALL = "object_detector_small"
CARDS = {
    SAME: msgspec.structs.replace(CARD, name="same"),
    SMALL: msgspec.structs.replace(CARD, name="small", input_width=160, input_height=160, fill=0),
}


@pytest.fixture
def pool() -> Iterator[Executor]:
    """Where pictures are reduced."""
    with ThreadPoolExecutor(1) as pool:
        yield pool


class Counted(Heap):
    """Memory that knows how many tensors are out."""

    def __init__(self) -> None:
        self.out = 0

    def take(self, rows: int, columns: int) -> np.ndarray:
        """One more."""
        self.out += 1
        return super().take(rows, columns)

    def free(self, tensor: np.ndarray) -> None:
        """One less."""
        super().free(tensor)
        self.out -= 1


def stand_in(**cards: ModelCard) -> StandInDetector:
    """A detector with further ones beside it."""
    detector = StandInDetector()
    detector.cards = cards
    detector.want(cards)
    return detector


def plans(*names: str, fps_max: float | None = None) -> look.Rules:
    """Rules of a plan that names these."""
    detectors = tuple(DetectorPlan(ensemble=name, class_floor={"person": 0.5}, fps_max=fps_max) for name in names)
    return look.rules(IngestSettings(), CAMERA, IngestPlan(camera="gate", detectors=detectors))


def due(number: int = 0) -> Due:
    """Frame n of 5 fps as the first detector gets it."""
    chroma = np.full((180, 320), 128, np.uint8)
    picture = Picture(y=np.full((360, 640), 200, np.uint8), u=chroma, v=chroma)
    shape = geometry(CARD)
    reducer = Reducer((640, 360), Wish(fps=5.0, geometry=shape), shape, Heap())
    tensor = reducer.reduce(picture, 0, restless=True)
    captured_us = SECOND + number * SECOND // 5
    return Due(captured_us=captured_us, clock="rtcp", tensor=tensor, box=reducer.box, picture=picture, quiet=Quiet())


def missed(ensemble: str, reason: str) -> float:
    """How often a frame was due for it and went out without it."""
    return FURTHER_MISSED.labels("gate", ensemble, reason)._value.get()


async def test_the_tensor_of_the_first_serves_all_of_its_geometry(pool: Executor) -> None:
    """Equal geometry: the same tensor; another one: made of the same picture, in its own size, and its boxes fit."""
    detector, memory = stand_in(**CARDS), Counted()
    further = Further("gate", detector, IngestSettings(), pool, memory)
    frame = due()
    glances = {glance.ensemble: glance for glance in await further.ask(frame, plans(SAME, SMALL))}
    assert dict(detector.asked) == {SAME: (288, 320), SMALL: (240, 160)}
    assert memory.out == 1
    same, small = glances[SAME].seen, glances[SMALL].seen
    assert same is not None
    assert small is not None
    assert same[0].box == pytest.approx((200, 108, 440, 248), abs=1.0)
    assert small[0].box == pytest.approx((400, 104, 640, 360), abs=1.0)
    assert glances[SAME].model == CARDS[SAME].ref
    further.close()
    assert memory.out == 0


async def test_masks_hide_from_all(pool: Executor) -> None:
    """The reduced tensor of another geometry is painted as the first one's is."""
    seen = list[np.ndarray]()

    class Keeping(StandInDetector):
        async def infer(self, tensor: np.ndarray, *rest: object) -> dict[str, np.ndarray]:
            """Keep what was shown."""
            seen.append(tensor.copy())
            return await super().infer(tensor, *rest)  # type: ignore[arg-type]

    detector = Keeping()
    detector.cards = CARDS
    detector.want(CARDS)
    rules = msgspec.structs.replace(plans(SMALL), masks=(((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)),))
    await Further("gate", detector, IngestSettings(), pool, Heap()).ask(due(), rules)
    luma = seen[0][:160]
    assert luma[80, 40] == luma_of_grey(0)
    assert luma[80, 120] == 200


async def test_it_looks_no_more_often_than_asked(pool: Executor) -> None:
    """At one look a second of five, and at each where nothing is said; who is not due gives no glance."""
    detector = stand_in(**CARDS)
    further = Further("gate", detector, IngestSettings(), pool, Heap())
    rules = msgspec.structs.replace(
        plans(SAME), detectors=(*plans(SAME, fps_max=1.0).detectors, *plans(SMALL).detectors)
    )
    asked = [{glance.ensemble for glance in await further.ask(due(n), rules)} for n in range(50)]
    assert all(SMALL in each for each in asked)
    assert sum(SAME in each for each in asked) in {10, 11}


async def test_one_that_is_away_is_told_and_costs_the_others_nothing(pool: Executor) -> None:
    """No card: a glance without boxes, counted; the other one has looked."""
    detector = stand_in(**{SAME: CARDS[SAME]})
    before = missed(SMALL, "away")
    further = Further("gate", detector, IngestSettings(), pool, Heap())
    glances = {glance.ensemble: glance.seen for glance in await further.ask(due(), plans(SAME, SMALL))}
    assert glances[SMALL] is None
    assert glances[SAME]
    assert missed(SMALL, "away") == before + 1


@pytest.mark.parametrize("reason", ["deadline", "unavailable", "refused"])
async def test_one_that_fails_is_left_alone_for_longer_each_time(pool: Executor, reason: str) -> None:
    """Of five minutes at five frames a second few ask in vain; once it answers, every frame is asked again."""
    detector = stand_in(**CARDS)
    further = Further("gate", detector, IngestSettings(), pool, Heap())
    detector.failing, before = InferenceError(reason, "told to fail"), missed(SAME, reason)  # type: ignore[arg-type]
    for number in range(1500):
        assert [glance.seen for glance in await further.ask(due(number), plans(SAME))] == [None]
    assert 10 <= len(detector.asked) <= 40
    assert missed(SAME, reason) - before == len(detector.asked)
    detector.failing = None
    answers = [bool((await further.ask(due(number), plans(SAME)))[0].seen) for number in range(1500, 1700)]
    assert answers == sorted(answers)
    assert answers[-1]


async def test_what_left_the_plan_is_forgotten(pool: Executor) -> None:
    """Its tensors go back, and one that comes again is asked at once, whatever happened before."""
    detector, memory = stand_in(**CARDS), Counted()
    further = Further("gate", detector, IngestSettings(), pool, memory)
    await further.ask(due(), plans(SMALL))
    detector.failing = InferenceError("refused", "told to fail")
    await further.ask(due(1), plans(SMALL))
    further.forget([SMALL])
    assert memory.out == 1
    further.forget([])
    assert memory.out == 0
    detector.failing = None
    (glance,) = await further.ask(due(2), plans(SMALL))
    assert glance.seen


async def test_another_picture_or_card_makes_another_tensor(pool: Executor) -> None:
    """A model that was exchanged for one of another size is followed; nothing is left of the old one."""
    detector, memory = stand_in(**CARDS), Counted()
    further = Further("gate", detector, IngestSettings(), pool, memory)
    await further.ask(due(), plans(SMALL))
    detector.cards = {SMALL: msgspec.structs.replace(CARDS[SMALL], input_width=320, input_height=320)}
    await further.ask(due(1), plans(SMALL))
    assert [shape for _, shape in detector.asked] == [(240, 160), (480, 320)]
    assert memory.out == 1
