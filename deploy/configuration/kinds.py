"""What a configuration file may hold: kinds of objects, where the API has them, and in which form they are compared.

Pure.

Rules
- What people write is read by the very types that the API reads (`shape`), so that a file allows what a call allows.
- An object is compared as all of its fields, with defaults: what a file leaves out has its default.
- Both sides are brought into one form: texts without blanks around them, times as the API writes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import quote

import msgspec

from api.accounts import UserIn
from api.contract import CameraIn, FunctionIn, PersonIn, VehicleIn
from api.contract_deliver import DeliveryRuleIn, TargetIn
from api.contract_setup import RegionIn
from api.doors import DoorIn
from api.query import instant
from api.views import moment
from postprocess.deliver.settings import KINDS as TARGET_KINDS
from postprocess.deliver.settings import Secret

Fields = dict[str, Any]
TIMES = ("valid_from", "valid_until", "basis_at", "basis_until")


class UserEntry(UserIn, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A user as a file has it; `password` is a reference, and holds for a new user only."""

    disabled: bool = False


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of objects. `place`: the section of the file, also before the id in messages."""

    name: str
    place: str
    path: str
    shape: type[msgspec.Struct]
    key: str = ""
    """The field of `shape` that holds the id, which a file has as the key of the object."""
    whole: Literal["PUT", ""] = "PUT"
    """How it is written: whole, or made by POST and changed by PATCH."""
    paged: bool = False
    unseen: tuple[str, ...] = ()
    """Fields that the API never shows."""
    filled: tuple[str, ...] = ()
    """Fields that the API fills where they are null: null in a file is whatever it made of it."""
    later: tuple[str, ...] = ()
    """Fields that only a change can set, not the making."""

    @property
    def allowed(self) -> tuple[str, ...]:
        """Keys that an object may have in a file."""
        return tuple(one.encode_name for one in msgspec.structs.fields(self.shape) if one.name != self.key)


REGIONS, CAMERAS, FUNCTIONS, TARGETS, USERS = "regions", "cameras", "functions", "targets", "users"
KINDS: tuple[Kind, ...] = (
    Kind(name=REGIONS, place="regions", path="/regions", shape=RegionIn, key="id", whole=""),
    Kind(name=CAMERAS, place="cameras", path="/cameras", shape=CameraIn, key="id", whole=""),
    Kind(name=FUNCTIONS, place="cameras", path="/cameras", shape=FunctionIn),
    Kind(name="vehicles", place="vehicles", path="/vehicles", shape=VehicleIn, key="id", paged=True),
    Kind(
        name="people", place="people", path="/people", shape=PersonIn, key="id", whole="", paged=True,
        filled=("basis_at",),
    ),
    Kind(name="doors", place="doors", path="/doors", shape=DoorIn),
    Kind(name=TARGETS, place="deliveries.targets", path="/deliveries/targets", shape=TargetIn),
    Kind(name="rules", place="deliveries.rules", path="/deliveries/rules", shape=DeliveryRuleIn, key="id"),
    Kind(
        name=USERS, place="users", path="/users", shape=UserEntry, key="name", whole="",
        unseen=("password",), later=("disabled",),
    ),
)  # fmt: skip
"""In the order in which they are written; removed in the opposite one."""
BY_NAME: Mapping[str, Kind] = {kind.name: kind for kind in KINDS}


def place_of(kind: Kind, id_: str) -> str:
    """Where an object stands in a file. The id of a function is `<camera>/<name>`."""
    return f"{kind.place}.{id_.replace('/', '.functions.')}"


def address_of(kind: Kind, id_: str) -> str:
    """Where the API has an object."""
    return f"{kind.path}/" + "/functions/".join(quote(part, safe="") for part in id_.split("/"))


def plain(value: Any) -> Any:
    """As JSON gives it back."""
    return msgspec.json.decode(msgspec.json.encode(value))


def defaults(shape: type[msgspec.Struct]) -> Fields:
    """Field → default, of those that have one."""
    found: Fields = {}
    for one in msgspec.structs.fields(shape):
        if one.default is not msgspec.NODEFAULT:
            found[one.encode_name] = plain(one.default)
        elif one.default_factory is not msgspec.NODEFAULT:
            found[one.encode_name] = plain(one.default_factory())
    return found


def _settings_of(target_kind: object) -> type[msgspec.Struct] | None:
    return next((settings for kind, settings in TARGET_KINDS.items() if kind == target_kind), None)


def secret_names(target_kind: object) -> tuple[str, ...]:
    """Settings of a kind of target that are secrets; none of an unknown kind."""
    settings = _settings_of(target_kind)
    fields = () if settings is None else msgspec.structs.fields(settings)
    return tuple(one.encode_name for one in fields if one.type is Secret)


def target_defaults(target_kind: object) -> Fields:
    """Setting → default of a kind of target, as the API shows them."""
    settings = _settings_of(target_kind)
    found = {} if settings is None else defaults(settings)
    return found | {name: {} for name in secret_names(target_kind) if name in found}


def compared(kind: Kind, fields: Mapping[str, Any]) -> Fields:
    """An object in the one form that both sides are compared in."""
    told = defaults(kind.shape) | {name: fields[name] for name in kind.allowed if name in fields}
    told = {name: one.strip() if isinstance(one, str) else one for name, one in told.items()}
    for name in TIMES:
        if (at_us := instant(told.get(name))) is not None:
            told[name] = moment(at_us)
    return {name: told[name] for name in kind.allowed if name in told and name not in kind.unseen}


def written(kind: Kind, fields: Mapping[str, Any]) -> Fields:
    """What of an object has to stand in a file: all but defaults."""
    usual = defaults(kind.shape)
    told = {name: one for name, one in fields.items() if name not in usual or one != usual[name]}
    if kind.name == TARGETS:
        ordinary = target_defaults(fields["kind"])
        told["settings"] = {
            name: one for name, one in fields["settings"].items() if name not in ordinary or one != ordinary[name]
        }
    return told
