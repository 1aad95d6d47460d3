"""Errors as answers: whatever is raised leaves as problem details in the reader's language."""

from __future__ import annotations

import logging
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.types import ExceptionHandlersMap

from api import problem
from api.body import explain
from api.errors import ApiError, BadParameter, BodyTooLarge, FieldFault, HttpFault, InvalidBody
from api.language import Language, Words, preferred

log = logging.getLogger(__name__)
AnyRequest = Request[Any, Any, Any]


def language_of(request: AnyRequest) -> Language:
    """What the reader wants to read."""
    return preferred(request.headers.get("accept-language", ""))


def only_known(request: AnyRequest, names: frozenset[str]) -> None:
    """Refuse a query parameter that a call does not have; raises `BadParameter`."""
    for name in request.query_params:
        if name not in names:
            known = ", ".join(sorted(names))
            words = Words(f"there is no such parameter; known: {known}", f"такого параметра нет; известны: {known}")
            raise BadParameter(name=name, value=str(request.query_params[name]), allowed=words)


def _answer(request: AnyRequest, error: ApiError) -> Response[bytes]:
    body = problem.describe(error, language=language_of(request), instance=request.url.path)
    headers = error.headers() | {"Content-Language": language_of(request), "Vary": "Accept-Language"}
    return Response(
        content=msgspec.json.encode(body), status_code=body.status, media_type=problem.MEDIA_TYPE, headers=headers
    )


def own(request: AnyRequest, error: ApiError) -> Response[bytes]:
    """A refusal of ours as problem details."""
    return _answer(request, error)


def _library(request: AnyRequest, error: HTTPException) -> Response[bytes]:
    if error.status_code == BodyTooLarge.status:
        limit = request.route_handler.resolve_request_max_body_size() or 0
        return _answer(request, BodyTooLarge(bytes_max=limit))
    if isinstance(error, ValidationException):
        return _answer(request, InvalidBody(*_faults(error)))
    headers = {name: value for name, value in (error.headers or {}).items() if name.lower() == "allow"}
    return _answer(request, HttpFault(status=error.status_code, reason=error.detail, headers=headers))


def _faults(error: ValidationException) -> list[FieldFault]:
    extra = error.extra if isinstance(error.extra, list) else []
    faults = [
        FieldFault(str(one.get("key", "request")), explain(str(one.get("message", "")), Any).words)
        for one in extra
        if isinstance(one, dict)
    ]
    return faults or [FieldFault("request", Words(error.detail, "недопустимое значение"))]


def _unforeseen(request: AnyRequest, error: Exception) -> Response[bytes]:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return _answer(request, ApiError())


HANDLERS: ExceptionHandlersMap = {ApiError: own, HTTPException: _library, Exception: _unforeseen}
