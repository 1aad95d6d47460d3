"""Between a camera's thread and the event loop."""

import threading

import numpy as np

from ingest.detector import Geometry
from ingest.planes import Picture
from ingest.slot import TENSORS_MAX, Slot, Wish

SQUARE = Geometry(width=64, height=64, anchor="center", fill=114)


def picture(luma: int, width: int = 128, height: int = 72) -> Picture:
    """A grey picture."""
    chroma = np.full((height // 2, width // 2), 128, np.uint8)
    return Picture(y=np.full((height, width), luma, np.uint8), u=chroma, v=chroma)


def slot(geometry: Geometry | None = SQUARE) -> Slot:
    """An empty slot."""
    return Slot(threading.Lock(), Wish(fps=5.0, geometry=geometry))


def test_the_newest_frame_wins_and_the_drop_is_counted() -> None:
    """Two offered, nobody took the first."""
    meeting = slot()
    meeting.offer(1, "rtcp", picture(50))
    meeting.offer(2, "rtcp", picture(200))
    taken = meeting.take()
    assert taken is not None
    due, _ = taken
    assert (due.captured_us, due.size, int(due.tensor[32, 32])) == (2, (128, 72), 200)
    assert due.picture.y[0, 0] == 200
    assert meeting.figures.dropped_newest == 1
    assert meeting.take() is None


def test_nothing_is_due_before_the_detector_is_known() -> None:
    """Without geometry there is no tensor to make."""
    meeting = slot(None)
    meeting.offer(1, "arrival", picture(50))
    assert meeting.take() is None


def test_tensors_go_round() -> None:
    """A hundred frames use as many tensors as can be in use at once."""
    meeting, used = slot(), set[int]()
    for number in range(100):
        meeting.offer(number, "arrival", picture(number))
        meeting.offer(number, "arrival", picture(number))
        taken = meeting.take()
        assert taken is not None
        used.add(taken[0].tensor.ctypes.data)
        taken[1].give_back(taken[0].tensor)
    assert len(used) <= TENSORS_MAX


def test_a_tensor_in_flight_is_not_written() -> None:
    """What was taken keeps its picture while newer frames come."""
    meeting = slot()
    meeting.offer(1, "arrival", picture(50))
    taken = meeting.take()
    assert taken is not None
    for number in range(10):
        meeting.offer(number, "arrival", picture(200))
    assert taken[0].tensor[32, 32] == 50


def test_another_size_rate_or_model_makes_another_geometry() -> None:
    """A camera that changes its picture, or a new card, is followed at once."""
    meeting = slot()
    meeting.offer(1, "arrival", picture(50))
    meeting.offer(2, "arrival", picture(50, 64, 128))
    taken = meeting.take()
    assert taken is not None
    assert (taken[0].box.width, taken[0].box.height) == (32, 64)
    mask = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    meeting.wish = Wish(fps=5.0, geometry=Geometry(width=32, height=32, anchor="top_left", fill=0), masks=(mask,))
    meeting.offer(3, "arrival", picture(50))
    taken = meeting.take()
    assert taken is not None
    assert taken[0].tensor.shape == (48, 32)
    assert np.all(taken[0].tensor[:17] == 16)


def test_more_tensors_than_needed_are_let_go() -> None:
    """Giving back too many does not hoard."""
    meeting = slot()
    meeting.offer(1, "arrival", picture(50))
    taken = meeting.take()
    assert taken is not None
    for _ in range(10):
        taken[1].give_back(taken[0].tensor.copy())
    assert len(taken[1]._free) == TENSORS_MAX
