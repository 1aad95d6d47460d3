"""What a failure of libav or of the network means for a camera: cause and words. Pure: no I/O, no clock.

Rules
- The causes are a closed set (`ingest.contract.Cause`); what can't be told apart is `broken`.
- libav's own text may repeat the address with its password: it is never passed on. Sentences are ours.
"""

from __future__ import annotations

from typing import Literal

from ingest.contract import Cause
from ingest.errors import CameraError

BlindCause = Literal["camera", "network", "restart", "takeover", "inference", "broker"]

_BY_NAME: dict[str, tuple[Cause, str]] = {
    "ConnectionRefusedError": ("refused", "{where} refuses the connection: nothing listens on that port"),
    "ConnectionResetError": ("broken", "{where} cut the connection"),
    "BrokenPipeError": ("broken", "{where} cut the connection"),
    "TimeoutError": ("timeout", "{where} does not answer in time"),
    "ExitError": ("timeout", "{where} does not answer in time"),
    "HTTPUnauthorizedError": ("auth", "{where} asks for another user or password (401)"),
    "HTTPForbiddenError": ("auth", "{where} forbids this user to watch (403)"),
    "HTTPNotFoundError": ("not_found", "{where} knows no such stream (404): check the path of the address"),
    "HTTPBadRequestError": ("broken", "{where} does not understand the request (400)"),
    "HTTPOtherClientError": ("not_found", "{where} refuses the stream (4xx)"),
    "HTTPServerError": ("broken", "{where} reports a fault of its own (5xx)"),
    "ProtocolNotFoundError": ("unsafe_url", "{where} leads to a protocol that is not allowed"),
    "EOFError": ("broken", "the stream of {where} ended"),
    "InvalidDataError": ("broken", "{where} sends something that is no video stream"),
}
_BY_ERRNO: dict[int, tuple[Cause, str]] = {
    101: ("timeout", "no route to {where}: the network is unreachable"),
    113: ("timeout", "no route to {where}"),
}
_ANY: tuple[Cause, str] = ("broken", "the stream of {where} is broken ({name})")


def camera_error(error: BaseException, where: str) -> CameraError:
    """The camera's error behind an exception of libav or the socket; `where` is host:port."""
    if isinstance(error, CameraError):
        return error
    if isinstance(error, MemoryError):
        return CameraError("broken", f"{where} sends pictures too large for the memory")
    number = getattr(error, "errno", None)
    for kind in type(error).__mro__:
        if kind.__name__ in _BY_NAME:
            cause, text = _BY_NAME[kind.__name__]
            break
    else:
        cause, text = _BY_ERRNO.get(number if isinstance(number, int) else 0, _ANY)
    return CameraError(cause, text.format(where=where, name=type(error).__name__))


def unresolved(host: str) -> CameraError:
    """The name service knows no such host."""
    return CameraError("dns", f"the host name {host} is not known to the name service")


def blind_cause(cause: Cause) -> BlindCause:
    """Who is to blame for not looking: the way there, or the camera."""
    return "network" if cause in {"dns", "timeout", "broken"} else "camera"
