"""Edges to the network, one per transport: where the packets of one viewer go. Event loop only.

Both never block and tell how much waits in them, so that the viewer can stop giving before memory grows.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Protocol

from deploy.simulate.rtp import interleaved

# A receiver's socket holds about 90 packets by default: a burst is let out in portions, as a real network would do.
UDP_PORTION_BYTES = 32 * 1024
UDP_BYTES_PER_S_MIN = 2_000_000
UDP_RATE_OVER_CLIP = 4

Address = tuple[str, int] | tuple[str, int, int, int]


class Outlet(Protocol):
    """The way to one viewer."""

    def rtp(self, packets: Sequence[bytes]) -> None:
        """Send the packets of one picture."""
        ...

    def rtcp(self, packet: bytes) -> None:
        """Send one report."""
        ...

    def backlog_bytes(self) -> int:
        """What was given and has not left yet."""
        ...

    def close(self) -> None:
        """Forget what has not left."""
        ...


class TcpOutlet:
    """Two channels inside the RTSP connection."""

    def __init__(self, transport: asyncio.Transport, rtp_channel: int, rtcp_channel: int) -> None:
        """Keep the connection's transport, which belongs to the connection."""
        self._transport = transport
        self._rtp_channel = rtp_channel
        self._rtcp_channel = rtcp_channel

    def rtp(self, packets: Sequence[bytes]) -> None:
        """Write the packets of one picture with one call."""
        if packets and not self._transport.is_closing():
            self._transport.write(interleaved(self._rtp_channel, packets))

    def rtcp(self, packet: bytes) -> None:
        """Write one report."""
        if not self._transport.is_closing():
            self._transport.write(interleaved(self._rtcp_channel, (packet,)))

    def backlog_bytes(self) -> int:
        """What the event loop holds; the kernel's part is limited by SO_SNDBUF."""
        return self._transport.get_write_buffer_size()

    def close(self) -> None:
        """Nothing to do: the connection lives on for the next request."""


class UdpOutlet:
    """Two ports of the client, fed from the server's pair of sockets through a token bucket."""

    def __init__(
        self,
        sockets: tuple[asyncio.DatagramTransport, asyncio.DatagramTransport],
        addresses: tuple[Address, Address],
        bytes_per_s: int,
    ) -> None:
        """Keep the server's `sockets` (RTP, RTCP), the client's `addresses` and the rate of the clip."""
        self._sockets = sockets
        self._addresses = addresses
        self._bytes_per_s = max(UDP_BYTES_PER_S_MIN, UDP_RATE_OVER_CLIP * bytes_per_s)
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._tokens_bytes = float(UDP_PORTION_BYTES)
        self._filled_s = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None

    def rtp(self, packets: Sequence[bytes]) -> None:
        """Send what the bucket allows now, the rest a little later."""
        self._waiting.extend(packets)
        self._waiting_bytes += sum(map(len, packets))
        if self._timer is None:
            self._pump()

    def rtcp(self, packet: bytes) -> None:
        """Send one report at once."""
        self._send(1, packet)

    def backlog_bytes(self) -> int:
        """What waits for the bucket."""
        return self._waiting_bytes

    def close(self) -> None:
        """Forget what has not left and stop the timer."""
        self._waiting.clear()
        self._waiting_bytes = 0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _pump(self) -> None:
        self._timer = None
        now_s = self._loop.time()
        self._tokens_bytes = min(
            float(UDP_PORTION_BYTES), self._tokens_bytes + (now_s - self._filled_s) * self._bytes_per_s
        )
        self._filled_s = now_s
        while self._waiting and self._tokens_bytes > 0:
            packet = self._waiting.popleft()
            self._waiting_bytes -= len(packet)
            self._tokens_bytes -= len(packet)
            self._send(0, packet)
        if self._waiting:
            self._timer = self._loop.call_later(UDP_PORTION_BYTES / 2 / self._bytes_per_s, self._pump)

    def _send(self, index: int, packet: bytes) -> None:
        if not self._sockets[index].is_closing():
            self._sockets[index].sendto(packet, self._addresses[index])
