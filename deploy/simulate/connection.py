"""Edge: one RTSP connection of a client. Event loop only.

A session belongs to its connection and ends with it. What a request means stands in `rtsp.py`; here are the effects.
A client that was not heard for `session_timeout_s` (no request, no RTCP) and takes nothing is cut off.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import socket
from collections.abc import Callable, Mapping
from typing import Protocol, cast

from deploy.simulate import auth, rtsp, sdp
from deploy.simulate.errors import RequestError
from deploy.simulate.feed import Feed
from deploy.simulate.outlet import Address, Outlet, TcpOutlet, UdpOutlet
from deploy.simulate.rtsp import Frame, Request, State, Transport
from deploy.simulate.viewer import FeedViewer

log = logging.getLogger(__name__)

# The kernel would let one sleeping client hold several megabytes of old video.
SEND_BUFFER_BYTES = 256 * 1024


class Site(Protocol):
    """What a connection needs of its server."""

    credentials: auth.Credentials | None
    session_timeout_s: float
    udp: tuple[asyncio.DatagramTransport, asyncio.DatagramTransport]
    udp_ports: tuple[int, int]

    def enter(self, connection: Connection) -> bool:
        """Count a new connection; False if there are too many."""
        ...

    def leave(self, connection: Connection) -> None:
        """Count it no more."""
        ...

    def refuses_login(self, name: str) -> bool:
        """Whether the camera takes no password now, not even the right one."""
        ...

    def feed(self, name: str) -> Feed | None:
        """The camera of that name."""
        ...

    def viewer(self, feed: Feed, outlet: Outlet) -> FeedViewer:
        """A new viewer of that camera."""
        ...


class Connection(asyncio.Protocol):
    """Reads requests, answers them, and owns at most one session."""

    def __init__(self, site: Site) -> None:
        """Start without a session."""
        self.heard_s = 0.0
        self.rtcp_address: Address | None = None
        self._site = site
        self._parser = rtsp.Parser()
        self._nonce = secrets.token_hex(16)
        self._loop = asyncio.get_running_loop()
        self._viewer: FeedViewer | None = None
        self._drop_session()
        self._methods: Mapping[str, Callable[[Request], None]] = {
            "OPTIONS": self._options,
            "GET_PARAMETER": self._options,
            "DESCRIBE": self._describe,
            "SETUP": self._setup,
            "PLAY": self._play,
            "TEARDOWN": self._teardown,
        }

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Limit what the kernel may hold, and join the server."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        self.heard()
        if not self._site.enter(self):
            self._refuse(503)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 (asyncio's signature)
        """End the session with the connection."""
        self._drop_session()
        self._site.leave(self)

    def data_received(self, data: bytes) -> None:
        """Answer every complete request; what cannot be understood ends the connection."""
        self.heard()
        try:
            for one in self._parser.feed(data):
                if isinstance(one, Frame):
                    continue  # The client's RTCP: a sign of life, nothing more.
                self._handle(one)
        except RequestError as error:
            log.info("%s", error)
            self._refuse(error.status)

    def watches(self, feed: Feed) -> bool:
        """Whether its session is of that camera."""
        return self._feed is feed

    def heard(self) -> None:
        """Note a sign of life."""
        self.heard_s = self._loop.time()

    def silent(self, now_s: float) -> bool:
        """Whether the client is gone without having said so; one that takes everything over TCP is not."""
        takes = self._viewer is not None and self._transport_chosen is not None and self._transport_chosen.interleaved
        return now_s - self.heard_s > self._site.session_timeout_s and not (
            takes and not self._transport.get_write_buffer_size()
        )

    def abort(self) -> None:
        """Cut the connection off; what was not sent is forgotten."""
        self._transport.abort()

    def _drop_session(self) -> None:
        if self._viewer is not None:
            self._viewer.stop()
        self._viewer = None
        self._state = State.INIT
        self._session = ""
        self._feed: Feed | None = None
        self._track_url = ""
        self._transport_chosen: Transport | None = None
        self.rtcp_address = None

    def _refuse(self, status: int) -> None:
        self._transport.write(rtsp.answer(status, "0"))
        self._transport.close()

    def _answer(self, request: Request, status: int, headers: Mapping[str, str] | None = None, body: str = "") -> None:
        self._transport.write(rtsp.answer(status, request.cseq, headers, body))

    def _handle(self, request: Request) -> None:
        method = request.method
        if self._transport.is_closing():
            return
        if method in rtsp.NOT_ALLOWED:
            self._answer(request, 405, {"Allow": rtsp.PUBLIC})
        elif method not in self._methods:
            self._answer(request, 501, {"Public": rtsp.PUBLIC})
        elif method != "OPTIONS" and not self._permitted(request):
            self._answer(request, 401, {"WWW-Authenticate": auth.challenge(self._nonce)})
        elif method not in rtsp.STATELESS and (self._state, method) not in rtsp.TRANSITIONS:
            self._answer(request, 455, {"Allow": rtsp.PUBLIC})
        elif not self._knows(request):
            self._answer(request, 454)
        else:
            self._methods[method](request)

    def _permitted(self, request: Request) -> bool:
        if self._site.refuses_login(rtsp.camera_name(request.url)):
            return False
        credentials = self._site.credentials
        if credentials is None:
            return True
        return auth.permits(credentials, request.headers.get("authorization", ""), request.method, self._nonce)

    def _knows(self, request: Request) -> bool:
        named = request.headers.get("session", "").partition(";")[0].strip()
        return not named or named == self._session

    def _session_header(self) -> dict[str, str]:
        timeout_s = max(1, round(self._site.session_timeout_s))
        return {"Session": f"{self._session};timeout={timeout_s}"} if self._session else {}

    def _find(self, request: Request) -> Feed | None:
        """The camera of the request's URL; answers 404 in words if it is not there or is over."""
        name = rtsp.camera_name(request.url)
        feed = self._site.feed(name)
        if feed is None or feed.ended:
            why = (
                f"There is no camera /{name} here."
                if feed is None
                else f"The camera /{name} has ended; its clip does not loop."
            )
            self._answer(request, 404, {"Content-Type": "text/plain; charset=utf-8"}, why + "\r\n")
            return None
        return feed

    def _options(self, request: Request) -> None:
        self._answer(request, 200, {"Public": rtsp.PUBLIC} | self._session_header())

    def _describe(self, request: Request) -> None:
        feed = self._find(request)
        if feed is None:
            return
        clip = feed.prepared.clip
        text = sdp.describe(
            name=feed.name,
            codec=clip.codec,
            sets=clip.parameter_sets,
            fps=clip.fps,
            session_id=feed.schedule.started_us,
        )
        base = request.url.removesuffix(sdp.TRACK).rstrip("/") + "/"
        self._answer(request, 200, {"Content-Base": base, "Content-Type": "application/sdp"}, text)

    def _setup(self, request: Request) -> None:
        feed = self._find(request)
        if feed is None:
            return
        if self._feed not in {None, feed}:
            self._answer(request, 459)
            return
        chosen = rtsp.choose_transport(request.headers.get("transport", ""))
        if chosen is None:
            self._answer(request, 461, {"Unsupported": "RTP/AVP;unicast and RTP/AVP/TCP;unicast are served"})
            return
        self._feed, self._track_url, self._transport_chosen = feed, request.url, chosen
        self._session = self._session or secrets.token_hex(8)
        self._state = rtsp.TRANSITIONS[self._state, "SETUP"]
        self._viewer = self._site.viewer(feed, self._outlet(chosen, feed))
        headers = {"Transport": self._transport_header(chosen, self._viewer.ssrc)} | self._session_header()
        self._answer(request, 200, headers)

    def _outlet(self, chosen: Transport, feed: Feed) -> Outlet:
        if chosen.interleaved:
            return TcpOutlet(self._transport, chosen.rtp, chosen.rtcp)
        # Always back to where the request came from: `destination` is ignored, or anybody could be flooded.
        host, _, *rest = self._transport.get_extra_info("peername")
        addresses = (cast("Address", (host, chosen.rtp, *rest)), cast("Address", (host, chosen.rtcp, *rest)))
        self.rtcp_address = addresses[1]
        return UdpOutlet(self._site.udp, addresses, feed.prepared.bytes_per_s)

    def _transport_header(self, chosen: Transport, ssrc: int) -> str:
        if chosen.interleaved:
            return f"RTP/AVP/TCP;unicast;interleaved={chosen.rtp}-{chosen.rtcp};ssrc={ssrc:08X}"
        rtp_port, rtcp_port = self._site.udp_ports
        ports = f"client_port={chosen.rtp}-{chosen.rtcp};server_port={rtp_port}-{rtcp_port}"
        return f"RTP/AVP;unicast;{ports};ssrc={ssrc:08X}"

    def _play(self, request: Request) -> None:
        feed, viewer = self._feed, self._viewer
        if feed is None or viewer is None:
            self._answer(request, 455)
            return
        if self._state is State.PLAYING:
            self._answer(request, 200, self._session_header())
            return
        if self._find(request) is None:
            return
        self._state = rtsp.TRANSITIONS[self._state, "PLAY"]
        viewer.tune_in()
        info = f"url={self._track_url};seq={viewer.seq};rtptime={viewer.first_timestamp}"
        self._answer(request, 200, {"Range": "npt=now-", "RTP-Info": info} | self._session_header())
        viewer.start()

    def _teardown(self, request: Request) -> None:
        headers = self._session_header()
        self._drop_session()
        self._answer(request, 200, headers)
