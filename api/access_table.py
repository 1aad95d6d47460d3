"""Who may do what: path template x method -> the least role, and whether the call is limited by region.

Pure, and literal on purpose: this table is what is reviewed. The guard looks calls up by the path of the OpenAPI
document; what is not here needs an administrator of the whole site. A test walks every call of the document.

- `least`: viewer < operator < administrator. `machine`: the role integration may too (it is no step of that ladder).
- `place`, for users who are limited to regions: `none`, the call is about no place and open to them; `region`, they
  see and change only what lies in their regions, anything else is not there; `site`, the call is about the whole site
  and refused to them.
- `look`: reading this is in the audit: `always` (people, their faces and photos, whereabouts, exports), or where a
  person is searched for by id (`person`). Changes always are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from api.contract import Role

Place = Literal["none", "region", "site"]
Look = Literal["", "always", "person"]


class Access(msgspec.Struct, frozen=True):
    """What a call needs."""

    least: Role
    place: Place
    machine: bool = False
    look: Look = ""


OPEN: frozenset[tuple[str, str]] = frozenset(
    {
        ("GET", "/health/live"),
        ("GET", "/health/ready"),
        ("POST", "/api/v1/session"),
        ("GET", "/api/v1/session/oidc"),
        ("GET", "/api/v1/session/oidc/callback"),
        ("GET", "/api/v1/session/ways"),
    }
)
"""Calls of the document that need no token at all."""

SIGN_INS: frozenset[tuple[str, str]] = frozenset(
    {("POST", "/api/v1/session"), ("GET", "/api/v1/session/oidc/callback")}
)
"""Those of them by which somebody comes in: good or refused, they are in the audit."""

TABLE: Mapping[str, Mapping[str, Access]] = {
    "/api/v1/attendance/muster": {"GET": Access("operator", "site", machine=True, look="always")},
    "/api/v1/attendance/shifts": {
        "GET": Access("operator", "site", machine=True, look="always"),
        "POST": Access("operator", "site", machine=True),
    },
    "/api/v1/attendance/timesheet": {"GET": Access("operator", "site", machine=True, look="always")},
    "/api/v1/audit": {"GET": Access("administrator", "site", look="always")},
    "/api/v1/audit/links": {"GET": Access("administrator", "site", look="always")},
    "/api/v1/cameras": {
        "GET": Access("viewer", "region", machine=True),
        "POST": Access("administrator", "region"),
    },
    "/api/v1/cameras/import": {"POST": Access("administrator", "region")},
    "/api/v1/cameras/test": {"POST": Access("administrator", "none")},
    "/api/v1/cameras/{camera_id}": {
        "GET": Access("viewer", "region", machine=True),
        "PATCH": Access("operator", "region"),
        "DELETE": Access("administrator", "region"),
    },
    "/api/v1/cameras/{camera_id}/copy": {"POST": Access("operator", "region")},
    "/api/v1/cameras/{camera_id}/functions": {"GET": Access("viewer", "region")},
    "/api/v1/cameras/{camera_id}/functions/{name}": {
        "GET": Access("viewer", "region"),
        "PUT": Access("operator", "region"),
        "DELETE": Access("operator", "region"),
    },
    "/api/v1/cameras/{camera_id}/functions/{name}/replay": {"POST": Access("operator", "region")},
    "/api/v1/cameras/{camera_id}/missed": {"POST": Access("operator", "region")},
    "/api/v1/cameras/{camera_id}/snapshot.jpg": {"GET": Access("viewer", "region", machine=True)},
    "/api/v1/cameras/{camera_id}/stills": {"POST": Access("operator", "region")},
    "/api/v1/cameras/{camera_id}/template": {"POST": Access("operator", "region")},
    "/api/v1/dead": {"GET": Access("administrator", "site")},
    "/api/v1/dead/drop": {"POST": Access("administrator", "site")},
    "/api/v1/dead/replay": {"POST": Access("administrator", "site")},
    "/api/v1/dead/resume/{stage}": {"POST": Access("administrator", "site")},
    "/api/v1/dead/{seq}": {"GET": Access("administrator", "site"), "DELETE": Access("administrator", "site")},
    "/api/v1/dead/{seq}/replay": {"POST": Access("administrator", "site")},
    "/api/v1/doors": {"GET": Access("viewer", "site", machine=True)},
    "/api/v1/doors/{door_id}": {
        "GET": Access("viewer", "site", machine=True),
        "PUT": Access("administrator", "site"),
        "DELETE": Access("administrator", "site"),
    },
    "/api/v1/doors/{door_id}/open": {"POST": Access("operator", "site", machine=True)},
    "/api/v1/deliveries/kinds": {"GET": Access("viewer", "none")},
    "/api/v1/deliveries/log": {"GET": Access("operator", "site")},
    "/api/v1/deliveries/rules": {"GET": Access("operator", "site")},
    "/api/v1/deliveries/rules/{rule_id}": {
        "GET": Access("operator", "site"),
        "PUT": Access("administrator", "site"),
        "DELETE": Access("administrator", "site"),
    },
    "/api/v1/deliveries/targets": {"GET": Access("operator", "site")},
    "/api/v1/deliveries/targets/{target_id}": {
        "GET": Access("operator", "site"),
        "PUT": Access("administrator", "site"),
        "DELETE": Access("administrator", "site"),
    },
    "/api/v1/deliveries/targets/{target_id}/test": {"POST": Access("administrator", "site")},
    "/api/v1/events": {"GET": Access("viewer", "region", machine=True, look="person")},
    "/api/v1/events/export": {"GET": Access("operator", "region", look="always")},
    "/api/v1/events/stream": {"GET": Access("viewer", "region", machine=True, look="always")},
    "/api/v1/events/{event_id}": {"GET": Access("viewer", "region", machine=True)},
    "/api/v1/events/{event_id}/feedback": {"POST": Access("operator", "region", machine=True)},
    "/api/v1/events/{event_id}/handling": {"POST": Access("operator", "region", machine=True)},
    "/api/v1/events/{event_id}/photos/{photo}": {"GET": Access("viewer", "region", machine=True, look="always")},
    "/api/v1/events/{event_id}/shots/{shot}": {"GET": Access("viewer", "region", machine=True, look="always")},
    "/api/v1/events/{event_id}/trace": {"GET": Access("viewer", "region", machine=True, look="always")},
    "/api/v1/events/{event_id}/words": {"GET": Access("viewer", "region", machine=True)},
    "/api/v1/functions": {"GET": Access("viewer", "none", machine=True)},
    "/api/v1/guest-passes": {"POST": Access("operator", "site", machine=True)},
    "/api/v1/live/boxes": {"GET": Access("viewer", "region")},
    "/api/v1/parking/lots": {"GET": Access("viewer", "region", machine=True)},
    "/api/v1/parking/lots/{lot_id}": {
        "GET": Access("viewer", "region", machine=True),
        "PUT": Access("operator", "region"),
        "DELETE": Access("operator", "region"),
    },
    "/api/v1/parking/sessions": {"GET": Access("viewer", "region", machine=True)},
    "/api/v1/people": {
        "GET": Access("operator", "none", machine=True, look="always"),
        "POST": Access("operator", "site", machine=True),
    },
    "/api/v1/people/{person_id}": {
        "GET": Access("operator", "none", machine=True, look="always"),
        "PATCH": Access("operator", "site", machine=True),
        "DELETE": Access("operator", "site", machine=True),
    },
    "/api/v1/people/{person_id}/erase": {"POST": Access("administrator", "site")},
    "/api/v1/people/{person_id}/mistakes": {"POST": Access("operator", "site")},
    "/api/v1/people/{person_id}/photos": {
        "GET": Access("operator", "site", look="always"),
        "POST": Access("operator", "site"),
    },
    "/api/v1/people/{person_id}/photos/{sample_id}": {"DELETE": Access("operator", "site")},
    "/api/v1/regions": {"GET": Access("viewer", "region"), "POST": Access("administrator", "site")},
    "/api/v1/regions/{region_id}": {
        "GET": Access("viewer", "region"),
        "PATCH": Access("administrator", "site"),
        "DELETE": Access("administrator", "site"),
    },
    "/api/v1/reports/attendance": {"GET": Access("operator", "site", look="always")},
    "/api/v1/reports/{name}": {"GET": Access("viewer", "region")},
    "/api/v1/review/plates": {"GET": Access("operator", "region")},
    "/api/v1/review/plates/{event_id}": {"POST": Access("operator", "region")},
    "/api/v1/secrets/reseal": {"POST": Access("administrator", "site")},
    "/api/v1/session": {"GET": Access("viewer", "none", machine=True), "DELETE": Access("viewer", "none")},
    "/api/v1/session/password": {"PUT": Access("viewer", "none")},
    "/api/v1/session/tokens": {"GET": Access("viewer", "none"), "POST": Access("viewer", "none")},
    "/api/v1/session/tokens/{token_id}": {"DELETE": Access("viewer", "none")},
    "/api/v1/templates": {"GET": Access("viewer", "none")},
    "/api/v1/system": {"GET": Access("operator", "site")},
    "/api/v1/users": {"GET": Access("administrator", "site"), "POST": Access("administrator", "site")},
    "/api/v1/users/{name}": {
        "GET": Access("administrator", "site"),
        "PATCH": Access("administrator", "site"),
        "DELETE": Access("administrator", "site"),
    },
    "/api/v1/users/{name}/password": {"PUT": Access("administrator", "site")},
    "/api/v1/users/{name}/tokens": {"GET": Access("administrator", "site"), "POST": Access("administrator", "site")},
    "/api/v1/users/{name}/tokens/{token_id}": {"DELETE": Access("administrator", "site")},
    "/api/v1/vehicles": {
        "GET": Access("operator", "none", machine=True),
        "POST": Access("operator", "site", machine=True),
    },
    "/api/v1/vehicles/export.csv": {"GET": Access("operator", "none", machine=True, look="always")},
    "/api/v1/vehicles/import": {"POST": Access("operator", "site", machine=True)},
    "/api/v1/vehicles/{entry_id}": {
        "GET": Access("operator", "none", machine=True),
        "PUT": Access("operator", "site", machine=True),
        "DELETE": Access("operator", "site", machine=True),
    },
    "/metrics": {"GET": Access("administrator", "site", machine=True)},
}

ACS: Mapping[str, Access] = {
    "/zool.acs.v1.AccessControl/GetEvent": Access("viewer", "region", machine=True),
    "/zool.acs.v1.AccessControl/StreamEvents": Access("viewer", "region", machine=True, look="always"),
    "/zool.acs.v1.Doors/AddGuestPass": Access("operator", "site", machine=True),
    "/zool.acs.v1.Doors/Decide": Access("operator", "site", machine=True),
    "/zool.acs.v1.Doors/Decisions": Access("operator", "site", machine=True, look="always"),
    "/zool.acs.v1.Doors/ListMembers": Access("operator", "site", machine=True, look="always"),
    "/zool.acs.v1.Doors/OfflineList": Access("operator", "site", machine=True, look="always"),
    "/zool.acs.v1.Doors/OpenDoor": Access("operator", "site", machine=True, look="always"),
    "/zool.acs.v1.Doors/RemoveMember": Access("operator", "site", machine=True),
    "/zool.acs.v1.Doors/ReportPassage": Access("operator", "site", machine=True),
    "/zool.acs.v1.Doors/UpsertMember": Access("operator", "site", machine=True),
}
"""Methods of gRPC, as they are called."""

CLOSED = Access("administrator", "site")
"""What holds for everything that is in no table."""
ANYBODY = Access("viewer", "none", machine=True)
"""Whoever came in."""

_LADDER: tuple[Role, ...] = ("viewer", "operator", "administrator")


def rest_access(method: str, path: str) -> Access:
    """What a call of REST needs, by its path as the OpenAPI document writes it."""
    return ANYBODY if method == "OPTIONS" else TABLE.get(path, {}).get(method, CLOSED)


def acs_access(method: str) -> Access:
    """What a method of gRPC needs, by its full name."""
    return ACS.get(method, CLOSED)


def grants(access: Access, roles: Iterable[Role]) -> bool:
    """Whether all of these roles (of a user, and of the token it came with) may make a call; none: nobody may."""
    found = tuple(roles)
    return bool(found) and all(_one_grants(access, role) for role in found)


def within(role: Role) -> tuple[Role, ...]:
    """Roles that a token of somebody with this role may have."""
    if role == "integration":
        return ("integration",)
    machine: tuple[Role, ...] = ("integration",) if role != "viewer" else ()
    return (*_LADDER[: _LADDER.index(role) + 1], *machine)


def _one_grants(access: Access, role: Role) -> bool:
    if role == "integration":
        return access.machine
    return _LADDER.index(role) >= _LADDER.index(access.least)
