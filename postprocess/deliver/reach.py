"""Whether a target may be reached, and at which address. Edge (DNS).

Rules
- Only addresses that an administrator wrote as a target are ever opened; nothing that a camera, an event or an answer
  says becomes an address, and no redirect is followed.
- A name is looked up here, every address that it has is checked, and the connection goes to the one that was checked:
  a name that changes its mind afterwards leads nowhere else.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Sequence

from ingest.settings import SettingsError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
METADATA = ("169.254.169.254", "fd00:ec2::254")
"""A cloud's own services hold credentials: never a target, whatever is allowed."""
LOOKUP_S_MAX = 5.0


class Unreachable(Exception):  # noqa: N818 - a state of the world, named as such
    """An address that can't be had, or must not be opened."""


class Reach:
    """What may be opened."""

    def __init__(self, networks: Sequence[str]) -> None:
        """Raises `SettingsError`."""
        self._networks: list[Network] = []
        for text in networks:
            try:
                self._networks.append(ipaddress.ip_network(text))
            except ValueError as error:
                allowed = f"a network such as 10.0.0.0/8: {error}"
                raise SettingsError(section="deliver", key="networks", value=text, allowed=allowed) from None

    async def address(self, host: str, port: int) -> str:
        """An address of a host that may be opened; raises `Unreachable`."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(LOOKUP_S_MAX):
                found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError, TimeoutError) as error:
            raise Unreachable(f"the name {host} is not found: {error or 'no answer'}") from None
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        for each in addresses:
            if not self.may(each):
                raise Unreachable(f"{host} is {each}, which no target may be at; see [deliver] networks")
        return addresses[0]

    def may(self, text: str) -> bool:
        """Whether an address may be opened."""
        address = ipaddress.ip_address(text.partition("%")[0])
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        if str(address) in METADATA or address.is_unspecified or address.is_multicast:
            return False
        if self._networks:
            return any(address in network for network in self._networks)
        return not (address.is_loopback or address.is_link_local or address.is_reserved)
