"""Sessions: the secret in the cookie, its id in the bucket, what changes have to carry, and when one ends.

Pure: time and randomness are passed in. The bucket keeps the hash of the secret, so that who reads it can't sign in.
"""

from __future__ import annotations

import hashlib
import hmac
from http.cookies import CookieError, SimpleCookie
from typing import Literal

from api.contract import Session, User
from api.passwords import mark_of

COOKIE, COOKIE_TLS = "zool_session", "__Host-zool_session"
CSRF_HEADER = "x-zool-csrf"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
TOUCH_US = 60_000_000
"""A session or token that is in use is noted as such so often at most."""
SESSIONS_MAX = 16
"""Of one user: the oldest ends where one more begins."""
_MINUTE_US = 60_000_000

End = Literal["", "idle", "old", "password", "user"]


def session_id(secret: str) -> str:
    """Under which key a session lies."""
    return hashlib.sha256(f"zool session {secret}".encode()).hexdigest()[:40]


def csrf_of(secret: str) -> str:
    """What a change has to carry in `X-Zool-CSRF`: other sites can send the cookie, and can't know this."""
    return hmac.new(secret.encode(), b"zool csrf", hashlib.sha256).hexdigest()[:40]


def same(presented: str, expected: str) -> bool:
    """Whether two secrets are the same, in constant time."""
    return hmac.compare_digest(presented.encode(), expected.encode())


def end_of(session: Session, user: User | None, *, now_us: int, idle_min: float, whole_min: float) -> End:
    """Why a session has ended, or an empty string."""
    if user is None or user.disabled:
        return "user"
    if session.mark != mark_of(user.password):
        return "password"
    if now_us - session.made_at_us >= whole_min * _MINUTE_US:
        return "old"
    return "idle" if now_us - session.seen_at_us >= idle_min * _MINUTE_US else ""


def secret_of(cookie: str) -> str:
    """The secret of a Cookie header, or an empty string."""
    try:
        found = SimpleCookie(cookie[:4096])
    except CookieError:
        return ""
    morsel = found.get(COOKIE_TLS) or found.get(COOKIE)
    return morsel.value if morsel is not None else ""


def cookie_of(secret: str, *, tls: bool, age_s: int) -> str:
    """The Set-Cookie header; an empty secret with age 0 takes it back."""
    name, secure = (COOKIE_TLS, "; Secure") if tls else (COOKIE, "")
    return f"{name}={secret}; Path=/; Max-Age={age_s}; HttpOnly; SameSite=Strict{secure}"
