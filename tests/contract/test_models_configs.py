"""Every config.pbtxt against Triton's own schema and against the names, shapes and types of the contract."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from google.protobuf import text_format  # type: ignore[import-untyped]
from tritonclient.grpc import model_config_pb2

from model_repository import builder, contract, registry
from model_repository.card import Weights, WeightsCard
from model_repository.contract import (
    CARD_PARAMETER,
    DETECTOR,
    FACE_EMBEDDER,
    OBJECT_DETECTOR,
    PLATE_READER,
    PPE_CLASSIFIER,
    SURFACE_DEFECT,
    ModelCard,
)

CARD = WeightsCard(
    name="n",
    task="t",
    input_width=640,
    input_height=384,
    labels=("person", "helmet"),
    embedding_size=128,
    head="yolov8",
)
SLOT = f"{OBJECT_DETECTOR}/weapons"
ENSEMBLES = {each.name: each for each in registry.with_slots((SLOT,))}
WEIGHTS = {task: Weights(path=Path("/none"), card=CARD) for each in ENSEMBLES.values() for task in each.tasks}

_DETECTOR = {
    contract.FRAME: ("TYPE_UINT8", [576, 640]),
    contract.BOXES: ("TYPE_FP32", [contract.DETECTIONS_MAX, 4]),
    contract.SCORES: ("TYPE_FP32", [contract.DETECTIONS_MAX]),
    contract.CLASSES: ("TYPE_INT32", [contract.DETECTIONS_MAX]),
    contract.COUNT: ("TYPE_INT32", [1]),
}

TENSORS = {
    DETECTOR: _DETECTOR,
    "object_detector_weapons": _DETECTOR,
    PLATE_READER: {
        contract.CROP: ("TYPE_UINT8", [CARD.input_height, CARD.input_width, 3]),
        contract.TEXT: ("TYPE_UINT8", [contract.TEXT_BYTES]),
        contract.CONFIDENCE: ("TYPE_FP32", [1]),
        contract.CHAR_CONFIDENCE: ("TYPE_FP32", [contract.PLATE_CHARS_MAX]),
        contract.QUAD: ("TYPE_FP32", [4, 2]),
        contract.PLATE_SCORE: ("TYPE_FP32", [1]),
        contract.REGION: ("TYPE_UINT8", [contract.REGION_BYTES]),
    },
    SURFACE_DEFECT: {
        contract.CROP: ("TYPE_UINT8", [CARD.input_height, CARD.input_width, 3]),
        contract.DEFECT_SCORE: ("TYPE_FP32", [1]),
        contract.DEFECT_MAP: ("TYPE_FP32", [contract.DEFECT_TILES, contract.DEFECT_TILES]),
    },
    FACE_EMBEDDER: {
        contract.CROP: ("TYPE_UINT8", [CARD.input_height, CARD.input_width, 3]),
        contract.FACE_BOX: ("TYPE_FP32", [4]),
        contract.FACE_SCORE: ("TYPE_FP32", [1]),
        contract.LANDMARKS: ("TYPE_FP32", [5, 2]),
        contract.FACE_QUALITY: ("TYPE_FP32", [4]),
        contract.EMBEDDING: ("TYPE_FP32", [CARD.embedding_size]),
        contract.LIVENESS: ("TYPE_FP32", [1]),
    },
    PPE_CLASSIFIER: {
        contract.CROP: ("TYPE_UINT8", [CARD.input_height, CARD.input_width, 3]),
        contract.ITEM_WORN: ("TYPE_FP32", [len(CARD.labels)]),
        contract.ITEM_KNOWN: ("TYPE_FP32", [len(CARD.labels)]),
    },
}


def _configs() -> dict[str, Any]:
    models = builder.render(tuple(ENSEMBLES.values()), WEIGHTS)
    return {model.name: text_format.Parse(model.config, model_config_pb2.ModelConfig()) for model in models}


def _tensors(config: Any) -> dict[str, tuple[str, list[int]]]:
    named = [*config.input, *config.output]
    return {each.name: (model_config_pb2.DataType.Name(each.data_type), list(each.dims)) for each in named}


def test_every_ensemble_has_its_tensors_written_down_here() -> None:
    """An ensemble that is added to the registry is held to the contract by this file."""
    assert set(TENSORS) == set(ENSEMBLES)


def test_every_template_is_rendered() -> None:
    """No folder of the sources is forgotten."""
    rendered = {model.source for model in builder.render(tuple(ENSEMBLES.values()), WEIGHTS) if model.source}
    assert rendered == set(builder.SOURCES.glob("*/*/model.py"))


@pytest.mark.parametrize("ensemble", TENSORS)
def test_ensembles_keep_the_contract(ensemble: str) -> None:
    """Names, types and shapes of an ensemble are those that clients code against."""
    config = _configs()[ensemble]
    assert config.name == ensemble
    assert config.platform == "ensemble"
    assert len(config.ensemble_scheduling.step) >= 2
    assert _tensors(config) == TENSORS[ensemble]


@pytest.mark.parametrize("ensemble", TENSORS)
def test_steps_fit_together(ensemble: str) -> None:
    """Every tensor between the steps is produced once and has one type and shape on both of its ends."""
    configs = _configs()
    known = {each.name: _tensors(configs[ensemble])[each.name] for each in configs[ensemble].input}
    for step in configs[ensemble].ensemble_scheduling.step:
        tensors = _tensors(configs[step.model_name])
        for inner, outer in step.input_map.items():
            assert tensors[inner] == known[outer]
        for inner, outer in step.output_map.items():
            assert outer not in known
            known[outer] = tensors[inner]
    assert known.items() >= _tensors(configs[ensemble]).items()


@pytest.mark.parametrize("ensemble", TENSORS)
def test_every_step_batches(ensemble: str) -> None:
    """Dynamic batching is on for every step, up to the size that the ensemble takes."""
    configs = _configs()
    for step in configs[ensemble].ensemble_scheduling.step:
        config = configs[step.model_name]
        assert config.HasField("dynamic_batching")
        assert config.max_batch_size == configs[ensemble].max_batch_size > 1
        assert config.backend == "python"


@pytest.mark.parametrize("ensemble", TENSORS)
def test_networks_are_warmed_up(ensemble: str) -> None:
    """Every step with a network runs once before it counts as ready."""
    configs = _configs()
    for step in ENSEMBLES[ensemble].steps:
        config = configs[f"{ensemble}_{step.name}"]
        assert bool(config.model_warmup) == bool(step.tasks)
        for sample in config.model_warmup:
            inputs = {each.name for each in config.input}
            assert set(sample.inputs) == inputs


@pytest.mark.parametrize("ensemble", TENSORS)
def test_the_card_travels_with_the_ensemble(ensemble: str) -> None:
    """Clients read how to feed a model from its configuration."""
    text = _configs()[ensemble].parameters[CARD_PARAMETER].string_value
    card = msgspec.json.decode(text, type=ModelCard)
    assert card == builder.public_card(ENSEMBLES[ensemble], WEIGHTS)


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ('name: "detector" platfrom: "ensemble"', "platfrom"),
        ('max_batch_size: "eight"', "eight"),
        ('input [ { name: "FRAME" data_type: TYPE_BYTE } ]', "TYPE_BYTE"),
        ("instance_group [ { count: 1 ", "Expected"),
    ],
)
def test_broken_configurations_are_told_apart(broken: str, message: str) -> None:
    """Triton's schema refuses a wrong word, type, name of a type or bracket, and names it: these tests would too."""
    with pytest.raises(text_format.ParseError, match=message):
        text_format.Parse(broken, model_config_pb2.ModelConfig())
