"""Building and storing: whole or not at all, nothing twice, refusals in words."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from model_repository import builder, card, registry, store
from model_repository.__main__ import main
from model_repository.card import WeightsCard
from model_repository.contract import DETECTOR, OBJECT_DETECTOR, PLATE_READER
from model_repository.errors import CardInvalid, NameTaken, NameUnusable, WeightsChanged, WeightsMissing, WeightsUnknown
from model_repository.registry import Ensemble


def _deploy(data: Path, task: str, name: str = "mine", **more: object) -> None:
    source = data / "source.onnx"
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_bytes(f"network {task} {name}".encode())
    described = {"name": name, "task": task, "input_width": 64, "input_height": 32, **more}
    store.add(source, msgspec.convert(described, WeightsCard), data)


def _ensemble(name: str) -> Ensemble:
    found = registry.ensemble(name)
    assert found
    return found


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory with weights for every task."""
    for task in registry.TASKS:
        _deploy(tmp_path / "data", task.name)
    return tmp_path / "data"


def test_a_built_repository_holds_every_model(data: Path, tmp_path: Path) -> None:
    """Each model has its configuration and version folder, steps their code, networks their weights."""
    out = tmp_path / "out"
    assert builder.build(out, data)
    for ensemble in registry.ENSEMBLES:
        assert (out / ensemble.name / "config.pbtxt").exists()
        assert sum(1 for each in (out / ensemble.name).iterdir() if each.is_dir()) == 1
        for step in ensemble.steps:
            version = out / f"{ensemble.name}_{step.name}" / "1"
            assert (version / "model.py").exists()
            assert len(list(version.glob("network.*"))) == (2 if step.tasks else 0)
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
        builder.build(out, tmp_path / "data", (_ensemble(DETECTOR),))
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
    weights = builder.find_weights((_ensemble(PLATE_READER),), data)
    public = builder.public_card(_ensemble(PLATE_READER), weights)
    assert [part.name for part in public.parts] == ["mine", "mine"]
    assert len({part.sha256 for part in public.parts}) == 2
    assert (public.input_width, public.input_height, public.anchor) == (64, 32, "top_left")


def test_labels_with_quotes_survive_the_configuration(data: Path, tmp_path: Path) -> None:
    """Whatever stands in a card arrives in the configuration as it was."""
    labels = ('a "quoted" one', "back\\slash", "человек", "line\nbreak")
    _deploy(data, DETECTOR, "odd", labels=labels)
    weights = builder.find_weights((_ensemble(DETECTOR),), data)
    config = builder.render((_ensemble(DETECTOR),), weights)[-1].config
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


def test_every_slot_is_an_ensemble_of_its_own(data: Path, tmp_path: Path) -> None:
    """Further detectors are all built beside the detector, from its sources, each with its own weights."""
    _deploy(data, OBJECT_DETECTOR, "weapons")
    assert store.slots(data) == ("object_detector/mine", "object_detector/weapons")
    assert all(used for _, used in store.known(OBJECT_DETECTOR, data))
    assert main(["build", "--out", str(tmp_path / "out"), "--data-dir", str(data)]) == 0
    for name in ("mine", "weapons"):
        model = tmp_path / "out" / f"object_detector_{name}_network"
        assert f'name: "object_detector_{name}_network"' in (model / "config.pbtxt").read_text("utf-8")
        assert card.load(model / "1" / "network.onnx").card.name == name


def test_a_taken_name_is_refused(data: Path) -> None:
    """Other weights under a name in use are refused and nothing changes; the same ones, or --replace, go through."""
    _deploy(data, DETECTOR)
    (data / "other.onnx").write_bytes(b"other")
    other = WeightsCard(name="mine", task=DETECTOR)
    with pytest.raises(NameTaken, match=r"--name OTHER.*--replace"):
        store.add(data / "other.onnx", other, data)
    assert store.deployed(DETECTOR, data).card.input_width == 64
    store.add(data / "other.onnx", other, data, replace=True)
    assert store.deployed(DETECTOR, data).card.input_width == 0


@pytest.mark.parametrize("name", ["Weapons", "a.b", "", "-x", "x" * 41])
def test_a_slot_needs_a_name_that_can_stand_in_a_subject(data: Path, name: str) -> None:
    """What cannot be part of an ensemble's name is refused before anything is written."""
    with pytest.raises(NameUnusable, match="object_detector_NAME"):
        store.add(data / "source.onnx", WeightsCard(name=name, task=OBJECT_DETECTOR), data)
    assert store.slots(data) == ("object_detector/mine",)


def test_weights_can_be_chosen_and_removed(data: Path) -> None:
    """Back to an earlier import, back to the starter; what is not there is refused with what is."""
    _deploy(data, DETECTOR, "second")
    store.use(DETECTOR, "mine", data)
    assert store.deployed(DETECTOR, data).card.name == "mine"
    store.remove(DETECTOR, "mine", data)
    assert store.deployed(DETECTOR, data).card.starter
    store.use(DETECTOR, "second", data)
    store.use(DETECTOR, "starter-detector", data)
    assert store.deployed(DETECTOR, data).card.starter
    with pytest.raises(WeightsUnknown, match="starter-detector, second"):
        store.use(DETECTOR, "mine", data)
    with pytest.raises(WeightsUnknown, match="there are: second"):
        store.remove(DETECTOR, "starter-detector", data)


def test_weights_without_a_version_are_named_by_their_hash(data: Path) -> None:
    """Every event names a version, so every card has one."""
    weights = store.deployed(DETECTOR, data).card
    assert weights.version == weights.sha256[:12]


def test_an_unknown_ensemble_is_named(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--only` with a wrong name says which there are."""
    assert main(["build", "--out", str(data / "out"), "--data-dir", str(data), "--only", "detectr"]) == 2
    assert "object_detector_mine" in capsys.readouterr().err
