"""The GPU repository, rendered for 0, 1, 2 and 8 cards, against Triton's schema and the CPU's ensembles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2

from model_repository import builder, registry
from model_repository.card import Weights, WeightsCard
from model_repository.contract import DETECTOR, OBJECT_DETECTOR, PLATE_READER
from model_repository.target import Target

CARD = WeightsCard(name="n", task="t", input_width=640, input_height=384, labels=("person",), head="yolov8")
ENSEMBLES = {each.name: each for each in registry.with_slots((f"{OBJECT_DETECTOR}/weapons",))}
WEIGHTS = {task: Weights(path=Path("/none"), card=CARD) for each in ENSEMBLES.values() for task in each.tasks}
WITH_PLANS = [name for name, each in ENSEMBLES.items() if each.gpu_steps]
GPUS = (0, 1, 2, 8)

Tensors = dict[str, tuple[int, tuple[int, ...]]]


def _configs(target: Target, batch_max: dict[str, int] | None = None) -> dict[str, Any]:
    models = builder.render(tuple(ENSEMBLES.values()), WEIGHTS, target, batch_max or {})
    return {model.name: text_format.Parse(model.config, model_config_pb2.ModelConfig()) for model in models}


def _tensors(named: Any) -> Tensors:
    return {each.name: (each.data_type, tuple(each.dims)) for each in named}


@pytest.mark.parametrize("gpus", GPUS)
def test_ensembles_are_those_of_the_cpu(gpus: int) -> None:
    """A client cannot tell the targets apart: the same inputs, outputs and card."""
    cpu, gpu = _configs(Target()), _configs(Target(name="gpu", gpus=gpus))
    for name in ENSEMBLES:
        assert _tensors(gpu[name].input) == _tensors(cpu[name].input)
        assert _tensors(gpu[name].output) == _tensors(cpu[name].output)
        assert gpu[name].parameters == cpu[name].parameters
        assert gpu[name].platform == "ensemble"


@pytest.mark.parametrize("gpus", GPUS)
@pytest.mark.parametrize("ensemble", WITH_PLANS)
def test_steps_fit_together(ensemble: str, gpus: int) -> None:
    """Every tensor between steps is produced once, has one type, and one shape where the shape is fixed."""
    configs = _configs(Target(name="gpu", gpus=gpus))
    known = _tensors(configs[ensemble].input)
    for step in configs[ensemble].ensemble_scheduling.step:
        given, made = _tensors(configs[step.model_name].input), _tensors(configs[step.model_name].output)
        assert {inner: given[inner] for inner in step.input_map} == {
            inner: known[outer] for inner, outer in step.input_map.items()
        }
        assert set(step.input_map) == set(given)
        for inner, outer in step.output_map.items():
            assert outer not in known
            known[outer] = made[inner]
    assert known.items() >= _tensors(configs[ensemble].output).items()


@pytest.mark.parametrize("gpus", GPUS)
@pytest.mark.parametrize("ensemble", WITH_PLANS)
def test_networks_are_on_every_card(ensemble: str, gpus: int) -> None:
    """Plans on all cards, two instances each, warmed up alone and in a batch; without a card ONNX Runtime."""
    configs = _configs(Target(name="gpu", gpus=gpus))
    networks = [configs[f"{ensemble}_{step.name}"] for step in ENSEMBLES[ensemble].gpu_steps if step.graph]
    assert networks
    for config in networks:
        (group,) = config.instance_group
        if gpus:
            assert config.platform == "tensorrt_plan"
            assert (group.kind, list(group.gpus), group.count) == (group.KIND_GPU, list(range(gpus)), 2)
        else:
            assert config.backend == "onnxruntime"
            assert group.kind == group.KIND_CPU
        assert list(config.dynamic_batching.preferred_batch_size) == [4, 8]
        assert [sample.batch_size for sample in config.model_warmup] == [1, 8]


def test_a_network_for_one_picture_is_not_batched() -> None:
    """Where a network takes one picture at a time, so does its whole ensemble; the others keep their batches."""
    configs = _configs(Target(name="gpu", gpus=1, batch=16), {PLATE_READER: 1})
    assert configs[PLATE_READER].max_batch_size == configs["plate_reader_finder"].max_batch_size == 1
    assert not configs["plate_reader_finder"].dynamic_batching.preferred_batch_size
    assert configs[DETECTOR].max_batch_size == configs["detector_boxes"].max_batch_size == 16
    assert list(configs["detector_network"].dynamic_batching.preferred_batch_size) == [8, 16]
