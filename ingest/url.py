"""Which camera addresses may be opened. Pure: no I/O, no clock.

Rules
- libav opens files, web addresses and much else; this check and `PROTOCOLS` stand before every address that
  somebody wrote.
- Only rtsp and rtsps with a host. Sentences never repeat the credentials of an address.
"""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from ingest.contract import mask_url
from ingest.errors import UnsafeAddress

SCHEMES = ("rtsp", "rtsps")
PROTOCOLS = "rtsp,rtsps,rtp,rtcp,tcp,udp,tls"
"""libav's `protocol_whitelist`: holds for what a server redirects to as well."""
LENGTH_MAX = 2048


def check(url: str) -> SplitResult:
    """Return the parts of a safe address.

    Raises:
        UnsafeAddress: naming what is wrong with it.

    """
    if len(url) > LENGTH_MAX:
        raise UnsafeAddress(f"the address is longer than {LENGTH_MAX} characters")
    if not url.isascii() or any(c <= " " or c == "\x7f" for c in url):
        raise UnsafeAddress("the address holds blanks, control or non-ASCII characters; write them percent-encoded")
    parts = _split(url)
    if parts.scheme.lower() not in SCHEMES:
        named = f"{parts.scheme}:" if parts.scheme else "an address without a scheme"
        raise UnsafeAddress(f"{named} is not allowed for a camera; allowed are rtsp:// and rtsps://")
    if not parts.hostname:
        raise UnsafeAddress(f"the address {mask_url(url)} names no host")
    return parts


def _split(url: str) -> SplitResult:
    """Take an address apart; a port out of range is found here too."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise UnsafeAddress(f"the address {mask_url(url)} is malformed") from None
    if port == 0:
        raise UnsafeAddress(f"the address {mask_url(url)} names port 0")
    return parts


def port_of(parts: SplitResult) -> int:
    """The port that the address means."""
    return parts.port or (322 if parts.scheme.lower() == "rtsps" else 554)
