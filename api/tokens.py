"""Access tokens: made, hashed, compared, and how often a wrong one may be tried.

Pure: `now_s` and randomness are passed in. Only hashes are kept; a token is 256 random bits, so one round of SHA-256 is
enough. Comparison takes the same time whatever differs, and always looks at every user.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

from api.contract import AccessToken, User

_KEYS_MAX = 1024
_WINDOW_S = 60.0


def hash_token(token: str) -> str:
    """What is kept of a token: SHA-256 in hex."""
    return hashlib.sha256(token.strip().encode()).hexdigest()


def find_user(users: Iterable[User], token: str, now_us: int) -> tuple[User, AccessToken | None] | None:
    """Whose token this is, and which of the user's, or None; expired ones and users that are off count for none."""
    presented = hash_token(token).encode()
    found: tuple[User, AccessToken | None] | None = None
    for user in users:
        if hmac.compare_digest(user.token_sha256.encode(), presented) and not user.disabled:
            found = user, None
        for one in user.tokens:
            alive = one.expires_at_us is None or now_us < one.expires_at_us
            if hmac.compare_digest(one.sha256.encode(), presented) and alive and not user.disabled:
                found = user, one
    return found


def bearer(authorization: str) -> str:
    """The token of an Authorization header, or an empty string."""
    scheme, _, token = authorization.strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


class Throttle:
    """Failures per key (an address, an account) in a sliding window.

    Bounded: the key that failed longest ago is forgotten first.
    """

    def __init__(self, failures_max: int, window_s: float = _WINDOW_S) -> None:
        """Let a key fail `failures_max` times in a window."""
        self._failures_max, self._window_s = failures_max, window_s
        self._failures: dict[str, list[float]] = {}

    def wait_s(self, address: str, now_s: float) -> int:
        """Whole seconds that an address has to wait; 0 = it may try."""
        recent = [at for at in self._failures.get(address, ()) if now_s - at < self._window_s]
        if len(recent) < self._failures_max:
            return 0
        return max(1, int(recent[-self._failures_max] + self._window_s - now_s) + 1)

    def failed(self, address: str, now_s: float) -> None:
        """Count a wrong token."""
        recent = [at for at in self._failures.pop(address, ()) if now_s - at < self._window_s]
        self._failures[address] = [*recent, now_s][-self._failures_max :]
        while len(self._failures) > _KEYS_MAX:
            del self._failures[next(iter(self._failures))]

    def forgive(self, address: str) -> None:
        """Forget the failures of a key: it got it right."""
        self._failures.pop(address, None)
