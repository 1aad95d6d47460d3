"""Shapes of what a site is set up with: regions, templates of scenarios, settings copied to many cameras. Pure."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from ingest.contract import Token

RegionName = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
ParentId = Annotated[str, msgspec.Meta(max_length=64, description="The region it lies in; empty: none")]
RegionFunctions = Annotated[
    dict[str, dict[str, Any]], msgspec.Meta(max_length=64, description="Function → settings that hold below it")
]


class RegionIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new region. Without `id` one is made."""

    name: RegionName
    id: Token | None = None
    parent: ParentId = ""
    functions: RegionFunctions = {}


class RegionPatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Changes of a region: fields left out stay as they are; `functions` as a whole."""

    name: RegionName | msgspec.UnsetType = msgspec.UNSET
    parent: ParentId | msgspec.UnsetType = msgspec.UNSET
    functions: RegionFunctions | msgspec.UnsetType = msgspec.UNSET


class RegionOut(msgspec.Struct, frozen=True, kw_only=True):
    """A region; `cameras` are those that stand in itself, not below it."""

    id: str
    name: str
    parent: str
    functions: dict[str, dict[str, Any]]
    cameras: tuple[str, ...]
    etag: str


class RegionList(msgspec.Struct, frozen=True, kw_only=True):
    """All regions by name; the tree is in their parents."""

    items: tuple[RegionOut, ...]


class TemplateOut(msgspec.Struct, frozen=True, kw_only=True):
    """What a kind of place usually needs; `title` and `about` by language."""

    name: str
    title: dict[str, str]
    about: dict[str, str]
    functions: dict[str, dict[str, Any]]
    """Function → settings. Lines and zones are a beginning: they are to be drawn on the picture."""


class TemplateList(msgspec.Struct, frozen=True, kw_only=True):
    """All templates, in the order in which they are shown."""

    items: tuple[TemplateOut, ...]


class TemplateIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which template a camera is to get."""

    template: str


class TemplateDone(msgspec.Struct, frozen=True, kw_only=True):
    """Functions that were set up, and those that were there before and stay as they are."""

    added: tuple[str, ...]
    kept: tuple[str, ...]


class CopyIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Functions of a camera for others. Without `shapes` lines, zones and areas of the others stay as they are."""

    to: Annotated[tuple[Token, ...], msgspec.Meta(min_length=1, max_length=1000)]
    functions: Annotated[tuple[Token, ...], msgspec.Meta(max_length=64)] | None = None
    """None = all that the camera has."""
    shapes: bool = False
    dry_run: bool = False


class CopyDone(msgspec.Struct, frozen=True, kw_only=True):
    """What a copy did to one camera, or would do: names of functions."""

    camera: str
    added: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]


class CopyList(msgspec.Struct, frozen=True, kw_only=True):
    """One entry for each camera that was named."""

    items: tuple[CopyDone, ...]
    dry_run: bool
