"""Which camera addresses may be opened."""

import pytest

from ingest import url
from ingest.contract import mask_url
from ingest.errors import UnsafeAddress


@pytest.mark.parametrize(
    "address",
    [
        "rtsp://camera/stream",
        "rtsps://camera:322/stream",
        "RTSP://10.0.0.7:8554/Streaming/Channels/101?transportmode=unicast",
        "rtsp://user:p%40ss@camera.local/h264",
        "rtsp://[fd00::7]:554/x",
    ],
)
def test_a_camera_address_is_taken(address: str) -> None:
    """Only rtsp and rtsps with a host pass."""
    assert url.check(address).hostname


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd",
        "/etc/passwd",
        "",
        "http://169.254.169.254/latest/meta-data",
        "https://camera/x",
        "concat:/etc/passwd|/etc/shadow",
        "rtmp://camera/live",
        "udp://239.0.0.1:1234",
        "rtsp:///etc/passwd",
        "rtsp://",
        "rtsp://:554/x",
        "rtsp://camera:0/x",
        "rtsp://camera:99999/x",
        "rtsp://camera:port/x",
        "rtsp://[fd00::7/x",
        "rtsp://camera/a b",
        "rtsp://camera/x\r\nTEARDOWN rtsp://camera/x RTSP/1.0",
        "rtsp://камера/x",
        "rtsp://camera/" + "x" * 3000,
        "subfile,,start,0,end,9,,:rtsp://camera/x",
    ],
)
def test_any_other_address_is_refused(address: str) -> None:
    """Files, web addresses and malformed ones are refused with the cause `unsafe_url`."""
    with pytest.raises(UnsafeAddress) as refused:
        url.check(address)
    assert refused.value.cause == "unsafe_url"
    assert str(refused.value)


@pytest.mark.parametrize("address", ["http://admin:secret@camera/x", "rtsp://admin:secret@/x", "rtsp://a:secret@c:0/x"])
def test_a_refusal_never_repeats_the_password(address: str) -> None:
    """The sentence masks credentials."""
    with pytest.raises(UnsafeAddress) as refused:
        url.check(address)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(("address", "port"), [("rtsp://c/x", 554), ("rtsps://c/x", 322), ("rtsp://c:8554/x", 8554)])
def test_the_port_that_is_meant(address: str, port: int) -> None:
    """Each scheme has a port of its own."""
    assert url.port_of(url.check(address)) == port


def test_masking() -> None:
    """What is shown of an address has no credentials, even with a slash inside the password."""
    assert mask_url("rtsp://u:p@cam/x") == "rtsp://***@cam/x"
    assert "p/w" not in mask_url("rtsp://u:p/w@cam/x")
