"""Digest authentication against the example of a client."""

from __future__ import annotations

import hashlib
from functools import partial

import pytest

from deploy.simulate.auth import Credentials, challenge, permits, response

VIEWER = Credentials(user="viewer", password="s3cret")
URI = "rtsp://127.0.0.1/gate"


def signed(user: str = "viewer", nonce: str = "n1", digest: str | None = None, scheme: str = "Digest") -> str:
    """The header that a client sends."""
    digest = response(VIEWER, "PLAY", URI, "n1") if digest is None else digest
    return f'{scheme} username="{user}", realm="zool", nonce={nonce}, uri="{URI}", response="{digest}"'


def test_response_is_the_rfc_formula() -> None:
    """RFC 2617 3.2.2.1 without qop, written out."""
    md5 = partial(hashlib.md5, usedforsecurity=False)
    first = md5(b"viewer:zool:s3cret").hexdigest()
    second = md5(f"PLAY:{URI}".encode()).hexdigest()
    assert response(VIEWER, "PLAY", URI, "n1") == md5(f"{first}:n1:{second}".encode()).hexdigest()


def test_challenge() -> None:
    """Realm, nonce, algorithm."""
    assert challenge("n1") == 'Digest realm="zool", nonce="n1", algorithm=MD5'


def test_right_answer() -> None:
    """The right signature opens, in upper case too."""
    assert permits(VIEWER, signed(), "PLAY", "n1")
    assert permits(VIEWER, signed(digest=response(VIEWER, "PLAY", URI, "n1").upper()), "PLAY", "n1")


@pytest.mark.parametrize(
    "header",
    ["", "Digest", "Basic dmlld2VyOnMzY3JldA==", signed(user="other"), signed(nonce="n2"), signed(digest="é"),
     signed(scheme="Basic"), signed(digest="0" * 32)],
)  # fmt: skip
def test_wrong_answers(header: str) -> None:
    """Nothing else does, and nothing raises."""
    assert not permits(VIEWER, header, "PLAY", "n1")


def test_signature_of_another_method() -> None:
    """What was signed for PLAY does not open DESCRIBE."""
    assert not permits(VIEWER, signed(), "DESCRIBE", "n1")


def test_password_is_not_shown() -> None:
    """A log line or a traceback does not hold it."""
    assert "s3cret" not in repr(VIEWER)
