"""Settings of every process: defaults, then config.ini, then the environment, then one check.

Pure: the caller brings the text of the file and the environment.

Rules
- A section of config.ini is one `msgspec.Struct`; its field names (or `rename`d names) are the keys.
- `ZOOL_<SECTION>_<KEY>` in the environment wins over the file.
- An unknown key, an unknown section or a wrong value is refused with the key, the value and what is allowed.
"""

from __future__ import annotations

import configparser
import difflib
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, TypeVar

import msgspec

T = TypeVar("T", bound=msgspec.Struct)

Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]


class SettingsError(Exception):
    """A setting that can't be used: names the place, the key, the value and what is allowed."""

    def __init__(self, *, section: str, key: str, value: str | None, allowed: str) -> None:
        self.section, self.key, self.value, self.allowed = section, key, value, allowed
        place = f"[{section}] {key}" if key else f"[{section}]"
        shown = f" = {value!r}" if value is not None else ""
        super().__init__(f"config: {place}{shown}: {allowed}")


class NatsSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[nats]`: the broker."""

    url: str = "nats://127.0.0.1:4222"
    """One address, or several of a cluster by commas: the first that answers is taken."""
    user: str = ""
    password: str = ""
    replicas: Literal[1, 3, 5] = 1
    """Servers of a cluster that keep each stream and bucket; holds for those that are made from then on."""
    ca_file: str = ""
    """Certificates (PEM) that sign the broker's; empty = those that the system trusts. For `tls://`."""
    cert_file: str = ""
    """The process's own certificate, where the broker asks for one, and its key."""
    key_file: str = ""

    @property
    def servers(self) -> list[str]:
        """The addresses, in their order."""
        return [part.strip() for part in self.url.split(",") if part.strip()]


class SecretsSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[secrets]`: what credentials of cameras are sealed with; the same file for the api and ingest."""

    key_file: str = ""
    """Empty = they lie in the settings as they are."""


class TritonSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[triton]`: the inference server, gRPC."""

    url: str = "127.0.0.1:8001"
    shared_memory: Literal["auto", "off"] = "auto"
    """auto: frames pass through /dev/shm where Triton is on this host."""

    @property
    def local(self) -> bool:
        """Whether Triton shares this host's memory, as far as the address tells."""
        return self.url.rpartition(":")[0].strip("[]") in {"127.0.0.1", "localhost", "::1"}


class FaceSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[face]`: where a process answers /health/live, /health/ready and /metrics; port 0 takes any free one."""

    host: str = "127.0.0.1"
    port: Port = 0


def parse(ini: str) -> dict[str, dict[str, str]]:
    """The sections of a config.ini, keys as written."""
    parser = configparser.ConfigParser(interpolation=None, strict=True, default_section="\0")
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_string(ini, source="config.ini")
    except configparser.Error as error:
        raise SettingsError(section="config.ini", key="", value=None, allowed=" ".join(str(error).split())) from None
    return {name: dict(parser[name]) for name in parser.sections()}


def load(kind: type[T], section: str, *, ini: str = "", environ: Mapping[str, str] | None = None) -> T:
    """One section as its Struct; raises `SettingsError`."""
    values = dict(parse(ini).get(section, {}))
    keys = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    for key, value in values.items():
        if key not in keys:
            raise SettingsError(section=section, key=key, value=value, allowed=_unknown(key, keys))
    for key in keys:
        override = (environ or {}).get(f"ZOOL_{section.upper()}_{key.upper()}")
        if override is not None:
            values[key] = override
    ready: dict[str, object] = {}
    for key, text in values.items():
        ready[key] = _value(section, key, text, keys[key].type)
    return msgspec.convert(ready, kind)


def check_sections(ini: str, known: Iterable[str]) -> None:
    """Refuse a section that no process reads; raises `SettingsError`."""
    names = sorted(known)
    for name in parse(ini):
        if name not in names:
            raise SettingsError(section=name, key="", value=None, allowed=_unknown(name, names, "section"))


def _value(section: str, key: str, text: str, kind: Any) -> object:
    raw: object = text.strip()
    if _is_list(kind):
        raw = tuple(part.strip() for part in text.split(",") if part.strip())
    if _allows_none(kind) and raw == "":
        return None
    try:
        return msgspec.convert(raw, kind, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(section=section, key=key, value=text, allowed=str(error)) from None


def _is_list(kind: Any) -> bool:
    return isinstance(_inspect(kind), msgspec.inspect.VarTupleType | msgspec.inspect.ListType)


def _allows_none(kind: Any) -> bool:
    found = _inspect(kind)
    return isinstance(found, msgspec.inspect.UnionType) and found.includes_none


def _inspect(kind: Any) -> msgspec.inspect.Type:
    found = msgspec.inspect.type_info(kind)
    while isinstance(found, msgspec.inspect.Metadata):
        found = found.type
    return found


def _unknown(name: str, known: Iterable[str], what: str = "key") -> str:
    names = list(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"unknown {what}; {hint}known: {', '.join(names)}"
