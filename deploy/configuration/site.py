"""A site over its REST API: read, and changed one object at a time. Edge (HTTP)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any
from urllib.parse import quote

from deploy.configuration.changes import Change, Stored
from deploy.configuration.kinds import BY_NAME, CAMERAS, FUNCTIONS, KINDS, Kind, address_of, compared
from deploy.rest import RestClient

Json = dict[str, Any]
PAGE = 500


def read_found(client: RestClient, names: Collection[str]) -> dict[str, dict[str, Stored]]:
    """What there is of some kinds; raises `ApiAway`, `ApiRefused`."""
    found: dict[str, dict[str, Stored]] = {}
    for kind in KINDS:
        if kind.name in names and kind.name != FUNCTIONS:
            found[kind.name] = {one[kind.key or "id"]: _stored(kind, one) for one in _items(client, kind)}
    if FUNCTIONS in names:
        cameras = found[CAMERAS] if CAMERAS in found else [one["id"] for one in _items(client, BY_NAME[CAMERAS])]
        found[FUNCTIONS] = {
            f"{camera}/{one['name']}": _stored(BY_NAME[FUNCTIONS], one | {"settings": one["written"]})
            for camera in cameras
            for one in client.call("GET", f"/cameras/{quote(camera, safe='')}/functions")["items"]
        }
    return found


def _items(client: RestClient, kind: Kind) -> Iterator[Json]:
    after: str | None = ""
    while after is not None:
        params = {"limit": PAGE} | ({"after": after} if after else {}) if kind.paged else None
        page = client.call("GET", kind.path, params=params)
        yield from page["items"]
        after = page.get("next_after")


def _stored(kind: Kind, one: Json) -> Stored:
    return Stored(fields=compared(kind, one), etag=one["etag"])


def write(client: RestClient, change: Change) -> None:
    """Make one change; raises `ApiAway`, `ApiRefused`."""
    kind = BY_NAME[change.kind]
    address = address_of(kind, change.id)
    if change.act == "remove":
        client.call("DELETE", address, if_match=change.etag)
    elif change.act == "change":
        client.call(kind.whole or "PATCH", address, body=change.body, if_match=change.etag)
    elif kind.whole:
        client.call(kind.whole, address, body=change.body)
    else:
        _make(client, kind, change)


def _make(client: RestClient, kind: Kind, change: Change) -> None:
    body = {name: value for name, value in change.body.items() if name not in kind.later}
    later = {name: change.body[name] for name in kind.later if change.body.get(name)}
    made = client.call("POST", kind.path, body=body | {kind.key: change.id})
    if later:
        client.call("PATCH", address_of(kind, change.id), body=later, if_match=made["etag"])
