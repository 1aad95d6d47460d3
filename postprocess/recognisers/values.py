"""Values of an answer as a read holds them. Pure: no I/O, no clock."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

DTYPES: dict[str, Any] = {
    "FP32": np.float32, "INT32": np.int32, "INT64": np.int64, "UINT8": np.uint8, "FP16": np.float16,
}  # fmt: skip


def array(datatype: str, raw: bytes) -> npt.NDArray[Any]:
    """One output of Triton as a flat array; BYTES (four bytes of length, then the text) become uint8.

    Raises `ValueError` where bytes and datatype don't fit, `KeyError` for a datatype that no ensemble of ours has.
    """
    if datatype != "BYTES":
        return np.frombuffer(raw, DTYPES[datatype])
    length = int.from_bytes(raw[:4], "little")
    if len(raw) != length + 4:
        raise ValueError(f"a BYTES tensor of {len(raw)} bytes says it holds {length}")
    return np.frombuffer(raw, np.uint8, offset=4)


def text(values: npt.NDArray[Any]) -> str:
    """UTF-8 with zeros to the end."""
    return bytes(np.asarray(values, np.uint8)).rstrip(b"\0").decode()


def share(value: float) -> float:
    """A confidence, held within 0..1 and rounded so that it does not carry noise; NaN counts as 0."""
    number = float(value)
    return round(min(1.0, max(0.0, number)), 6) if number == number else 0.0  # noqa: PLR0124 - NaN is not itself
