"""Sign-in by an OpenID Connect provider: what is sent, what has to come back, and who that is here.

Pure: time, randomness and answers are passed in; signatures are checked by PyJWT.

- Authorisation code flow (OpenID Connect Core 3.1) with PKCE (RFC 7636, S256), state and nonce. All three come out of
  one secret, which lies in a cookie of the browser that began: nothing is kept here, any replica can finish, and a
  callback in another browser has nothing that fits.
- The id token is checked by issuer, audience, authorised party, times, nonce, and by its signature with a public key
  of the provider. Algorithms with a shared secret, and none, are not taken.
- A user is known again by issuer and `sub`, never by a name or an address of mail: those may be given to somebody else.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import urlencode, urlsplit

import jwt
import msgspec

from api.accounts import OWNER
from api.contract import Role, User
from api.errors import SignInRefused

COOKIE, COOKIE_TLS = "zool_oidc", "__Host-zool_oidc"
ATTEMPT_S_MAX = 600
"""So long somebody may take at the provider."""
LEEWAY_S = 60
"""Clocks of two machines differ."""
CALLBACK = "/api/v1/session/oidc/callback"
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
GRANTED: tuple[Role, ...] = ("administrator", "operator", "viewer")
"""Roles that claims may give, the most first; integrations are programs and have tokens."""
NAMES_MAX = 1000


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One way to the provider and back."""

    state: str
    nonce: str
    verifier: str

    @property
    def challenge(self) -> str:
        """What the provider is told of the verifier (RFC 7636, 4.2)."""
        return _text(hashlib.sha256(self.verifier.encode()).digest())


class Metadata(msgspec.Struct, frozen=True, kw_only=True):
    """What the provider says of itself (OpenID Connect Discovery 3)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """Who this site is to the provider, and what its claims mean."""

    issuer: str
    id: str
    secret: str = ""
    """Empty: a public client, whose only proof is PKCE."""
    title: str = "SSO"
    role_claim: str = "groups"
    roles: Mapping[str, Role] = {}


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Whom the provider vouches for."""

    subject: str
    name: str
    title: str
    role: Role


def attempt_of(cookie: str) -> Attempt:
    """What belongs to the value of an attempt's cookie."""

    def part(name: bytes) -> str:
        return _text(hmac.new(cookie.encode(), b"zool oidc " + name, hashlib.sha256).digest())

    return Attempt(state=part(b"state"), nonce=part(b"nonce"), verifier=part(b"verifier"))


def cookie_value(secret: str, now_s: int) -> str:
    """What the cookie of an attempt holds."""
    return f"{secret}.{now_s}"


def begun(cookie_header: str, now_s: int) -> str:
    """The value of the attempt's cookie; raises `SignInRefused` where there is none, or an old one."""
    try:
        found = SimpleCookie(cookie_header[:4096])
    except CookieError:
        raise SignInRefused(reason="state") from None
    morsel = found.get(COOKIE_TLS) or found.get(COOKIE)
    value = morsel.value if morsel is not None else ""
    secret, _, at = value.rpartition(".")
    if len(secret) < 32 or not at.isascii() or not at.isdigit() or not 0 <= now_s - int(at) < ATTEMPT_S_MAX:
        raise SignInRefused(reason="state")
    return value


def authorisation_url(metadata: Metadata, client: Client, attempt: Attempt, *, redirect_uri: str) -> str:
    """Where the browser is sent."""
    asked = {
        "response_type": "code",
        "client_id": client.id,
        "redirect_uri": redirect_uri,
        "scope": "openid profile email",
        "state": attempt.state,
        "nonce": attempt.nonce,
        "code_challenge": attempt.challenge,
        "code_challenge_method": "S256",
    }
    mark = "&" if urlsplit(metadata.authorization_endpoint).query else "?"
    return f"{metadata.authorization_endpoint}{mark}{urlencode(asked)}"


def code_of(query: Mapping[str, str], attempt: Attempt, client: Client) -> str:
    """The code that a callback brings; raises `SignInRefused`."""
    if not hmac.compare_digest(query.get("state", "").encode(), attempt.state.encode()):
        raise SignInRefused(reason="state")
    if query.get("iss", client.issuer) != client.issuer:  # RFC 9207
        raise SignInRefused(reason="token", what="iss")
    if error := query.get("error", ""):
        raise SignInRefused(reason="said", what=error if re.fullmatch(r"[a-z_]{1,40}", error) else "")
    if not query.get("code"):
        raise SignInRefused(reason="state")
    return query["code"]


def key_id(token: str) -> tuple[str, str]:
    """Which key and algorithm a token names; raises `SignInRefused`."""
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError:
        raise SignInRefused(reason="token", what="header") from None
    algorithm = str(header.get("alg", ""))
    if algorithm not in ALGORITHMS:
        raise SignInRefused(reason="token", what="alg")
    return str(header.get("kid", "")), algorithm


def key_for(keys: Iterable[Mapping[str, Any]], kid: str, algorithm: str) -> jwt.PyJWK | None:
    """The provider's key of this name; a token may name none where there is one only."""
    usable = [key for key in keys if key.get("use", "sig") == "sig" and key.get("kty") in {"RSA", "EC", "OKP"}]
    fitting = [key for key in usable if key.get("kid", "") == kid] if kid else usable
    if len(fitting) != 1 or fitting[0].get("alg", algorithm) != algorithm:
        return None
    try:
        return jwt.PyJWK(dict(fitting[0]), algorithm=algorithm)
    except jwt.PyJWTError:
        return None


def claims_of(token: str, key: jwt.PyJWK, *, client: Client, nonce: str) -> dict[str, Any]:
    """What a token says, once everything about it holds; raises `SignInRefused` (OpenID Connect Core 3.1.3.7)."""
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[key.algorithm_name],
            audience=client.id,
            issuer=client.issuer,
            leeway=LEEWAY_S,
            options={"require": ["iss", "sub", "aud", "exp", "iat"]},
        )
    except jwt.PyJWTError as error:
        raise SignInRefused(reason="token", what=type(error).__name__) from None
    if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
        raise SignInRefused(reason="token", what="nonce")
    many = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if claims.get("azp", "" if many else client.id) != client.id:
        raise SignInRefused(reason="token", what="azp")
    return claims


def person_of(claims: Mapping[str, Any], client: Client) -> Person:
    """Whom claims speak of; raises `SignInRefused` where they give no role."""
    has = set(_values(_claim(claims, client.role_claim)))
    given = {role for value, role in client.roles.items() if value in has}
    role = next((one for one in GRANTED if one in given), None)
    if role is None:
        raise SignInRefused(reason="role", what=client.role_claim)
    called = str(claims.get("preferred_username") or str(claims.get("email", "")).partition("@")[0])
    return Person(
        subject=f"{client.issuer} {claims['sub']}",
        name=re.sub(r"[^a-z0-9_-]+", "-", called.lower()).strip("-_")[:48] or "user",
        title=str(claims.get("name", ""))[:200],
        role=role,
    )


def user_for(person: Person, users: Iterable[User]) -> tuple[User, bool]:
    """The user that a person is, and whether it is a new one; raises `SignInRefused` for one that is switched off.

    Who was here before is found by subject. An account of the same name is taken over if nobody can have used it: no
    password, no tokens, no subject. Any other is somebody else's, and the new one gets a number.
    """
    everybody = {user.name: user for user in users}
    known = next((user for user in everybody.values() if user.subject == person.subject), None)
    if known is None and (same := everybody.get(person.name)) is not None and _is_unused(same):
        known = same
    if known is None:
        return User(
            name=_free(person.name, everybody), title=person.title, role=person.role, subject=person.subject
        ), True
    if known.disabled:
        raise SignInRefused(reason="disabled", what=known.name)
    title = person.title or known.title
    return msgspec.structs.replace(known, role=person.role, title=title, subject=person.subject), False


def _is_unused(user: User) -> bool:
    return not (user.password or user.tokens or user.token_sha256 or user.subject)


def _free(name: str, taken: Mapping[str, User]) -> str:
    for number in range(1, NAMES_MAX):
        found = name if number == 1 else f"{name}-{number}"
        if found not in taken and found != OWNER:
            return found
    raise SignInRefused(reason="name", what=name)


def _claim(claims: Mapping[str, Any], path: str) -> Any:
    """A claim by its name, or along dots (`realm_access.roles`)."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _values(claim: Any) -> list[str]:
    return (
        [claim]
        if isinstance(claim, str)
        else [one for one in claim if isinstance(one, str)]
        if isinstance(claim, list)
        else []
    )


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
