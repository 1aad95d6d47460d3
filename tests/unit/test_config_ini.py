"""config.ini is the documentation of every setting: it must say what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from deploy.up.command import SECTIONS
from ingest.settings import check_sections, load, parse

CONFIG = Path(__file__).resolve().parents[2] / "config.ini"


def _keys(section: str) -> list[str]:
    return [field.encode_name for field in msgspec.structs.fields(SECTIONS[section])]


def _bounds(kind: object) -> list[float]:
    """The limits that a key's type sets on numbers."""
    meta = msgspec.inspect.type_info(kind)
    named = (getattr(meta, name, None) for name in ("ge", "le"))
    return [float(one) for one in named if one is not None]


def test_sections_are_those_that_are_read() -> None:
    """No section is missing and none is unknown."""
    ini = CONFIG.read_text(encoding="utf-8")
    check_sections(ini, SECTIONS)
    assert list(parse(ini)) == list(SECTIONS)


@pytest.mark.parametrize("section", SECTIONS)
def test_every_key_stands_there_with_its_default(section: str) -> None:
    """Key by key, both ways: names and order as declared, each value read on its own equal to the default."""
    written = parse(CONFIG.read_text(encoding="utf-8"))[section]
    assert list(written) == _keys(section)
    default = SECTIONS[section]()
    for field in msgspec.structs.fields(SECTIONS[section]):
        alone = f"[{section}]\n{field.encode_name} = {written[field.encode_name]}\n"
        assert getattr(load(SECTIONS[section], section, ini=alone), field.name) == getattr(default, field.name)


@pytest.mark.parametrize("section", SECTIONS)
def test_every_key_is_explained_with_its_limits(section: str) -> None:
    """A comment in English and one in Russian stands over each key; the English one names both limits."""
    lines = CONFIG.read_text(encoding="utf-8").splitlines()
    begin = lines.index(f"[{section}]")
    for field in msgspec.structs.fields(SECTIONS[section]):
        at = next(i for i in range(begin, len(lines)) if re.match(rf"{field.encode_name}\s*=", lines[i]))
        english, russian = lines[at - 2 : at]
        assert re.match(r"# [A-Z].*[a-z].*", english), field.encode_name
        assert re.match(r"# .*[а-я].*", russian), field.encode_name
        numbers = {float(one) for one in re.findall(r"\d+(?:\.\d+)?", english)}
        assert numbers >= set(_bounds(field.type)), field.encode_name
