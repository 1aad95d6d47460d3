"""The session description that DESCRIBE answers with (RFC 4566, RFC 6184 8.2, RFC 7798 7.1). Pure."""

from __future__ import annotations

from base64 import b64encode

from deploy.simulate.nal import Codec, ParameterSets
from deploy.simulate.rtp import PAYLOAD_TYPE
from deploy.simulate.schedule import TICKS_PER_S

TRACK = "trackID=0"


def describe(*, name: str, codec: Codec, sets: ParameterSets, fps: float, session_id: int) -> str:
    """One video track, live (`npt=now-`), parameter sets included so that a decoder can be opened at once."""
    lines = [
        "v=0",
        f"o=- {session_id} 1 IN IP4 0.0.0.0",
        f"s={name}",
        "c=IN IP4 0.0.0.0",
        "t=0 0",
        "a=tool:zool simulate",
        "a=control:*",
        "a=range:npt=now-",
        f"m=video 0 RTP/AVP {PAYLOAD_TYPE}",
        f"a=rtpmap:{PAYLOAD_TYPE} {'H264' if codec is Codec.H264 else 'H265'}/{TICKS_PER_S}",
        f"a=fmtp:{PAYLOAD_TYPE} {_format(codec, sets)}",
        f"a=framerate:{fps:g}",
        f"a=control:{TRACK}",
    ]
    return "\r\n".join(lines) + "\r\n"


def _format(codec: Codec, sets: ParameterSets) -> str:
    if codec is Codec.H265:
        return f"sprop-vps={_coded(sets.vps)};sprop-sps={_coded(sets.sps)};sprop-pps={_coded(sets.pps)}"
    profile = sets.sps[0][1:4].hex().upper()
    return f"packetization-mode=1;profile-level-id={profile};sprop-parameter-sets={_coded(sets.sps + sets.pps)}"


def _coded(units: tuple[bytes, ...]) -> str:
    return ",".join(b64encode(unit).decode("ascii") for unit in units)
