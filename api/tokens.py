"""Access tokens: made, hashed, compared, and how often a wrong one may be tried.

Pure: `now_s` and randomness are passed in. Only hashes are kept; a token is 256 random bits, so one round of SHA-256 is
enough. Comparison takes the same time whatever differs, and always looks at every user.
"""

from __future__ import annotations

import hashlib
import hmac
import math
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


class Rate:
    """Calls per key: so many a minute, a tenth of a minute's at once; bounded as `Throttle` is."""

    def __init__(self, per_minute: int) -> None:
        """Let a key call `per_minute` times a minute."""
        self._per_s, self._burst = per_minute / 60, max(1.0, per_minute / 10)
        self._levels: dict[str, tuple[float, float]] = {}

    def wait_s(self, key: str, now_s: float) -> int:
        """Count a call; 0 = it may be made, else the whole seconds after which one may."""
        level, at_s = self._levels.pop(key, (0.0, now_s))
        level = max(0.0, level - (now_s - at_s) * self._per_s)
        fits = level + 1 <= self._burst
        self._levels[key] = (level + 1 if fits else level, now_s)
        while len(self._levels) > _KEYS_MAX:
            del self._levels[next(iter(self._levels))]
        return 0 if fits else max(1, math.ceil((level + 1 - self._burst) / self._per_s))


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
