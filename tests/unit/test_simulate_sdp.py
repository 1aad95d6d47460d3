"""The session description, whole."""

from __future__ import annotations

from deploy.simulate.nal import Codec, ParameterSets
from deploy.simulate.sdp import describe

H264 = """\
v=0
o=- 17 1 IN IP4 0.0.0.0
s=gate
c=IN IP4 0.0.0.0
t=0 0
a=tool:zool simulate
a=control:*
a=range:npt=now-
m=video 0 RTP/AVP 96
a=rtpmap:96 H264/90000
a=fmtp:96 packetization-mode=1;profile-level-id=42001E;sprop-parameter-sets=Z0IAHg==,aM48gA==
a=framerate:25
a=control:trackID=0
"""


def test_h264() -> None:
    """Golden: what cameras send, line by line."""
    sets = ParameterSets(sps=(b"\x67\x42\x00\x1e",), pps=(b"\x68\xce\x3c\x80",))
    text = describe(name="gate", codec=Codec.H264, sets=sets, fps=25.0, session_id=17)
    assert text == H264.replace("\n", "\r\n")


def test_h265() -> None:
    """H.265 has its three kinds of parameter sets under their own names; a broken rate stays readable."""
    sets = ParameterSets(vps=(b"\x40\x01",), sps=(b"\x42\x01",), pps=(b"\x44\x01", b"\x44\x02"))
    text = describe(name="gate", codec=Codec.H265, sets=sets, fps=29.97, session_id=17)
    assert "a=rtpmap:96 H265/90000\r\n" in text
    assert "a=fmtp:96 sprop-vps=QAE=;sprop-sps=QgE=;sprop-pps=RAE=,RAI=\r\n" in text
    assert "a=framerate:29.97\r\n" in text
