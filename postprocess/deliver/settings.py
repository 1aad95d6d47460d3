"""Where events are sent and which: targets and rules, as they stand in the buckets `targets` and `delivery-rules`.

Pure: no I/O, no clock.

Rules
- A target is written as an object of settings by its kind; each kind has one Struct here, which says what there is.
- A secret is the name of a file or of an environment variable, or a value that is written once and never shown.
- Files lie in one folder (`[deliver] secrets_dir`), variables begin with `ZOOL_SECRET_`: whoever may write targets can
  read nothing else of the process by them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import urlsplit

import msgspec

from ingest.contract import Token
from postprocess.contract import Schedule, Severity, Title

S = TypeVar("S", bound=msgspec.Struct)

TARGETS, RULES = "targets", "delivery-rules"
"""Names of the buckets."""
TARGETS_MAX, RULES_MAX = 64, 512

Kind = Literal["webhook", "mqtt", "email", "telegram", "relay"]
Words = Annotated[str, msgspec.Meta(max_length=200)]
Url = Annotated[str, msgspec.Meta(min_length=8, max_length=2048)]
Host = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.:_-]{0,253}[A-Za-z0-9])?$")]
PortNumber = Annotated[int, msgspec.Meta(ge=1, le=65535)]
Address = Annotated[str, msgspec.Meta(pattern=r"^[^@\s,;<>]{1,64}@[^@\s,;<>]{1,190}$")]
Timeout = Annotated[float, msgspec.Meta(ge=0.5, le=60)]
SEVERITIES: tuple[Severity, ...] = ("info", "warning", "alarm")


class Secret(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a secret is to be had: one of the three, or none at all."""

    file: Annotated[str, msgspec.Meta(pattern=r"^([A-Za-z0-9][A-Za-z0-9._-]{0,99})?$")] = ""
    """Name of a file in `[deliver] secrets_dir`."""
    env: Annotated[str, msgspec.Meta(pattern=r"^(ZOOL_SECRET_[A-Z0-9_]{1,64})?$")] = ""
    value: Annotated[str, msgspec.Meta(max_length=4096)] = ""
    """Written only; what is shown is `stored`."""
    stored: bool = False
    """Shown: a value is there. Written: keep it."""

    @property
    def given(self) -> bool:
        """Whether it names anything."""
        return bool(self.file or self.env or self.value)


class Webhook(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST of the event to an address, signed as Standard Webhooks say."""

    url: Url
    secret: Secret
    thumbnails: bool = False
    """Small pictures inside of the event."""
    timeout_s: Timeout = 10.0


class Mqtt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A message to an MQTT 3.1.1 broker with QoS 1."""

    host: Host
    port: PortNumber = 8883
    tls: bool = True
    user: Words = ""
    password: Secret = Secret()
    topic: Annotated[str, msgspec.Meta(pattern=r"^[^#+\s\x00]{1,200}$")] = "zool/events/{camera}/{kind}"
    """`{camera}`, `{kind}` and `{rule}` stand for those of the event."""
    thumbnails: bool = False
    timeout_s: Timeout = 10.0


class Email(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A letter by SMTP, its photo attached."""

    host: Host
    port: PortNumber = 587
    tls: Literal["starttls", "tls", "none"] = "starttls"
    """`none` sends in the clear: without a user only."""
    user: Words = ""
    password: Secret = Secret()
    sender: Address
    recipients: Annotated[tuple[Address, ...], msgspec.Meta(min_length=1, max_length=50)]
    photo: bool = True
    timeout_s: Timeout = 20.0


class Telegram(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Messages of a bot; who presses its buttons says something of the event."""

    token: Secret
    chats: Annotated[tuple[int, ...], msgspec.Meta(min_length=1, max_length=20)]
    """Ids of the chats that are written to."""
    users: Annotated[tuple[int, ...], msgspec.Meta(max_length=200)] = ()
    """Ids of the users whose buttons count; nobody's where it is empty."""
    photo: bool = True
    api_url: Url = "https://api.telegram.org"
    """A Bot API server of one's own may stand here."""
    timeout_s: Timeout = 20.0


class Relay(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A relay board that opens something, over HTTP."""

    url: Url
    secret: Secret = Secret()
    """Signs the command, as a webhook is signed; may be left out for boards that can't check."""
    relay: Words = "1"
    pulse_ms: Annotated[int, msgspec.Meta(ge=50, le=60_000)] = 1000
    timeout_s: Annotated[float, msgspec.Meta(ge=0.2, le=3.0)] = 1.0


SettingsOf = Webhook | Mqtt | Email | Telegram | Relay
KINDS: Mapping[Kind, type[Webhook | Mqtt | Email | Telegram | Relay]] = {
    "webhook": Webhook, "mqtt": Mqtt, "email": Email, "telegram": Telegram, "relay": Relay,
}  # fmt: skip
FOR_PEOPLE: frozenset[Kind] = frozenset({"email", "telegram"})
"""Kinds that say things in words: only theirs are grouped and kept back in quiet hours."""


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """A place that events are sent to (bucket `targets`, key = id)."""

    id: Token
    kind: Kind
    name: Words = ""
    enabled: bool = True
    """What happens while it is off is not sent afterwards."""
    language: Literal["en", "ru"] = "en"
    settings: dict[str, Any] = {}


class DeliveryRule(msgspec.Struct, frozen=True, kw_only=True):
    """Which events go to a target (bucket `delivery-rules`, key = id); what is left empty asks for nothing."""

    id: Token
    target: Token
    name: Words = ""
    enabled: bool = True
    kinds: Annotated[tuple[Token, ...], msgspec.Meta(max_length=64)] = ()
    """`feedback` only where it is named."""
    cameras: Annotated[tuple[Token, ...], msgspec.Meta(max_length=1000)] = ()
    regions: Annotated[tuple[Token, ...], msgspec.Meta(max_length=100)] = ()
    """Those below them too."""
    lists: Annotated[tuple[Token, ...], msgspec.Meta(max_length=64)] = ()
    """`allow`, `deny`, `guest`, or names of watch lists."""
    severity: Severity = "info"
    """At least."""
    schedule: Schedule = ()
    """When it holds, by the site's clock and the event's time; empty = always."""
    versions: Literal["first", "final", "both", "every"] = "first"
    """The first word that the rule is for, the last one, both, or each."""
    quiet: Schedule = ()
    """When nothing is said: it is kept for one message afterwards."""
    quiet_severity: Literal["info", "warning", "alarm", "none"] = "alarm"
    """From this on quiet hours keep nothing back; `none` = they keep all."""
    group_s: Annotated[float, msgspec.Meta(ge=0.0, le=86_400.0)] = 60.0
    """After `group_free` messages within so long the rest of it is one message with counts; 0 = never."""
    group_free: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 3


def read(target: Target) -> SettingsOf:
    """The settings of a target by its kind; what a newer version wrote is left out. Raises `ValidationError`."""
    kind = KINDS[target.kind]
    known = {field.encode_name for field in msgspec.structs.fields(kind)}
    return msgspec.convert({key: value for key, value in target.settings.items() if key in known}, kind)


def secrets(settings: msgspec.Struct) -> dict[str, Secret]:
    """Field → secret."""
    found = {name: getattr(settings, name) for name in settings.__struct_fields__}
    return {name: value for name, value in found.items() if isinstance(value, Secret)}


def shown(settings: S) -> S:
    """The settings without the values of their secrets."""
    masked = {
        name: msgspec.structs.replace(one, value="", stored=bool(one.value)) for name, one in secrets(settings).items()
    }
    return msgspec.structs.replace(settings, **masked)


def kept(settings: S, before: msgspec.Struct | None) -> S:
    """Settings as written, with the values that were to be kept; a secret that is nowhere stays as it is written."""
    old = {} if before is None else secrets(before)
    found = {}
    for name, one in secrets(settings).items():
        value = old[name].value if one.stored and not one.given and name in old else one.value
        found[name] = msgspec.structs.replace(one, value=value, stored=False)
    return msgspec.structs.replace(settings, **found)


def faults(settings: SettingsOf) -> Iterator[tuple[str, Title]]:
    """What of a target's settings can't be used: field, and what is allowed."""
    for name, one in secrets(settings).items():
        if sum(map(bool, (one.file, one.env, one.value))) > 1:
            yield name, Title(en="give one of file, env and value", ru="укажите что-то одно: file, env или value")
    match settings:
        case Webhook(url=url, secret=secret):
            yield from _address(url, "url")
            yield from _needed(secret, "secret")
        case Relay(url=url):
            yield from _address(url, "url")
        case Telegram(api_url=url, token=token):
            yield from _address(url, "api_url")
            yield from _needed(token, "token")
        case Email(tls="none", user=user) if user:
            yield "tls", Title(en="a user needs starttls or tls", ru="с пользователем нужен starttls или tls")
        case _:
            pass


def _needed(secret: Secret, name: str) -> Iterator[tuple[str, Title]]:
    if not secret.given:
        yield name, Title(en="is missing: give file, env or value", ru="не указан: задайте file, env или value")


def _address(url: str, name: str) -> Iterator[tuple[str, Title]]:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
        parts = urlsplit("")
    if not usable or not url.isascii() or any(c <= " " or c == "\x7f" for c in url):
        yield name, Title(en="must be an http:// or https:// address", ru="нужен адрес http:// или https://")
    elif parts.username is not None or parts.password is not None:
        yield name, Title(en="may hold no user or password", ru="не может содержать пользователя и пароль")
    elif parts.fragment:
        yield name, Title(en="may hold no #", ru="не может содержать #")
