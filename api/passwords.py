"""Passwords: argon2id with the parameters of RFC 9106 (64 MiB, 3 passes), and what a password has to be.

Pure but for the salt, which the library draws. A hash takes some 50 ms and 64 MiB: callers bound how many at once.
"""

from __future__ import annotations

import hashlib

import argon2

from api.errors import FieldFault, InvalidBody
from api.language import Words

CHARS_MIN, CHARS_MAX = 10, 128
_HASHER = argon2.PasswordHasher()
_NOBODYS = "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHRzYWx0c2FsdA$4q0TAOR4AHTuxbiVHpJ1dx06TnZAHrgMY6C5dHGUSjE"
"""Of no password: unknown names take as long as known ones."""


def hash_password(password: str) -> str:
    """What is kept of a password."""
    return _HASHER.hash(password)


def is_password(kept: str, password: str) -> bool:
    """Whether it is the password of a hash; an empty hash is nobody's, and takes as long."""
    try:
        return _HASHER.verify(kept or _NOBODYS, password) and bool(kept)
    except argon2.exceptions.VerificationError:
        return False
    except argon2.exceptions.InvalidHashError:
        return False


def check_password(password: str, *, user: str, field: str = "password") -> None:
    """Refuse what is guessed first; raises `InvalidBody` (NIST SP 800-63B: length, not composition)."""
    few = len(set(password.casefold())) < 5
    if not CHARS_MIN <= len(password) <= CHARS_MAX or few or user.casefold() in password.casefold():
        words = Words(
            f"must have {CHARS_MIN} to {CHARS_MAX} characters, 5 different ones at least, and not hold the user's name",
            f"должно быть от {CHARS_MIN} до {CHARS_MAX} символов, не менее 5 разных, без имени пользователя",
        )
        raise InvalidBody(FieldFault(field, words))


def mark_of(kept: str) -> str:
    """A short name of a kept password: another password has another one."""
    return hashlib.sha256(kept.encode()).hexdigest()[:16]
