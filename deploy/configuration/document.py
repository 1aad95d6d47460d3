"""YAML as configuration files are written: the core schema of YAML 1.2, with one meaning for each text.

Pure.

Rules
- `true` and `false` are the only truths, `18:00`, `on` and `2026-03-01` are texts: plates, clock times and names mean
  what they look like. What is written by `dump` is read back the same.
- A key that stands twice is a fault, not a matter of order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

_MERGE = "tag:yaml.org,2002:merge"


class DocumentFault(ValueError):  # noqa: N818 - named by what it is
    """No such document; the text says line and column."""


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    def construct_mapping(self, node: Any, deep: bool = False) -> Any:  # noqa: FBT001, FBT002 - the library's own
        seen = set()
        for key, _ in node.value:
            if key.tag == _MERGE:
                continue
            if key.tag != "tag:yaml.org,2002:str":
                raise DocumentFault(f"{_at(key.start_mark)}: a key must be a text: write it in quotes")
            if key.value in seen:
                raise DocumentFault(f"{_at(key.start_mark)}: {key.value} stands twice")
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("int", r"^[-+]?(?:0|[1-9][0-9]*)$", "-+0123456789"),
    ("float", r"^[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+][0-9]+)?$", "-+0123456789."),
    ("merge", r"^(?:<<)$", "<"),
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), list(_first))


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]
    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the library's own
        return True


def load(text: str) -> Any:
    """A document; raises `DocumentFault`."""
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader with fewer implicit types
    except yaml.MarkedYAMLError as error:
        where = "" if error.problem_mark is None else f"{_at(error.problem_mark)}: "
        raise DocumentFault(f"{where}{error.problem or error.context}") from None
    except DocumentFault:
        raise
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise DocumentFault(str(error) or type(error).__name__) from None


def dump(document: Mapping[str, Any]) -> str:
    """A document as text, in the order that it has."""
    text = yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120, default_flow_style=None)
    return str(text)


def _at(mark: Any) -> str:
    return f"line {mark.line + 1}, column {mark.column + 1}"
