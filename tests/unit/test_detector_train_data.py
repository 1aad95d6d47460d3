"""Shards of pictures and what is done to them before training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from model_repository.train.detector_augment import FILL, clip, letterboxed, mosaic, place, vary
from model_repository.train.detector_feed import feeding, make, pack, phase, weights
from model_repository.train.detector_frames import LABELS, SIZE, Frames, main, numbered, read, toys


@pytest.fixture(scope="module")
def frames() -> Frames:
    """Some toy pictures."""
    pile = Frames()
    for picture, boxes in toys(3, 12):
        pile.add(picture, boxes)
    return pile


def test_a_shard_comes_back_as_it_went(tmp_path: Path, frames: Frames) -> None:
    """Written and read again: the same boxes, the same pictures, in the same order."""
    frames.save(tmp_path / "train-1.npz")
    again = read(tmp_path, validation=False)
    assert len(again) == len(frames)
    assert again.counts() == frames.counts()
    for index in range(len(frames)):
        (mine, my_boxes), (theirs, their_boxes) = frames.get(index), again.get(index)
        assert (mine == theirs).all()
        assert (my_boxes == their_boxes).all()


def test_held_out_shards_are_kept_apart(tmp_path: Path) -> None:
    """The command marks a shard as held out, and training does not read it."""
    assert main(["--out", str(tmp_path), "--seed", "1", "--count", "2", "--toys"]) == 0
    assert main(["--out", str(tmp_path), "--seed", "2", "--count", "3", "--toys", "--validation"]) == 0
    assert len(read(tmp_path, validation=False)) == 2
    assert len(read(tmp_path, validation=True)) == 3


def test_half_size_halves_boxes(frames: Frames) -> None:
    """A picture decoded at half its size has boxes of half the size."""
    index = next(i for i in range(len(frames)) if len(frames.kinds(i)))
    (whole, boxes), (half, halved) = frames.get(index), frames.get(index, half=True)
    assert half.shape[0] * 2 == whole.shape[0]
    assert (halved[:, 1:] * 2 == boxes[:, 1:]).all()


def test_coco_classes_become_labels() -> None:
    """COCO's bus is 5 and its truck 7; what is not a label is left out."""
    rows = numbered([(7, 1, 2, 3, 4), (5, 0, 0, 1, 1), (16, 0, 0, 9, 9), (0, 5, 5, 6, 6)])
    assert [LABELS[int(each)] for each in rows[:, 0]] == ["truck", "bus", "person"]
    assert numbered([]).shape == (0, 5)


def test_clip_keeps_what_is_visible() -> None:
    """A box half outside is cut, one nearly outside is dropped, one inside stays.

    area      +----------+
       [ half |half ]    |   [1 %
              +----------+
    """
    boxes = np.array([[0, -10, 10, 10, 30], [1, 99.8, 0, 119.8, 20], [2, 20, 20, 60, 60]], np.float32)
    kept = clip(boxes, (0, 0, 100, 100))
    assert kept.tolist() == [[0, 0, 10, 10, 30], [2, 20, 20, 60, 60]]


def test_place_moves_boxes_with_the_picture() -> None:
    """A white box on black is where its label says, however it was scaled, shifted and mirrored."""
    rng = np.random.default_rng(0)
    picture = np.zeros((384, 640, 3), np.uint8)
    picture[100:220, 200:360] = 255
    boxes = np.array([[2, 200, 100, 360, 220]], np.float32)
    for _ in range(20):
        canvas, moved = place(picture, boxes, SIZE, rng)
        for _, x1, y1, x2, y2 in moved:
            ring = canvas[int(y1) + 3 : int(y2) - 3, int(x1) + 3 : int(x2) - 3]
            assert (ring > 200).all()
            white = np.argwhere(canvas[:, :, 0] > 200)
            inner = white[(white[:, 0] > y1 - 3) & (white[:, 0] < y2 + 3)]
            assert abs(inner[:, 1].min() - x1) < 3 or x1 <= 0 or canvas[0, 0, 0] > 200 or canvas[-1, -1, 0] > 200


def test_letterbox_is_that_of_a_wide_camera() -> None:
    """A 16:9 picture in 640 x 384 leaves 12 grey rows above and below, and boxes end there."""
    picture = np.zeros((384, 640, 3), np.uint8)
    barred, boxes = letterboxed(picture, np.array([[0, 10, 0, 60, 384]], np.float32))
    grey = (barred == FILL).all(axis=(1, 2))
    assert grey[:12].all()
    assert grey[-12:].all()
    assert not grey[12:-12].any()
    assert boxes.tolist() == [[0, 10, 12, 60, 372]]


def test_varied_pictures_are_sound(frames: Frames) -> None:
    """Whatever is done, the size is as asked, and boxes lie inside and have an area."""
    rng = np.random.default_rng(1)
    for turn in range(12):
        parts = [frames.get(int(index)) for index in rng.integers(0, len(frames), 4 if turn % 3 == 0 else 1)]
        picture, boxes = vary(parts, (320, 192), rng)
        assert picture.shape == (192, 320, 3)
        assert picture.dtype == np.uint8
        assert (boxes[:, 1:3] >= 0).all()
        assert (boxes[:, 3] <= 320).all()
        assert (boxes[:, 4] <= 192).all()
        assert (boxes[:, 3:] > boxes[:, 1:3]).all()


def test_mosaic_holds_the_boxes_of_all_parts(frames: Frames) -> None:
    """Boxes of each quarter stay within the canvas and keep their class."""
    rng = np.random.default_rng(2)
    parts = [frames.get(index) for index in range(4)]
    _, boxes = mosaic(parts, SIZE, rng)
    assert set(boxes[:, 0]) <= set(np.concatenate([each[:, 0] for _, each in parts]))


def test_pack_pads_and_turns_to_rgb() -> None:
    """Padding is marked as absent, and blue of BGR comes last."""
    blue = np.zeros((32, 32, 3), np.uint8)
    blue[..., 0] = 200
    one = np.array([[5, 1, 2, 3, 4]], np.float32)
    batch = pack([(blue, one), (blue, np.zeros((0, 5), np.float32))])
    assert batch.pictures[0, 0, 0].tolist() == [0, 0, 200]
    assert batch.present.tolist() == [[True], [False]]
    assert batch.classes[0, 0] == 5
    assert batch.boxes[0, 0].tolist() == [1, 2, 3, 4]


def test_phases_end_on_full_pictures() -> None:
    """Small pictures at first, full ones at the end, every size a multiple of the coarsest stride."""
    rng = np.random.default_rng(0)
    sizes = [{phase(progress, rng).size for _ in range(40)} for progress in (0.0, 0.5, 0.99)]
    assert (320, 192) in sizes[0]
    assert sizes[2] == {SIZE}
    assert all(width % 32 == 0 and height % 32 == 0 for each in sizes for width, height in each)


def test_rare_classes_are_drawn_more_often() -> None:
    """Of a picture with a rare class and one with a common one, the rare one has the greater chance."""
    pile = Frames()
    blank = np.zeros((32, 32, 3), np.uint8)
    for kind in (2, 2, 2, 2, 3):
        pile.add(blank, np.array([[kind, 1, 1, 9, 9]], np.float32))
    pile.add(blank, np.zeros((0, 5), np.float32))
    chances = weights(pile)
    assert chances.sum() == pytest.approx(1)
    assert chances[4] > chances[0]
    assert chances[5] > 0


def test_a_batch_is_of_the_phase(frames: Frames) -> None:
    """A batch has the size and the number that its phase asks for."""
    rng = np.random.default_rng(0)
    how = phase(0.0, rng)._replace(size=(320, 192), batch=3)
    batch = make(frames, weights(frames), how, rng)
    assert batch.pictures.shape == (3, 192, 320, 3)
    assert len(batch.boxes) == len(batch.classes) == len(batch.present) == 3


def test_the_feeding_process_makes_batches(tmp_path: Path, frames: Frames) -> None:
    """A process of its own reads the shards and hands over batches of the phase it is told."""
    frames.save(tmp_path / "train-1.npz")
    with feeding(tmp_path, seed=0) as feed:
        batch = feed.take()
    assert len(batch.pictures) == 8


def test_a_folder_without_shards_is_refused(tmp_path: Path) -> None:
    """The sentence says how to make some."""
    with pytest.raises(FileNotFoundError, match="render some with"), feeding(tmp_path, seed=0):
        pytest.fail("nothing can be fed")
