"""Which camera addresses may be opened. Pure: no I/O, no clock.

Rules
- libav opens files, web addresses and much else; this check and `PROTOCOLS` stand before every address that
  somebody wrote.
- Only rtsp and rtsps with a host. Sentences never repeat the credentials of an address.
"""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from ingest.contract import unsafe_reason
from ingest.errors import UnsafeAddress

PROTOCOLS = "rtsp,rtsps,rtp,rtcp,tcp,udp,tls"
"""libav's `protocol_whitelist`: holds for what a server redirects to as well."""


def check(url: str) -> SplitResult:
    """Return the parts of a safe address; the rule is `contract.unsafe_reason`, which the api asks too.

    Raises:
        UnsafeAddress: naming what is wrong with it.

    """
    reason = unsafe_reason(url)
    if reason is not None:
        raise UnsafeAddress(reason)
    return urlsplit(url)


def port_of(parts: SplitResult) -> int:
    """The port that the address means."""
    return parts.port or (322 if parts.scheme.lower() == "rtsps" else 554)
