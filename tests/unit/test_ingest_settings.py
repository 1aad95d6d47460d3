"""Settings: defaults, file, environment, and errors that name the key."""

from __future__ import annotations

from typing import Annotated

import msgspec
import pytest

from ingest.settings import SettingsError, check_sections, load


class Sample(msgspec.Struct, frozen=True, kw_only=True, rename={"bounding_box": "BoundingBox"}):
    """A section with every kind of key."""

    analysis_fps: Annotated[float, msgspec.Meta(gt=0, le=60)] = 5.0
    class_list: tuple[str, ...] = ("person", "car")
    bounding_box: Annotated[float, msgspec.Meta(ge=1.0, le=2.0)] = 1.15
    limit: int | None = None


def test_defaults_file_environment() -> None:
    """The environment wins over the file, the file over the default."""
    ini = "[ingest]\nBoundingBox = 1.3\nclass_list = truck, bus\nlimit =\n"
    assert load(Sample, "ingest") == Sample()
    assert load(Sample, "ingest", ini=ini) == Sample(bounding_box=1.3, class_list=("truck", "bus"))
    got = load(Sample, "ingest", ini=ini, environ={"ZOOL_INGEST_BOUNDINGBOX": "1.5", "ZOOL_INGEST_LIMIT": "3"})
    assert (got.bounding_box, got.limit) == (1.5, 3)


@pytest.mark.parametrize(
    ("ini", "parts"),
    [
        ("[ingest]\nBoundingBox = 7\n", ["[ingest] BoundingBox", "'7'", "<= 2"]),
        ("[ingest]\nanalysis_fps = fast\n", ["analysis_fps", "'fast'", "float"]),
        ("[ingest]\nanalysis_fsp = 5\n", ["analysis_fsp", "did you mean 'analysis_fps'"]),
        ("[ingest\n", ["config.ini"]),
        ("[ingest]\nlimit = 1\nlimit = 2\n", ["limit"]),
    ],
)
def test_a_wrong_value_is_named(ini: str, parts: list[str]) -> None:
    """The message holds the key, the value and what is allowed."""
    with pytest.raises(SettingsError) as caught:
        load(Sample, "ingest", ini=ini)
    for part in parts:
        assert part in str(caught.value)


def test_unknown_section_is_named() -> None:
    """A section that nobody reads is a typo."""
    with pytest.raises(SettingsError, match=r"\[ingst\].*did you mean 'ingest'"):
        check_sections("[ingst]\na = 1\n", ["ingest", "api"])
