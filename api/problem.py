"""Problem details (RFC 9457): every error of the api leaves in this shape, in the reader's language.

Pure.
"""

from __future__ import annotations

import msgspec

from api.errors import ApiError, HttpFault
from api.language import Language

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:zool:problem:"


class FieldProblem(msgspec.Struct, frozen=True, kw_only=True):
    """One field and what is allowed there."""

    field: str
    message: str


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Body of every error answer. `type` and `status` are for machines, `title` and `detail` for people."""

    type: str
    title: str
    status: int
    detail: str
    instance: str = ""
    errors: tuple[FieldProblem, ...] = ()


def status_of(error: ApiError) -> int:
    """The HTTP status of an error."""
    return error.status_code if isinstance(error, HttpFault) else error.status


def describe(error: ApiError, *, language: Language, instance: str) -> Problem:
    """An error as problem details; `instance` is the path that was asked for."""
    status = status_of(error)
    generic = isinstance(error, HttpFault)
    title = error.titles() if isinstance(error, HttpFault) else error.title
    return Problem(
        type=f"{TYPE_PREFIX}http-{status}" if generic else f"{TYPE_PREFIX}{error.slug}",
        title=title.to(language),
        status=status,
        detail=error.detail(language),
        instance=instance,
        errors=tuple(FieldProblem(field=fault.field, message=fault.words.to(language)) for fault in error.faults()),
    )
