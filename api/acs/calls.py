"""Who may call, and how refusals leave: an interceptor around every method of zool.acs.

Edge (grpc). Only what is named in `PUBLIC` is open to callers without a token; what is forgotten is closed. Tokens and
throttle are those of the REST API. Every `ApiError` leaves as a status with its words.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextvars import ContextVar
from typing import Any
from urllib.parse import unquote

import grpc  # type: ignore[import-untyped]
import grpc.aio  # type: ignore[import-untyped]
from google.protobuf.message import DecodeError

from api.access_table import acs_access
from api.audit import Change
from api.contract import Caller
from api.errors import (
    AlreadyThere,
    ApiError,
    BadParameter,
    Forbidden,
    InvalidBody,
    NotAuthorised,
    NotThere,
    Stale,
    TooManyFailures,
    TooManyRequests,
    TooManyStreams,
    Unavailable,
)
from api.language import Language, Words, preferred
from api.metrics import ACS_CALLS
from api.sight import check

PUBLIC = ("/grpc.health.v1.Health/", "/grpc.reflection.v1alpha.ServerReflection/")
CODES: dict[type[ApiError], grpc.StatusCode] = {
    NotAuthorised: grpc.StatusCode.UNAUTHENTICATED,
    Forbidden: grpc.StatusCode.PERMISSION_DENIED,
    TooManyFailures: grpc.StatusCode.UNAUTHENTICATED,
    TooManyRequests: grpc.StatusCode.RESOURCE_EXHAUSTED,
    TooManyStreams: grpc.StatusCode.RESOURCE_EXHAUSTED,
    BadParameter: grpc.StatusCode.INVALID_ARGUMENT,
    InvalidBody: grpc.StatusCode.INVALID_ARGUMENT,
    NotThere: grpc.StatusCode.NOT_FOUND,
    AlreadyThere: grpc.StatusCode.ALREADY_EXISTS,
    Stale: grpc.StatusCode.ABORTED,
    Unavailable: grpc.StatusCode.UNAVAILABLE,
}

Admit = Callable[[str, str], Caller]
Recorder = Callable[[str, Caller, str, list[Change]], Awaitable[None]]
CALLER: ContextVar[Caller] = ContextVar("caller")
"""Who makes the call that runs here."""
CHANGES: ContextVar[list[Change]] = ContextVar("changes")
"""What it has changed so far: kept in the audit before its answer."""
Context = Any
"""grpc.aio.ServicerContext: the library has no types."""


def words_of(error: ApiError, language: Language) -> str:
    """The sentence of an error; a parameter is no query parameter here."""
    if isinstance(error, BadParameter):
        return f"{error.name} = '{error.value}': {error.allowed.to(language)}."
    if isinstance(error, NotAuthorised) and not error.token_given:
        return TOKEN_MISSING[language]
    return error.detail(language)


TOKEN_MISSING: dict[Language, str] = {
    "en": "This needs the metadata 'authorization: Bearer <token>'.",
    "ru": "Нужны метаданные «authorization: Bearer <токен>».",
}


def address_of(peer: str) -> str:
    """The address in a peer's name (`ipv4:127.0.0.1:55512`, `ipv6:%5B::1%5D:55512`), without its port."""
    kind, _, rest = unquote(peer).partition(":")
    return rest.rpartition(":")[0].strip("[]") if kind in {"ipv4", "ipv6"} else rest


class Door(grpc.aio.ServerInterceptor):  # type: ignore[misc]
    """Lets those in who have a token."""

    def __init__(self, admit: Admit, record: Recorder) -> None:
        self._admit, self._record = admit, record

    async def intercept_service(self, continuation: Callable[[Any], Awaitable[Any]], details: Any) -> Any:
        """Wrap the method that is called, unless it is public or not there."""
        method = await continuation(details)
        if method is None or details.method.startswith(PUBLIC):
            return method

        async def call(request: object, context: Context) -> object:
            async with self._guarded(details.method, context):
                if request is GARBLED:
                    name = details.method.rpartition("/")[2]
                    raise BadParameter(name="request", value=name, allowed=GARBLED_WORDS)
                inner = method.unary_stream if method.response_streaming else method.unary_unary
                return await inner(request, context)

        make = (
            grpc.unary_stream_rpc_method_handler if method.response_streaming else grpc.unary_unary_rpc_method_handler
        )
        return make(call, _readable(method.request_deserializer), _as_bytes(method.response_serializer))

    @contextlib.asynccontextmanager
    async def _guarded(self, method: str, context: Context) -> AsyncIterator[None]:
        metadata = {str(key): str(value) for key, value in context.invocation_metadata() or ()}
        try:
            caller = self._admit(metadata.get("authorization", ""), address_of(context.peer()))
            access, address = acs_access(method), address_of(context.peer())
            check(caller, access)
            if access.look:
                await self._record(method, caller, address, [])
            changes: list[Change] = []
            CALLER.set(caller)
            CHANGES.set(changes)
            try:
                yield
            finally:
                if changes:
                    await self._record(method, caller, address, changes)
        except ApiError as error:
            code = CODES.get(type(error), grpc.StatusCode.INTERNAL)
            await context.abort(code, words_of(error, preferred(metadata.get("accept-language", ""))), trailing(error))
        finally:
            ACS_CALLS.labels(method.rpartition("/")[2], code_name(context.code())).inc()


GARBLED = object()
"""Stands for a request whose bytes are no message: the library would call it the server's own fault."""
GARBLED_WORDS = Words("allowed is a message of this call", "допустимо сообщение этого вызова")


def _readable(deserialize: Callable[[bytes], object]) -> Callable[[bytes], object]:
    def read(raw: bytes) -> object:
        try:
            return deserialize(raw)
        except DecodeError:
            return GARBLED

    return read


def _as_bytes(serialize: Callable[[object], bytes]) -> Callable[[object], bytes]:
    """A message that many clients get comes here as its bytes."""
    return lambda message: message if isinstance(message, bytes) else serialize(message)


def trailing(error: ApiError) -> tuple[tuple[str, str], ...]:
    """Metadata at the end of a refused call: when to come back."""
    retry_after = error.headers().get("Retry-After")
    return (("retry-after", retry_after),) if retry_after else ()


def code_name(code: object) -> str:
    """A status as its name; the library gives a number or an enumeration, and nothing where none was set."""
    if isinstance(code, grpc.StatusCode):
        return str(code.name)
    return next((str(one.name) for one in grpc.StatusCode if one.value[0] == code), "OK")
