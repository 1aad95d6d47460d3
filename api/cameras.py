"""What may be a camera's id and address. Pure."""

from __future__ import annotations

from api.errors import FieldFault, InvalidBody
from api.language import Words
from ingest.contract import SYSTEM, unsafe_reason


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
