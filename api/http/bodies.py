"""Typed bodies: the OpenAPI document names their type, `api.body` reads them strictly, with a place for each fault."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import msgspec
from litestar.openapi.spec import OpenAPIMediaType, Operation, Reference, RequestBody

from api.body import parse
from api.http.answers import AnyRequest

T = TypeVar("T")


async def body(request: AnyRequest, kind: type[T]) -> T:
    """The body of a request as its type; raises `MalformedJson`, `InvalidBody`, or the limit's own error."""
    return parse(await request.body(), kind)


def takes(kind: type[msgspec.Struct]) -> type[Operation]:
    """What the OpenAPI document says of a body that `body` reads."""
    wanted = RequestBody(
        content={"application/json": OpenAPIMediaType(schema=Reference(ref=f"#/components/schemas/{kind.__name__}"))},
        required=True,
    )

    @dataclass
    class Documented(Operation):
        def __post_init__(self) -> None:
            self.request_body = wanted

    return Documented
