"""Building and storing: whole or not at all, nothing twice, refusals in words."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from model_repository import builder, card, store
from model_repository.__main__ import main
from model_repository.card import WeightsCard
from model_repository.contract import DETECTOR, PLATE_READER
from model_repository.errors import CardInvalid, WeightsChanged, WeightsMissing


def _deploy(data: Path, task: str, name: str = "mine", **more: object) -> None:
    source = data / "source.onnx"
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_bytes(f"network {task} {name}".encode())
    described = {"name": name, "task": task, "input_width": 64, "input_height": 32, **more}
    store.add(source, msgspec.convert(described, WeightsCard), data)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory with weights for every task."""
    for task in card.TASKS:
        _deploy(tmp_path / "data", task)
    return tmp_path / "data"


def test_a_built_repository_holds_every_model(data: Path, tmp_path: Path) -> None:
    """Each model has its configuration and version folder, steps their code, networks their weights."""
    out = tmp_path / "out"
    assert builder.build(out, data)
    for ensemble, steps in builder.STEPS.items():
        assert (out / ensemble / "config.pbtxt").exists()
        assert (out / ensemble / "1").is_dir()
        for step, task in steps.items():
            version = out / f"{ensemble}_{step}" / "1"
            assert (version / "model.py").exists()
            assert (version / "network.onnx").exists() == bool(task)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_what_is_up_to_date_is_left_alone(data: Path, tmp_path: Path) -> None:
    """A second build writes nothing; other weights make it write."""
    out = tmp_path / "out"
    assert builder.build(out, data)
    assert not builder.build(out, data)
    _deploy(data, DETECTOR, "other")
    assert builder.build(out, data)
    assert card.load(out / "detector_network" / "1" / "network.onnx").card.name == "other"


def test_missing_weights_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No weights: the message names the task and the commands; what was built before stays."""
    monkeypatch.setattr(store, "STARTERS", tmp_path / "none")
    out = tmp_path / "out"
    with pytest.raises(WeightsMissing, match="zool models import FILE --as detector"):
        builder.build(out, tmp_path / "data", (DETECTOR,))
    assert not out.exists()


def test_changed_weights_are_refused(data: Path, tmp_path: Path) -> None:
    """A file that is not the one its card speaks of is not served."""
    (data / "models" / DETECTOR / "mine" / "network.onnx").write_bytes(b"other")
    with pytest.raises(WeightsChanged, match="SHA-256"):
        builder.build(tmp_path / "out", data)


@pytest.mark.parametrize("text", ["{", "{}", '{"name": 1, "task": "detector"}'])
def test_a_broken_card_is_named(data: Path, tmp_path: Path, text: str) -> None:
    """Not JSON, a field missing, a field of the wrong type: the file is named."""
    (data / "models" / DETECTOR / "mine" / "network.json").write_text(text)
    with pytest.raises(CardInvalid, match=r"network\.json"):
        builder.build(tmp_path / "out", data)


def test_the_starter_serves_until_something_is_imported(tmp_path: Path) -> None:
    """The starter is in use, says that it is one, and steps back behind an import."""
    assert store.deployed(DETECTOR, tmp_path).card.starter
    _deploy(tmp_path, DETECTOR)
    assert not store.deployed(DETECTOR, tmp_path).card.starter
    assert [(each.card.name, used) for each, used in store.known(DETECTOR, tmp_path)] == [
        ("starter-detector", False),
        ("mine", True),
    ]


def test_the_card_of_several_networks_names_all(data: Path) -> None:
    """The plate reader's card carries a reference to each of its networks."""
    weights = builder.find_weights((PLATE_READER,), data)
    public = builder.public_card(PLATE_READER, weights)
    assert [part.name for part in public.parts] == ["mine", "mine"]
    assert len({part.sha256 for part in public.parts}) == 2
    assert (public.input_width, public.input_height, public.anchor) == (64, 32, "top_left")


def test_labels_with_quotes_survive_the_configuration(data: Path, tmp_path: Path) -> None:
    """Whatever stands in a card arrives in the configuration as it was."""
    labels = ('a "quoted" one', "back\\slash", "человек", "line\nbreak")
    _deploy(data, DETECTOR, "odd", labels=labels)
    weights = builder.find_weights((DETECTOR,), data)
    config = builder.render((DETECTOR,), weights)[-1].config
    quoted = config.split("string_value: ")[1].rsplit(" } }", 1)[0]
    assert tuple(json.loads(json.loads(quoted))["labels"]) == labels


def test_the_command_line_builds_and_lists(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`build` says what it did, `list` marks what is in use, a refusal is exit code 2 with one line."""
    out = str(tmp_path / "out")
    assert main(["build", "--out", out, "--data-dir", str(data)]) == 0
    assert main(["build", "--out", out, "--data-dir", str(data)]) == 0
    assert main(["list", "--data-dir", str(data)]) == 0
    text = capsys.readouterr().out
    assert "built" in text
    assert "up to date" in text
    assert "* detector" in text
    monkeypatch.setattr(store, "STARTERS", tmp_path / "none")
    assert main(["build", "--out", out, "--data-dir", str(tmp_path / "empty")]) == 2
    assert capsys.readouterr().err.startswith("zool models: no weights for")
