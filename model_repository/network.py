"""A network on the CPU (OpenVINO): pictures as they come in, answers as arrays.

Edge: the only module that imports OpenVINO. It runs inside Triton's Python backend.

Colour conversion and scaling are put into the graph, in front of the network. The network is compiled for one picture
and a batch is worked off as a queue: on a CPU a batch is no faster than its pictures one by one, and an answer cannot
depend on its neighbours. Precision is left to OpenVINO (bf16 where the processor has it).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import openvino as ov
from openvino.preprocess import ColorFormat, PrePostProcessor

from model_repository.card import Weights, WeightsCard

Frame = npt.NDArray[np.uint8]
Answer = npt.NDArray[np.float32]

STREAMS_MAX = 8
"""As many pictures as Triton batches at most are worked on at a time, each by its own cores.

One core per picture: on two busy cores 55 to 70 frames/s of the starter against 42 to 60 with both cores on one
picture, whose halves wait for each other whenever something else runs.
"""


class Network:
    """A compiled network with a queue of requests."""

    def __init__(self, weights: Weights, source: str, *, exact: bool = False) -> None:
        """Compile; `source` is what comes in: 'i420', 'bgr', 'rgb' or 'gray'; `exact` keeps float32 throughout."""
        core = ov.Core()
        model = core.read_model(weights.path)
        if model.inputs[0].element_type == ov.Type.u8:
            # The network normalises by itself and takes the picture as it comes.
            model.reshape({model.inputs[0]: [1, *list(model.inputs[0].partial_shape)[1:]]})
        else:
            model.reshape({model.inputs[0]: _input_shape(weights.card, source)})
            model = _prepended(model, weights.card, source)
        self._compiled = core.compile_model(model, "CPU", _properties(exact=exact))
        self.shape = tuple(self._compiled.inputs[0].shape)
        self._queue = ov.AsyncInferQueue(self._compiled, self._compiled.get_property("NUM_STREAMS") + 1)
        self._queue.set_callback(_finish)

    def each(self, frames: Iterable[Frame], done: Callable[[int, Answer], None]) -> None:
        """Run every picture of a batch and give (its index, the first output without the batch axis) to `done`.

        The answer is valid only during the call of `done`, which may come from another thread and in any order.
        """
        self.each_whole(frames, lambda index, outputs: done(index, outputs[0][0]))

    def each_whole(self, frames: Iterable[Frame], done: Callable[[int, list[Answer]], None]) -> None:
        """Like `each`, with every output as it is, batch axis included: heads of several outputs need them all."""
        for index, frame in enumerate(frames):
            self._queue.start_async({0: ov.Tensor(frame.reshape(self.shape))}, (done, index))
        self._queue.wait_all()


def _finish(request: Any, context: tuple[Callable[[int, list[Answer]], None], int]) -> None:
    done, index = context
    done(index, [tensor.data for tensor in request.output_tensors])


def _properties(*, exact: bool) -> dict[str, Any]:
    cores = len(os.sched_getaffinity(0))
    return {
        "PERFORMANCE_HINT": "THROUGHPUT",
        "NUM_STREAMS": min(cores, STREAMS_MAX),
        "INFERENCE_NUM_THREADS": cores,
        # Pinned threads of two networks would fight for the same core while another idles.
        "ENABLE_CPU_PINNING": False,
        **({"INFERENCE_PRECISION_HINT": "f32"} if exact else {}),
    }


def _input_shape(card: WeightsCard, source: str) -> list[int]:
    channels = 1 if source == "gray" else 3
    return [1, channels, card.input_height, card.input_width]


def _prepended(model: Any, card: WeightsCard, source: str) -> Any:
    """Put colour conversion, mean and scale in front of the network."""
    wanted = {"rgb": ColorFormat.RGB, "bgr": ColorFormat.BGR, "gray": ColorFormat.GRAY}
    formats = {"i420": ColorFormat.I420_SINGLE_PLANE, **wanted}
    builder = PrePostProcessor(model)
    tensor = builder.input().tensor().set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC"))
    steps = builder.input().preprocess().convert_element_type(ov.Type.f32)
    if source != "gray":
        tensor.set_color_format(formats[source])
        steps.convert_color(wanted[card.colour])
    if card.subtract:
        steps.mean(_plain(card.subtract))
    if card.divide != 1:
        steps.scale(_plain(card.divide))
    builder.input().model().set_layout(ov.Layout("NCHW"))
    return builder.build()


def _plain(value: float | tuple[float, ...]) -> float | list[float]:
    return list(value) if isinstance(value, tuple) else value


def weights_in(model_directory: Path, stem: str = "network", suffix: str = ".onnx") -> Path:
    """The weights inside a built Triton model (version 1): its first network, or a further one by its task."""
    return model_directory / "1" / f"{stem}{suffix}"
