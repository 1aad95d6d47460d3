"""What may be a camera's id and address. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from api.errors import FieldFault, InvalidBody
from api.language import Words
from ingest.contract import SYSTEM, Camera, Point, mask_url, unsafe_reason


def check_url(url: str, field: str = "url") -> None:
    """Refuse an address that must not be opened; raises `InvalidBody`."""
    reason = unsafe_reason(url)
    if reason is not None:
        scheme = url.partition(":")[0][:20]
        words = Words(
            reason,
            f"такой адрес камеры открывать нельзя («{scheme}:…»); допустимы только rtsp:// и rtsps:// с именем узла",
        )
        raise InvalidBody(FieldFault(field, words))


def check_id(camera_id: str | None) -> None:
    """Refuse the name under which the system itself speaks; raises `InvalidBody`."""
    if camera_id == SYSTEM:
        words = Words(f"'{SYSTEM}' is kept for the system itself", f"«{SYSTEM}» занято самой системой")
        raise InvalidBody(FieldFault("id", words))


def masks_at(url: str, cameras: Iterable[Camera]) -> tuple[tuple[Point, ...], ...]:
    """Privacy masks of the cameras that have this address, whatever the credentials: a test must not show more."""
    place = _place(url)
    return tuple(
        mask
        for camera in cameras
        if place in {_place(camera.url), _place(camera.analysis_url)}
        for mask in camera.privacy_masks
    )


def _place(url: str) -> tuple[str, str, int | None, str, str]:
    parts = urlsplit(mask_url(url))
    return parts.scheme, parts.hostname or "", parts.port, parts.path, parts.query
