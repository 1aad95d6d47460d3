"""What a failure means for a camera, in words."""

import av.error
import pytest

from ingest.errors import CameraError, UnsafeAddress
from ingest.faults import blind_cause, camera_error, unresolved


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (av.error.ConnectionRefusedError(111, "x"), "refused"),
        (av.error.TimeoutError(110, "x"), "timeout"),
        (av.error.ExitError(1, "Immediate exit requested"), "timeout"),
        (av.error.HTTPUnauthorizedError(1, "401"), "auth"),
        (av.error.HTTPForbiddenError(1, "403"), "auth"),
        (av.error.HTTPNotFoundError(1, "404"), "not_found"),
        (av.error.InvalidDataError(1, "x"), "broken"),
        (av.error.EOFError(1, "x"), "broken"),
        (OSError(113, "No route to host"), "timeout"),
        (OSError(5, "Input/output error"), "broken"),
        (ValueError("x"), "broken"),
        (MemoryError(), "broken"),
        (UnsafeAddress("no"), "unsafe_url"),
    ],
)
def test_causes(error: BaseException, cause: str) -> None:
    """Each failure has one cause of the closed set and a sentence that names the camera's host."""
    found = camera_error(error, "cam:554")
    assert found.cause == cause
    assert "cam:554" in str(found) or isinstance(error, CameraError)


def test_libavs_text_is_not_passed_on() -> None:
    """It may repeat the address with the password."""
    error = av.error.InvalidDataError(1, "invalid data", "rtsp://admin:secret@cam/x")
    assert "secret" not in str(camera_error(error, "cam:554"))


def test_unknown_host() -> None:
    """The sentence names the host."""
    assert unresolved("nowhere").cause == "dns"
    assert "nowhere" in str(unresolved("nowhere"))


def test_who_is_to_blame() -> None:
    """The way to the camera or the camera itself."""
    assert blind_cause("timeout") == "network"
    assert blind_cause("auth") == "camera"
