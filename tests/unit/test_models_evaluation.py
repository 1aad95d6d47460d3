"""Evaluations: intervals, data as people keep it, figures, and the report that is written from them."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest

from model_repository.__main__ import main
from model_repository.contract import ModelRef
from model_repository.errors import DataUnusable, ReportMarkerUnknown
from model_repository.evaluation import datasets, kept, plate_reader, report
from model_repository.evaluation.intervals import bootstrap, middle95, wilson
from model_repository.evaluation.plate_reader import Plate, character_accuracy, edit_distance
from model_repository.evaluation.precision import Picture, resampled
from model_repository.evaluation.task import Conditions, Evaluation, Figure, Measured, share, shown, times

REPOSITORY_ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("hits", "total", "low", "high"),
    [(14, 16, 0.640, 0.965), (16, 16, 0.806, 1.0), (0, 16, 0.0, 0.194), (0, 0, 0.0, 1.0), (50, 100, 0.404, 0.596)],
)
def test_shares_have_wilsons_interval(hits: int, total: int, low: float, high: float) -> None:
    """Values as tables of the score interval give them; nothing tried says nothing."""
    assert wilson(hits, total) == pytest.approx((low, high), abs=0.001)


def test_the_bootstrap_holds_the_figure() -> None:
    """The interval of a mean lies around it and is about two standard errors wide on each side."""
    items = [0.0, 1.0] * 200
    low, high = bootstrap(items, lambda each: sum(each) / len(each), times=400)
    assert 0.43 < low < 0.5 < high < 0.57
    assert all(math.isnan(end) for end in bootstrap([], lambda _: 0.0))
    assert middle95([1.0, math.nan, 1.0]) == (1.0, 1.0)


def test_resampled_pictures_spread_around_the_whole() -> None:
    """Half of the pictures are found: samples lie on both sides of the figure of all."""
    true = np.array([[0, 0, 0, 10, 10]], np.float32)
    hit, miss = np.array([[0, 0, 10, 10, 0.9, 0]], np.float32), np.zeros((0, 6), np.float32)
    samples = resampled([Picture(hit, true), Picture(miss, true)] * 20, 1, times=50)
    figures = [each.map50 for each in samples]
    assert min(figures) < 0.5 < max(figures)


def _picture(path: Path, size: tuple[int, int] = (100, 50)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.zeros((size[1], size[0], 3), np.uint8))


def test_boxes_are_read_from_a_csv(tmp_path: Path) -> None:
    """One row per box, `(none)` for a picture without one; the pattern chooses pictures."""
    (tmp_path / "truth.csv").write_text("file,class,x,y,w,h\na.jpg,car,1,2,3,4\na.jpg,bus,0,0,1,1\nb.jpg,(none),,,,\n")
    a, b = datasets.boxes(tmp_path)
    assert a.boxes == (("car", (1.0, 2.0, 4.0, 6.0)), ("bus", (0.0, 0.0, 1.0, 1.0)))
    assert b.boxes == ()
    assert [each.path.name for each in datasets.boxes(tmp_path, "b*")] == ["b.jpg"]


def test_boxes_are_read_from_yolos_folders(tmp_path: Path) -> None:
    """Centres and sizes in parts of the picture; a picture without a file of labels has no objects."""
    _picture(tmp_path / "images" / "a.png")
    _picture(tmp_path / "images" / "b.png")
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "a.txt").write_text("1 0.5 0.5 0.2 0.4\n")
    (tmp_path / "classes.txt").write_text("car\nbus\n")
    a, b = datasets.boxes(tmp_path)
    assert a.boxes[0][0] == "bus"
    assert a.boxes[0][1] == pytest.approx((40, 15, 60, 35))
    assert b.boxes == ()


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "no CSV with the columns file, class"),
        ({"t.csv": "file,class,x,y,w,h\na.jpg,car,1,zwei,3,4\n"}, "line 2: y is 'zwei'"),
        ({"t.csv": "file,class,x,y,w,h\na.jpg,car,1,nan,3,4\n"}, "line 2: y is 'nan'"),
        ({"t.csv": "file,class,x,y,w,h\n"}, "no picture is named"),
        ({"labels/a.txt": "0 0 0 1 1"}, "nothing names the classes"),
        ({"labels/a.txt": "7 0 0 1 1", "classes.txt": "car"}, "line 1: expected"),
        ({"labels/a.txt": "0 0 0 1", "classes.txt": "car"}, "line 1: expected"),
    ],
)
def test_data_that_cannot_be_used_is_named(tmp_path: Path, files: dict[str, str], message: str) -> None:
    """A missing table, a word for a number, a class too many: the file, the line and the fault."""
    _picture(tmp_path / "images" / "a.png")
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    with pytest.raises(DataUnusable, match=message):
        datasets.boxes(tmp_path)
    with pytest.raises(DataUnusable, match="no such folder"):
        datasets.boxes(tmp_path / "none")
    with pytest.raises(DataUnusable, match="no picture that can be read"):
        datasets.picture(tmp_path / "none.jpg")


@pytest.mark.parametrize(("one", "other", "edits"), [("", "AB", 2), ("A123", "A123", 0), ("A123", "A128C", 2)])
def test_edits_are_counted(one: str, other: str, edits: int) -> None:
    """Characters put in, taken out or changed."""
    assert edit_distance(one, other) == edits == edit_distance(other, one)


def test_plates_are_counted_by_country() -> None:
    """Whole plates, characters and places, of all and of each country, each with its number."""
    plates = [
        Plate(country="ru", text="A123BC77", read="A123BC77", found=True),
        Plate(country="ru", text="A123BC77", read="A128BC77", found=True),
        Plate(country="ua", text="AA1234BB", read="", found=None),
    ]
    figures = {each.name: each for each in plate_reader._figures(plates)}
    assert figures["whole plate, all"].value == pytest.approx(1 / 3)
    assert figures["whole plate, all"].n == 3
    assert figures["whole plate, ru"].value == 0.5
    assert figures["characters, ru"].value == pytest.approx(15 / 16)
    assert figures["plate found, ua"].value is None
    assert character_accuracy(plates[2:]) == 0


def test_figures_are_shown_with_their_interval() -> None:
    """Shares to three digits, times to one, a dash for nothing."""
    assert shown(share("x", 1, 2)) == "0.500 (0.095 to 0.905)"
    assert shown(times("x", [0.001, 0.002, 0.003])) == "2.0 ms (1.5 to 2.5)"
    assert shown(times("x", [])) == shown(None) == "–"


def _evaluation(ensemble: str = "detector", sha256: str = "a" * 64) -> Evaluation:
    return Evaluation(
        ensemble=ensemble,
        models=(ModelRef(name="n", version="1", sha256=sha256),),
        input_width=64,
        input_height=32,
        data="d",
        measured=Measured(items=3, served=(share("mAP50", 1, 2),), left_out=("classes: x",)),
        speed=(times("Triton", [0.002]),),
        conditions=Conditions(date="2026-01-02", machine="m", cores=2, engine="e", command="c"),
    )


def test_the_report_is_written_between_its_markers() -> None:
    """What stands around a block stays, what stands in it is replaced, and a second time changes nothing."""
    text = "before\n<!-- models:results object_detector -->\nold\n<!-- models:end -->\nafter\n"
    written = report.filled(text, {}, [_evaluation("object_detector_x"), _evaluation()])
    assert written.startswith("before\n<!--")
    assert written.endswith("<!-- models:end -->\nafter\n")
    assert written.count("| mAP50 | 0.500 (0.095 to 0.905) | – | 2 |") == 1
    assert "old" not in written
    assert "Left out: classes: x." in written
    assert report.filled(written, {}, [_evaluation("object_detector_x")]) == written
    assert "No evaluation has been kept." in report.filled(text, {}, [])
    with pytest.raises(ReportMarkerUnknown, match="starter-x"):
        report.filled("<!-- models:card starter-x -->\n<!-- models:end -->", {}, [])


def test_figures_of_a_card_become_rows() -> None:
    """Nested figures are named by all that stands above them."""
    assert report.flat({"held_out": {"map50": 0.5}, "n": 3}) == [("held out map50", "0.5"), ("n", "3")]


def test_models_md_is_what_the_command_writes() -> None:
    """No figure in the repository's report was written or changed by hand."""
    text = (REPOSITORY_ROOT / "MODELS.md").read_text("utf-8")
    assert report.filled(text, kept.starters(), kept.evaluations([kept.RESULTS])) == text


def test_kept_evaluations_are_read_and_broken_ones_named(tmp_path: Path) -> None:
    """The list shows the first figure of the last evaluation of the very same weights."""
    (tmp_path / "a.json").write_bytes(msgspec.json.encode(_evaluation()))
    found = kept.evaluations([tmp_path, tmp_path / "none"])
    assert kept.headline(found, "a" * 64) == "mAP50 0.500 (0.095 to 0.905) on d"
    assert kept.headline(found, "b" * 64) == ""
    (tmp_path / "b.json").write_text("{}")
    with pytest.raises(DataUnusable, match=r"b\.json"):
        kept.evaluations([tmp_path])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["eval", "detectr", "--data", "x"], "no ensemble 'detectr'"),
        (["eval", "object_detector", "--name", "x", "--data", "x"], "no weights for 'object_detector/x'"),
        (["report", "--out", "none.md"], "none.md: No such file"),
    ],
)
def test_the_command_line_refuses_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    """A wrong ensemble, weights that are not there, a report that is not there: one line, exit code 2."""
    more = ["--data-dir", str(tmp_path)] if words[0] == "eval" else []
    assert main([*words, *more]) == 2
    assert message in capsys.readouterr().err


def test_a_figure_that_is_not_one_is_kept_as_nothing() -> None:
    """NaN cannot stand in JSON."""
    from model_repository.evaluation.task import figure  # noqa: PLC0415

    assert figure("x", math.nan, (math.nan, math.nan), 0) == Figure(name="x", value=None)
