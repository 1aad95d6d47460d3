"""Barriers at the clips' gates: doors, lists that hold half of the plates, and a simulated controller.

Edge (asyncio, HTTP, gRPC), but for `plates`, which is pure.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

from deploy.acs.barrier import Barrier
from deploy.acs.client import Target
from deploy.acs.doors import DoorClient
from deploy.acs.keep import Nowhere
from deploy.acs.simulate import Note, Simulator
from deploy.demo.client import Client
from deploy.demo.truth import Truth
from deploy.errors import ApiRefused
from deploy.up.command import System

AGE_S_MAX = 10.0
"""The clips' vehicles don't wait at the line: a read that takes its time still finds them in the picture."""


def plates(scenes: Iterable[Truth]) -> tuple[tuple[str, ...], str]:
    """Every second plate of the clips, to be let in, and one of the others, to be denied."""
    every = sorted({moment.plate for scene in scenes for moment in scene.events if moment.plate})
    return tuple(every[::2]), every[1] if len(every) > 1 else ""


async def set_up(client: Client, gates: Iterable[tuple[str, str]], scenes: Iterable[Truth]) -> None:
    """A barrier at every gate (camera, name), by the lists; doing it again changes nothing."""
    allowed, denied = plates(scenes)
    for plate in allowed:
        await _entry(client, plate, "allow")
    if denied:
        await _entry(client, denied, "deny")
    for camera, name in gates:
        await _door(client, camera, name)


async def _entry(client: Client, plate: str, on: str) -> None:
    with contextlib.suppress(_There):
        await _call(client, "POST", "/vehicles", {"plate": plate, "list": on, "note": "demo"})


async def _door(client: Client, camera: str, name: str) -> None:
    body = {"name": name, "places": [{"camera": camera}], "direction": "both", "age_s_max": AGE_S_MAX}
    known = {door["id"]: door["etag"] for door in (await client.call("GET", "/doors"))["items"]}
    headers = {"If_Match": known[camera]} if camera in known else {}
    await client.call("PUT", f"/doors/{camera}", body, **headers)


class _There(Exception):  # noqa: N818 - it is no fault
    """An entry is there already."""


async def _call(client: Client, method: str, path: str, body: dict[str, Any]) -> None:
    try:
        await client.call(method, path, body)
    except ApiRefused as refused:
        if refused.status != 409:
            raise
        raise _There from None


def target(system: System) -> Target:
    """The gRPC server of a running system."""
    scheme, _, address = system.acs.partition("://")
    return Target(address=address, token=system.token, tls=scheme == "grpcs")


@contextlib.asynccontextmanager
async def controller(system: System, *, note: Note, say: Callable[[str], None]) -> AsyncIterator[Simulator]:
    """A simulated controller of all doors, to be run."""
    async with DoorClient(target(system), (), Nowhere(lambda _: None), say=say) as client:
        yield Simulator(client, (), make=Barrier, note=note, lists=None)


async def nothing_read() -> AsyncIterator[str]:
    """A reader that reads nothing."""
    nothing: tuple[str, ...] = ()
    for line in nothing:
        yield line
