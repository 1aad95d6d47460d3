"""Secrets out of texts that leave the site. Pure.

Rules
- What is known to be a secret goes wherever it stands, also in the middle of a word, also written as in an address.
- What looks like one goes too: credentials in addresses, bearer tokens, values behind names such as `password`.
- A mark stays in its place: whoever reads sees that something stood there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote

from ingest.contract import mask_url

MARK = "***"
SECRET_LENGTH_MIN = 6
"""Shorter ones would take half of the words with them; they go where their name stands before them."""
_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^\s'\"]+", re.IGNORECASE)
_BEARER = re.compile(r"\b(bearer|basic)\s+[\w+/=.~-]{6,}", re.IGNORECASE)
_NAMED = re.compile(
    r"(?P<name>[\w-]*(?:password|passwd|secret|token|api_?key|private_?key|credential)[\w-]*)"
    r"(?P<sign>[\"']?\s*[=:]\s*)(?P<value>\"[^\"]*\"|'[^']*'|[^\s,;&}]+)",
    re.IGNORECASE,
)
_PEM = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----", re.DOTALL)


def masked(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without what is, or looks like, a secret."""
    text = _PEM.sub(MARK, text)
    for secret in sorted({one for one in secrets if len(one) >= SECRET_LENGTH_MIN}, key=len, reverse=True):
        for form in {secret, quote(secret, safe="")}:
            text = text.replace(form, MARK)
    text = _URL.sub(lambda found: mask_url(found.group(0)), text)
    text = _BEARER.sub(lambda found: f"{found.group(1)} {MARK}", text)
    return _NAMED.sub(_hidden, text)


def _hidden(found: re.Match[str]) -> str:
    if found["name"].endswith("_file") or found["name"].lower() in {"tokens", "token_file"}:
        return found.group(0)  # where a secret lies is none
    return f"{found['name']}{found['sign']}{MARK}"
