"""What can go wrong in ingest. Errors hold fields and write their own sentence.

    IngestError
    ├── CameraError            a camera can't be watched: cause (closed set) and words, credentials masked
    │   └── UnsafeAddress      the address may not even be opened
    ├── SpoolError             the folder for messages that wait for the broker can't be used
    └── InferenceError         Triton did not answer a frame: reason (closed set) and words
        └── CardError          the detector's card is missing or makes no sense

Pure: no I/O, no clock.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from ingest.contract import Cause

InferenceReason = Literal["deadline", "unavailable", "refused", "card"]


class IngestError(Exception):
    """Anything that ingest raises by itself."""


class CameraError(IngestError):
    """A camera can't be watched; `str()` is the sentence for people."""

    def __init__(self, cause: Cause, detail: str) -> None:
        super().__init__(cause, detail)
        self.cause: Cause = cause
        self.detail = detail

    def __str__(self) -> str:
        return self.detail


class UnsafeAddress(CameraError):  # noqa: N818 - reads as what it is
    """An address that must not be opened, whoever wrote it."""

    def __init__(self, detail: str) -> None:
        super().__init__("unsafe_url", detail)


class SpoolError(IngestError):
    """The folder in which messages wait for the broker can't be made, locked or written."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(folder, reason)
        self.folder, self.reason = folder, reason

    def __str__(self) -> str:
        return f"[ingest] spool_dir = {self.folder}: {self.reason}; messages wait in memory until it can be written"


class InferenceError(IngestError):
    """A frame got no answer."""

    def __init__(self, reason: InferenceReason, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason: InferenceReason = reason
        self.detail = detail

    def __str__(self) -> str:
        return f"inference: {self.reason}: {self.detail}"


class CardError(InferenceError):
    """The detector's card can't be used."""

    def __init__(self, detail: str) -> None:
        super().__init__("card", f"{detail}; rebuild the model repository")
