"""A detector's last layers are really taught, in a process of their own, without torch."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import onnxruntime
import pytest

from model_repository import card, store
from model_repository.__main__ import main
from model_repository.learning import job
from model_repository.learning.contract import JobReport, JobSpec, TrainingRecord
from model_repository.learning.errors import JobFailed, PackageUnsuited
from model_repository.learning.surgery import Surgeon
from tests.support.learning import dataset, spoilt, starter

NAME = "site-detector"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with a spoilt detector in use, and the data set of what is true."""
    folder = tmp_path_factory.mktemp("learning-train")
    dataset(folder / "set")
    weights = spoilt(folder / "spoilt", name=NAME, amount=0.8)
    store.add(weights.path, weights.card, folder / "data")
    return folder


def _train(site: Path, *words: str) -> int:
    common = ["train", "--task", "detector", "--data", str(site / "set"), "--data-dir", str(site / "data"), "--json"]
    return main([*common, "--nice", "0", *words])


def test_a_spoilt_detector_gets_better(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The figure on `val` rises, the package answers, its card and record say what it comes from, plots are drawn."""
    assert _train(site, "--name", "better", "--epochs", "12") == 0
    report = msgspec.json.decode(capsys.readouterr().out, type=JobReport)
    assert report.after > report.before + 0.03
    assert report.base.name == NAME
    weights = card.load(Path(report.weights))
    assert weights.card.labels == starter().card.labels
    session = onnxruntime.InferenceSession(weights.path)
    answer = session.run(None, {"images": np.zeros((1, 3, 384, 640), np.float32)})[0]
    assert answer.shape == (1, 10, 5040)
    record = msgspec.json.decode((weights.path.parent / "training.json").read_bytes(), type=TrainingRecord)
    assert record.base.name == NAME
    assert record.pictures
    assert {Path(plot).name for plot in report.plots} == {"loss.png", "val.png"}
    assert all(Path(plot).stat().st_size > 1000 for plot in report.plots)


def test_a_job_goes_on_where_it_was(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Three epochs and two more are five: the same weights as five at once."""
    assert _train(site, "--name", "halves", "--epochs", "3", "--patience", "99") == 0
    assert _train(site, "--name", "halves", "--epochs", "5", "--patience", "99", "--resume") == 0
    whole = msgspec.json.decode(capsys.readouterr().out.splitlines()[-1], type=JobReport)
    assert [epoch.epoch for epoch in whole.epochs] == [0, 1, 2, 3, 4, 5]
    assert _train(site, "--name", "at-once", "--epochs", "5", "--patience", "99") == 0
    once = msgspec.json.decode(capsys.readouterr().out, type=JobReport)
    assert [epoch.val for epoch in once.epochs] == [epoch.val for epoch in whole.epochs]
    mine, theirs = (Surgeon(card.load(Path(each.weights))) for each in (once, whole))
    for one, other in zip(mine.layers, theirs.layers, strict=True):
        assert np.allclose(one.weight, other.weight, atol=1e-6)


def test_what_can_not_be_taught_is_refused(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Another head, a folder without examples, a job that is there, one that is not."""
    with pytest.raises(PackageUnsuited, match="yolox"):
        Surgeon(msgspec.structs.replace(starter(), card=starter().card.with_head("yolox")))
    assert _train(site, "--name", "none", "--resume") == 2
    assert "no job" in capsys.readouterr().err
    parsed = job.base_weights("detector", "", site / "data")
    assert parsed.card.name == NAME
    with pytest.raises(PackageUnsuited, match="there are no such weights"):
        job.base_weights("detector", "other", site / "data")
    assert job.next_name("starter-detector", {"starter-detector-r1"}) == "starter-detector-r2"
    assert job.next_name("starter-detector-r2", set()) == "starter-detector-r1"


def test_a_job_that_dies_says_why(site: Path) -> None:
    """Weights that are not there: the last words of its process are in the error."""
    folder = site / "job"
    spec = JobSpec(task="detector", data=str(site / "set"), base=str(site / "gone.onnx"), name="x", out=str(folder))
    with pytest.raises(JobFailed, match="model card"):
        job.finished(spec, folder, lambda _: None)
