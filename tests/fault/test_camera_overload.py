"""A camera sends more than a core can decode: it is told as what it is, and its neighbour is let alone.

Real broker, RTSP over TCP and decoding; the detector is a stand-in. The camera's picture grows to 3840x2304 at 500
pictures a second, some 3.6 s of decoding for each second.
"""

from pathlib import Path

import msgspec
import pytest

from deploy.simulate.faults import read
from deploy.simulate.server import CameraServer, ServerSettings, Source
from ingest.bus import Bus
from ingest.contract import Camera, CameraNotice, events_subject, state_subject
from tests.fault.test_camera_faults import PICTURE, SETTINGS, WARM_S, Watcher
from tests.support.ingest import StandInDetector, at_least, put_camera, read_until, running_fleet
from tests.support.nats import running_nats
from tests.support.simulate import make_clip, make_scene

GROWS = "big:resolution=12@never"


@pytest.mark.timeout(600)
async def test_a_stream_that_is_too_much_for_a_core(tmp_path: Path) -> None:
    """Named by what is wrong, told with words, and over when the camera is set right."""
    sources = [
        Source(path=make_clip(tmp_path / "big.mp4", pictures=8, gop=8, scale=2, fps=500)),
        Source(path=make_scene(tmp_path / "well.mp4")),
    ]
    async with (
        running_nats(tmp_path / "nats") as nats,
        CameraServer(sources, settings=ServerSettings(faults=(read(GROWS),))) as server,
        Bus.open(nats.settings, name="test") as bus,
        running_fleet(nats, StandInDetector(), SETTINGS, picture=PICTURE),
    ):
        watcher = Watcher(patience_s=180.0)
        await bus.listen(state_subject("*"), watcher.hear)
        cameras = {name: Camera(id=name, name=name, url=server.url(name)) for name in server.names}
        for camera in cameras.values():
            await put_camera(bus, camera)

        def well(name: str) -> bool:
            return name in watcher.states and watcher.states[name].phase == "live"

        def warm() -> bool:
            return all(well(name) and watcher.heard[name] >= WARM_S for name in cameras)

        await watcher.until(warm, lambda: (watcher.heard, watcher.states))
        neighbour = watcher.states["well"]
        watcher.seen.clear()
        server.switch("big", "resolution", on=True)
        await watcher.until(
            lambda: "decoder_overload" in watcher.seen.get("big", ()), lambda: (watcher.seen, watcher.states)
        )
        told = await read_until(
            bus, "EVENTS", events_subject("big", "camera_degraded"), CameraNotice, at_least(1), deadline_s=60
        )
        assert [notice.cause for notice in told] == ["decoder_overload"]
        assert "keep up" in told[0].text
        assert watcher.seen["big"] == {"none", "decoder_overload"}
        assert watcher.seen["well"] == {"none"}
        assert watcher.states["well"].epoch == neighbour.epoch
        assert watcher.states["well"].frames_decoded > neighbour.frames_decoded
        server.switch("big", "resolution", on=False)  # and what has piled up on the way is let go
        mended = msgspec.structs.replace(cameras["big"], url=server.url("big").replace("://", "://user:new@"))
        epoch = watcher.states["big"].epoch
        await put_camera(bus, mended)
        await watcher.until(lambda: well("big") and watcher.states["big"].epoch > epoch, lambda: watcher.states["big"])
