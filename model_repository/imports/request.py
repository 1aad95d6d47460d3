"""What a user asks for with `import`, and what every importer shares. Pure.

An importer is a module with `examine(asked: Asked) -> WeightsCard`: it reads the file, finds out how the network is fed
and read, and raises ImportRefused where it can't tell. It writes nothing.
"""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

Triple = tuple[float, float, float]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A file and what its user says about it. Empty fields are found out, or are what is usual for the task."""

    path: Path
    task: str
    name: str = ""
    version: str = ""
    licence: str = ""
    labels: Path | None = None
    size: tuple[int, int] | None = None
    """Width and height in pixels, where the file leaves them open."""
    colour: str = ""
    mean: Triple | None = None
    """Subtracted from pixels of 0 to 255, in the order of the network's channels."""
    std: Triple | None = None
    """Pixels are divided by it after that."""
    alphabet: str = ""
    items: Path | None = None
    """Which classes speak of which equipment (`ppe_items.ItemsFile`), where their names don't say."""

    @property
    def token(self) -> str:
        """The name of the weights: as asked, else of the file, in characters that can name a folder."""
        return re.sub(r"[^A-Za-z0-9._-]+", "-", self.name or self.path.stem).strip(".-") or "network"
