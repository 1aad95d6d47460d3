"""The identity provider over HTTP: its metadata, its keys, and a code for an id token.

Edge (HTTP by httpx). TLS is verified, no redirect is followed, no proxy of the environment is used, answers are read up
to a limit, and few calls run at once. Metadata and keys are kept for a while; a key that is not among them is asked for
anew, seldom.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
import jwt
import msgspec

from api.config import is_safe
from api.errors import ProviderAway, SignInRefused
from api.oidc import Attempt, Client, Metadata, authorisation_url, claims_of, key_for, key_id

log = logging.getLogger(__name__)
T = TypeVar("T")

ANSWER_BYTES_MAX = 256 * 1024
CALLS_AT_ONCE = 4
TIMEOUT_S = 8.0
KEPT_S = 600.0
RENEW_S_MIN = 30.0
"""A token with an unknown key makes us ask for the keys so often at most."""


class Keys(msgspec.Struct, frozen=True):
    """A JSON Web Key Set (RFC 7517, 5)."""

    keys: tuple[dict[str, Any], ...]


class Tokens(msgspec.Struct, frozen=True):
    """What a code is worth."""

    id_token: str


class Provider:
    """One identity provider, as one client of it."""

    def __init__(self, client: Client, *, steady_s: Callable[[], float]) -> None:
        self.client, self._steady_s = client, steady_s
        self._calls = asyncio.Semaphore(CALLS_AT_ONCE)
        self._metadata: tuple[float, Metadata] | None = None
        self._keys: tuple[float, Keys] | None = None

    async def way_there(self, attempt: Attempt, *, redirect_uri: str) -> str:
        """Where to send the browser; raises `ProviderAway`."""
        return authorisation_url(await self._known(), self.client, attempt, redirect_uri=redirect_uri)

    async def claims(self, code: str, attempt: Attempt, *, redirect_uri: str) -> dict[str, Any]:
        """What the provider says of whoever brings a code; raises `ProviderAway`, `SignInRefused`."""
        metadata = await self._known()
        status, raw = await self._redeem(metadata, code, attempt, redirect_uri)
        if 400 <= status < 500:
            log.warning("the identity provider refused a code with %d", status)
            raise SignInRefused(reason="code")
        token = self._read(status, raw, Tokens).id_token
        kid, algorithm = key_id(token)
        return claims_of(token, await self._key(metadata, kid, algorithm), client=self.client, nonce=attempt.nonce)

    async def _known(self) -> Metadata:
        now_s = self._steady_s()
        if self._metadata is not None and now_s - self._metadata[0] < KEPT_S:
            return self._metadata[1]
        found = self._read(
            *await self._call("GET", f"{self.client.issuer.rstrip('/')}/.well-known/openid-configuration"), Metadata
        )
        if found.issuer != self.client.issuer:
            raise ProviderAway(title=self.client.title, reason=f"it says its issuer is {found.issuer[:200]}")
        for address in (found.authorization_endpoint, found.token_endpoint, found.jwks_uri):
            if not is_safe(address):
                raise ProviderAway(title=self.client.title, reason="it names an address without TLS")
        self._metadata = (now_s, found)
        return found

    async def _redeem(self, metadata: Metadata, code: str, attempt: Attempt, redirect_uri: str) -> tuple[int, bytes]:
        client = self.client
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": attempt.verifier,
        }
        if not client.secret:
            return await self._call("POST", metadata.token_endpoint, form | {"client_id": client.id})
        if "client_secret_basic" in metadata.token_endpoint_auth_methods_supported:
            pair = (quote(client.id, safe=""), quote(client.secret, safe=""))  # RFC 6749, 2.3.1
            return await self._call("POST", metadata.token_endpoint, form, auth=pair)
        secrets = {"client_id": client.id, "client_secret": client.secret}
        return await self._call("POST", metadata.token_endpoint, form | secrets)

    async def _key(self, metadata: Metadata, kid: str, algorithm: str) -> jwt.PyJWK:
        now_s = self._steady_s()
        asked_s, kept = self._keys or (now_s - KEPT_S, Keys(()))
        key = key_for(kept.keys, kid, algorithm)
        if now_s - asked_s >= (KEPT_S if key is not None else RENEW_S_MIN):
            found = self._read(*await self._call("GET", metadata.jwks_uri), Keys)
            self._keys = (now_s, found)
            key = key_for(found.keys, kid, algorithm)
        if key is None:
            raise SignInRefused(reason="token", what="key")
        return key

    def _read(self, status: int, raw: bytes, kind: type[T]) -> T:
        if status != 200:
            raise ProviderAway(title=self.client.title, reason=f"it answers {status}")
        try:
            return msgspec.json.decode(raw, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ProviderAway(title=self.client.title, reason=f"its answer can't be read: {error}") from None

    async def _call(
        self,
        method: str,
        url: str,
        form: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
    ) -> tuple[int, bytes]:
        try:
            async with self._calls, asyncio.timeout(TIMEOUT_S):
                return await _asked(method, url, form, auth)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            reason = str(error) or type(error).__name__
            raise ProviderAway(title=self.client.title, reason=reason) from None


async def _asked(
    method: str, url: str, form: Mapping[str, str] | None, auth: tuple[str, str] | None
) -> tuple[int, bytes]:
    headers = {"Accept": "application/json"}
    async with (
        httpx.AsyncClient(trust_env=False, follow_redirects=False, timeout=TIMEOUT_S) as client,
        client.stream(method, url, data=form, auth=auth, headers=headers) as answer,
    ):
        body = b""
        async for piece in answer.aiter_bytes():
            body += piece
            if len(body) > ANSWER_BYTES_MAX:
                raise httpx.DecodingError(f"more than {ANSWER_BYTES_MAX} bytes")
        return answer.status_code, body
