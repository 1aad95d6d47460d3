"""Settings of the api: section `[api]` of config.ini, or ZOOL_API_<KEY> in the environment.

Pure: reads nothing by itself; `__main__` hands the text and the environment to `ingest.settings.load`.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlsplit

import msgspec

from api.contract import Role
from ingest.settings import SettingsError

_OIDC_ROLES: Mapping[str, Role] = {"administrator": "administrator", "operator": "operator", "viewer": "viewer"}
"""Roles that a provider may give: integrations are programs and have tokens."""


class ApiSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[api]` of config.ini."""

    host: str = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 8080
    tls_cert_file: str = ""
    """The server's certificate with its chain (PEM): then the api and the console speak HTTPS alone."""
    tls_key_file: str = ""
    token_file: str = ""
    """File that holds the administrator's token; empty = only users of the bucket `users` may come in."""
    site_name: Annotated[str, msgspec.Meta(max_length=80)] = "zool"
    body_bytes_max: Annotated[int, msgspec.Meta(ge=1024, le=64 * 1024 * 1024)] = 1024 * 1024
    stream_clients_max: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 64
    stream_buffer_events: Annotated[int, msgspec.Meta(ge=8, le=10_000)] = 256
    """Events waiting for one client of the event stream; a client that leaves it full is cut off."""
    send_timeout_s: Annotated[float, msgspec.Meta(ge=1, le=600)] = 20.0
    """A client that takes nothing off its socket for so long is cut off."""
    store_timeout_s: Annotated[float, msgspec.Meta(ge=0.5, le=60)] = 8.0
    failed_logins_per_minute: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 30
    """Wrong tokens from one address within a minute, after which it waits."""
    requests_per_minute: Annotated[int, msgspec.Meta(ge=60, le=1_000_000)] = 6000
    """Calls of one token or session, a tenth of them at once; more get 429."""
    login_failures_max: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 5
    """Wrong passwords for one account within `login_lock_min`, after which the account waits."""
    login_lock_min: Annotated[float, msgspec.Meta(ge=0.01, le=1440)] = 15.0
    session_idle_min: Annotated[float, msgspec.Meta(ge=1, le=10_080)] = 60.0
    """A session that nobody uses for so long ends."""
    session_max_h: Annotated[float, msgspec.Meta(ge=0.1, le=720)] = 12.0
    """A session ends so long after the sign-in, used or not."""
    behind_tls: bool = False
    """Something in front of the api ends TLS: cookies are for TLS alone."""

    biometrics_need_basis: bool = True
    """A photo is taken in only for a person whose record holds a basis for it (consent, contract, law, …)."""

    oidc_issuer: str = ""
    """The identity provider by which people sign in beside passwords (OpenID Connect); empty = none."""
    oidc_client_id: str = ""
    oidc_client_secret_file: str = ""
    """Empty = a public client: PKCE alone."""
    oidc_role_claim: str = "groups"
    """A claim of the id token, or a path to one with dots."""
    oidc_roles: tuple[str, ...] = ()
    """`value=role`: what a value of that claim allows; the highest role holds, and without any nobody comes in."""
    oidc_title: Annotated[str, msgspec.Meta(min_length=1, max_length=60)] = "SSO"
    """What the button of the sign-in page calls the provider."""

    acs_enabled: bool = True
    acs_host: str = "127.0.0.1"
    acs_port: Annotated[int, msgspec.Meta(ge=0, le=65535)] | None = None
    """None = the one after `port`."""
    acs_tls_cert_file: str = ""
    acs_tls_key_file: str = ""
    acs_tls_client_ca_file: str = ""
    """Certificates (PEM) that sign those of clients; with it a client needs one of them beside its token."""
    acs_plaintext: bool = False
    """Listen beyond loopback without TLS: for where something in front of it ends TLS."""
    acs_clients_max: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 32
    acs_buffer_events: Annotated[int, msgspec.Meta(ge=8, le=10_000)] = 256
    """Events waiting for one client; a client that leaves it full is cut off."""


def acs_port(settings: ApiSettings, port: int) -> int:
    """Where the access-control stream listens beside an api on `port`; 0 = any free one."""
    if settings.acs_port is not None:
        return settings.acs_port
    return port + 1 if 0 < port < 65535 else 0


def check_acs(settings: ApiSettings) -> None:
    """Refuse what would send tokens in the clear, or half a TLS; raises `SettingsError`."""
    cert, key = settings.acs_tls_cert_file, settings.acs_tls_key_file
    if bool(cert) != bool(key):
        missing, given = ("acs_tls_key_file", cert) if cert else ("acs_tls_cert_file", key)
        allowed = f"must be set where the other of the pair is ({given})"
        raise SettingsError(section="api", key=missing, value="", allowed=allowed)
    if settings.acs_tls_client_ca_file and not cert:
        allowed = "needs acs_tls_cert_file and acs_tls_key_file: without TLS no client shows a certificate"
        raise SettingsError(
            section="api", key="acs_tls_client_ca_file", value=settings.acs_tls_client_ca_file, allowed=allowed
        )
    if not (cert or settings.acs_plaintext or _is_loopback(settings.acs_host)):
        allowed = (
            "without TLS only loopback is allowed, since tokens would cross the network in the clear: set "
            "acs_tls_cert_file and acs_tls_key_file, or acs_plaintext = true where a proxy in front ends TLS"
        )
        raise SettingsError(section="api", key="acs_host", value=settings.acs_host, allowed=allowed)


def check_oidc(settings: ApiSettings) -> dict[str, Role]:
    """What values of the role claim allow; refuses half a provider; raises `SettingsError`."""
    if not settings.oidc_issuer:
        return {}
    if not is_safe(settings.oidc_issuer):
        allowed = "an https:// address (http:// on this machine alone), as the provider's metadata writes it"
        raise SettingsError(section="api", key="oidc_issuer", value=settings.oidc_issuer, allowed=allowed)
    if not settings.oidc_client_id:
        allowed = "must be set where oidc_issuer is: the id that the provider gave this site"
        raise SettingsError(section="api", key="oidc_client_id", value="", allowed=allowed)
    roles: dict[str, Role] = {}
    for pair in settings.oidc_roles:
        value, _, role = pair.rpartition("=")
        if not value.strip() or role.strip() not in _OIDC_ROLES:
            allowed = f"value=role with a role of {', '.join(_OIDC_ROLES)}; several with commas"
            raise SettingsError(section="api", key="oidc_roles", value=pair, allowed=allowed)
        roles[value.strip()] = _OIDC_ROLES[role.strip()]
    if not roles:
        allowed = "must be set where oidc_issuer is, such as zool-admins=administrator: without a role nobody comes in"
        raise SettingsError(section="api", key="oidc_roles", value="", allowed=allowed)
    return roles


def is_safe(address: str) -> bool:
    """Whether an address is HTTPS, or stays on this machine, and holds no password."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return False
    plain = parts.scheme == "http" and _is_loopback(host)
    return bool(host) and "@" not in parts.netloc and (parts.scheme == "https" or plain)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class LookDefaults(msgspec.Struct, frozen=True, kw_only=True):
    """What `[ingest]` of the same config.ini says of the settings that a function may override: for effective values.

    A test holds the defaults equal to those of ingest; keys that are not named here are ingest's own business.
    """

    confidence_ratio: float = 0.45
    class_list: tuple[str, ...] = ("person", "bicycle", "car", "motorcycle", "bus", "truck")
    analysis_fps: float = 5.0
