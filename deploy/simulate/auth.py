"""Digest authentication (RFC 2617, without qop, as most cameras do). Pure: the nonce is given.

The request's own URL and the `uri` that was signed may differ in spelling between clients; what was signed counts, as
with the cameras this stands in for. It proves that the client knows the password; it is no protection of the stream.
"""

from __future__ import annotations

import hashlib
import hmac
import re

import msgspec

REALM = "zool"
_FIELD = re.compile(r'(\w+)\s*=\s*(?:"([^"]*)"|([^\s,]+))')


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """The one user of a simulated camera."""

    user: str
    password: str

    def __repr__(self) -> str:
        """Without the password, for logs and tracebacks."""
        return f"Credentials(user={self.user!r})"


def challenge(nonce: str) -> str:
    """The value of WWW-Authenticate."""
    return f'Digest realm="{REALM}", nonce="{nonce}", algorithm=MD5'


def permits(credentials: Credentials, authorization: str, method: str, nonce: str) -> bool:
    """Whether `authorization` (the header's value) was made with the password for this method and nonce."""
    scheme, _, rest = authorization.partition(" ")
    fields = {match[1].lower(): match[2] if match[2] is not None else match[3] for match in _FIELD.finditer(rest)}
    expected = response(credentials, method, fields.get("uri", ""), nonce)
    return (
        scheme.lower() == "digest"
        and fields.get("username") == credentials.user
        and fields.get("nonce") == nonce
        and hmac.compare_digest(fields.get("response", "").lower().encode(), expected.encode())
    )


def response(credentials: Credentials, method: str, uri: str, nonce: str) -> str:
    """The digest that a client sends (RFC 2617, 3.2.2.1 without qop)."""
    return _md5(f"{_md5(f'{credentials.user}:{REALM}:{credentials.password}')}:{nonce}:{_md5(f'{method}:{uri}')}")


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
