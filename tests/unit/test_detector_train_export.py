"""The network's shape, its export, and one step of training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch belongs to the group `train`")
pytest.importorskip("onnxruntime", reason="the exported network is read with ONNX Runtime")

from model_repository import card as cards  # noqa: E402
from model_repository.contract import CARD_PARAMETER  # noqa: E402
from model_repository.train import detector  # noqa: E402
from model_repository.train.detector_eval import found, onnx  # noqa: E402
from model_repository.train.detector_export import NAME, ExportDiffersError, compare, export, write_card  # noqa: E402
from model_repository.train.detector_feed import pack  # noqa: E402
from model_repository.train.detector_frames import LABELS, SIZE, toys  # noqa: E402
from model_repository.train.detector_network import Detector, Exported  # noqa: E402

CELLS = 640 * 384 // 64 + 640 * 384 // 256 + 640 * 384 // 1024


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained network, exported with its card."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / f"{NAME}.onnx"
    export(Detector(), path)
    write_card(path, "0", {"map50": 0.0}, "python -m model_repository.train.detector")
    return path


def test_the_head_is_that_of_the_contract(exported: Path) -> None:
    """Any batch goes in; 4 + 6 rows for every cell come out: positive sizes, probabilities."""
    head = onnx(exported)(np.random.default_rng(0).random((3, 3, SIZE[1], SIZE[0]), np.float32))
    assert head.shape == (3, 4 + len(LABELS), CELLS)
    assert (head[:, 2:4] > 0).all()
    assert ((head[:, 4:] >= 0) & (head[:, 4:] <= 1)).all()
    assert exported.stat().st_size < 12e6


def test_the_card_fits_the_file(exported: Path) -> None:
    """The card reads as every other card, names the labels and is of this very file."""
    card = cards.load(exported).card
    assert CARD_PARAMETER
    assert card.labels == LABELS
    assert (card.input_width, card.input_height, card.anchor, card.fill) == (640, 384, "center", 114)
    assert (card.head, card.colour, card.divide, card.starter) == ("yolov8", "rgb", 255.0, True)
    assert card.sha256 == cards.file_sha256(exported)


def test_an_export_of_something_else_is_refused(exported: Path) -> None:
    """Other weights than the file's are noticed, and the sentence says by how much."""
    other = Detector().eval()
    with torch.no_grad():
        other.heads[0].place[1].bias += 0.5
    with pytest.raises(ExportDiffersError, match=r"differs by .* px"):
        compare(Exported(other), exported)


def test_found_reads_a_head() -> None:
    """One confident cell becomes one box in corners with its class."""
    head = np.zeros((4 + len(LABELS), CELLS), np.float32)
    head[:4, 17] = (100, 80, 40, 20)
    head[4 + 2, 17] = 0.9
    assert found(head).tolist() == [[80, 70, 120, 90, pytest.approx(0.9), 2]]


def test_a_few_steps_lower_the_loss_and_a_state_comes_back(tmp_path: Path) -> None:
    """The trainer learns one small batch, and what it saves is what it loads."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    training = detector.fresh(2e-3)
    batch = pack(list(toys(0, 4, (160, 96))))
    costs = [float(detector.step(training, batch, 2e-3, count).total) for count in range(12)]
    assert costs[-1] < costs[0]
    detector.save(tmp_path / "state.pt", training, 12, 3.5)
    again = detector.fresh(2e-3)
    assert detector.load(tmp_path / "state.pt", again) == (12, 3.5)
    for mine, theirs in zip(training.average.state_dict().values(), again.average.state_dict().values(), strict=True):
        assert torch.equal(mine, theirs)


def test_the_rate_rises_and_falls() -> None:
    """A ramp at the start, the full rate after it, a fiftieth at the end."""
    assert detector.rate_at(0.0) < detector.rate_at(0.02) < detector.rate_at(detector.WARM_UP) == pytest.approx(1)
    assert detector.rate_at(1.0) == pytest.approx(detector.RATE_END)
