"""Access tokens: made, hashed, compared, and how often a wrong one may be tried.

Pure: `now_s` and randomness are passed in. Only hashes are kept; a token is 256 random bits, so one round of SHA-256 is
enough. Comparison takes the same time whatever differs, and always looks at every user.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

from api.contract import User

_ADDRESSES_MAX = 1024
_WINDOW_S = 60.0


def hash_token(token: str) -> str:
    """What is kept of a token: SHA-256 in hex."""
    return hashlib.sha256(token.strip().encode()).hexdigest()


def find_user(users: Iterable[User], token: str) -> User | None:
    """Whose token this is, or None."""
    presented = hash_token(token)
    found: User | None = None
    for user in users:
        if hmac.compare_digest(user.token_sha256.encode(), presented.encode()) and not user.disabled:
            found = user
    return found


def bearer(authorization: str) -> str:
    """The token of an Authorization header, or an empty string."""
    scheme, _, token = authorization.strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


class Throttle:
    """Failures per address in a sliding minute; bounded: the address that failed longest ago is forgotten first."""

    def __init__(self, failures_max: int) -> None:
        """Let an address fail `failures_max` times a minute."""
        self._failures_max = failures_max
        self._failures: dict[str, list[float]] = {}

    def wait_s(self, address: str, now_s: float) -> int:
        """Whole seconds that an address has to wait; 0 = it may try."""
        recent = [at for at in self._failures.get(address, ()) if now_s - at < _WINDOW_S]
        if len(recent) < self._failures_max:
            return 0
        return max(1, int(recent[-self._failures_max] + _WINDOW_S - now_s) + 1)

    def failed(self, address: str, now_s: float) -> None:
        """Count a wrong token."""
        recent = [at for at in self._failures.pop(address, ()) if now_s - at < _WINDOW_S]
        self._failures[address] = [*recent, now_s][-self._failures_max :]
        while len(self._failures) > _ADDRESSES_MAX:
            del self._failures[next(iter(self._failures))]
