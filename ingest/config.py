"""`[ingest]` and `[picture]` of config.ini: every key, its default and what is allowed.

Pure: no I/O, no clock. `ingest.settings` fills the Structs from file and environment.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Hardware = Literal["off", "cuda", "qsv", "vaapi"]
Idle = Literal["full", "key_frames"]
LoopFilter = Literal["none", "noref"]
Ratio = Annotated[float, msgspec.Meta(ge=0.05, le=0.95)]
Share = Annotated[float, msgspec.Meta(ge=0.05, le=1.0)]
Label = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class IngestSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How ingest looks at cameras. A function's plan and a camera's own settings override the marked ones."""

    name: str = ""
    """Name of this process among those that share the cameras; empty = that of the host."""
    analysis_fps: Annotated[float, msgspec.Meta(ge=0.1, le=30.0)] = 5.0
    """Frames per second and camera that are looked at (overridden by plan, then by camera)."""
    confidence_ratio: Ratio = 0.45
    """Boxes below are not published (overridden by the plan's class floor)."""
    class_list: tuple[Label, ...] = ("person", "bicycle", "car", "motorcycle", "bus", "truck")
    """Labels that are published (overridden by the plan's class floor)."""
    bounding_box: Annotated[float, msgspec.Meta(ge=1.0, le=2.0)] = msgspec.field(default=1.15, name="BoundingBox")
    """Enlargement of a crop about the object's centre, so that a plate is not cut."""
    motion_gate: bool = True
    """A due frame in which nothing has changed since the last look is not sent to the detector."""
    motion_levels: Annotated[float, msgspec.Meta(ge=2.0, le=64.0)] = 6.0
    """Grey levels (0..255) from which a part of the picture counts as changed."""
    still_fps: Annotated[float, msgspec.Meta(ge=0.1, le=30.0)] = 0.5
    """Looks per second at a picture that does not change."""
    deadline_ms: Annotated[int, msgspec.Meta(ge=50, le=10_000)] = 1000
    """How long an inference may take before its frame counts as dropped."""
    inflight_max: Annotated[int, msgspec.Meta(ge=1, le=512)] = 8
    """Frames that are being looked at at once, over all cameras; one per camera at most."""
    further_ms_max: Annotated[int, msgspec.Meta(ge=10, le=10_000)] = 250
    """How long a further detector may take before a frame is reported without it."""
    idle: Idle = "full"
    """What is decoded while nothing happens: every picture, or key frames alone (cheaper, and sees later)."""
    hardware_decode: Hardware = "off"
    """Which kind of card decodes; where there is none the processor does, and says so."""
    skip_loop_filter: LoopFilter = "noref"
    """Pictures that are not smoothed after decoding: none, or those that no other picture is built on."""
    stall_s: Annotated[float, msgspec.Meta(ge=1.0, le=60.0)] = 5.0
    """No packet for this long: the connection is dropped and made anew."""
    open_timeout_s: Annotated[float, msgspec.Meta(ge=1.0, le=60.0)] = 8.0
    """How long opening a stream may take."""
    backoff_s_max: Annotated[float, msgspec.Meta(ge=1.0, le=300.0)] = 30.0
    """Longest pause between attempts; it starts at a second and doubles, with jitter."""
    clock_skew_s_max: Annotated[float, msgspec.Meta(ge=0.0, le=3600.0)] = 5.0
    """A camera clock (RTCP) further off than this from arrival is not believed."""
    lost_after_s: Annotated[float, msgspec.Meta(ge=0.0, le=600.0)] = 3.0
    """A camera without pictures for this long raises `camera_lost`."""
    outbox_mib_max: Annotated[int, msgspec.Meta(ge=1, le=4096)] = 64
    """Messages held in memory while NATS is away and the spool can't take them, over all cameras."""
    spool_dir: str = ""
    """Folder of the messages that wait on disk while NATS is away; empty = they wait in memory."""
    spool_mib_max: Annotated[int, msgspec.Meta(ge=8, le=1_048_576)] = 512
    """What waits there at most, over all cameras; beyond it the oldest are dropped."""
    probes_max: Annotated[int, msgspec.Meta(ge=1, le=32)] = 4
    """Camera tests at once."""
    cameras_max: Annotated[int, msgspec.Meta(ge=1, le=1024)] = 128
    """Cameras of this process: one decoding thread each."""
    drain_s_max: Annotated[float, msgspec.Meta(ge=0.0, le=120.0)] = 15.0
    """Told to stop, it watches on until other processes watch its cameras, so long at most."""


class PictureSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a camera's picture is told as degraded; a camera's own `picture` overrides key by key. Shares are 0..1."""

    enabled: bool = True
    """Whether pictures are checked at all."""
    after_s: Annotated[float, msgspec.Meta(ge=1.0, le=600.0)] = 5.0
    """A fault has to last so long before it is told."""
    until_s: Annotated[float, msgspec.Meta(ge=1.0, le=600.0)] = 5.0
    """It has to be away so long before it counts as ended."""
    black_level: Annotated[float, msgspec.Meta(ge=16.0, le=128.0)] = 36.0
    """Black: 99 of 100 parts of the picture are darker than this grey level (16 is black)."""
    over_share: Share = 0.6
    """Over-exposed: so much of the picture is blown out."""
    covered_share: Share = 0.65
    """Covered: the edges of so much of the usual view have vanished."""
    moved_share: Share = 0.65
    """Moved: so much of the usual view holds other edges."""
    blur_ratio: Annotated[float, msgspec.Meta(ge=0.05, le=0.95)] = 0.6
    """Blurred: fine detail against coarse has fallen to this part of what it usually is."""
    noise_factor: Annotated[float, msgspec.Meta(ge=1.2, le=50.0)] = 3.0
    """Noisy: the grain is so many times as strong as it usually is."""
    frozen_s: Annotated[float, msgspec.Meta(ge=2.0, le=3600.0)] = 20.0
    """Frozen: nothing at all has changed for so long, or three times as long as this camera often stands still."""
    fps_ratio: Annotated[float, msgspec.Meta(ge=0.05, le=0.95)] = 0.5
    """Low frame rate: fewer pictures a second than this part of the usual number."""
    bitrate_factor: Annotated[float, msgspec.Meta(ge=1.5, le=100.0)] = 5.0
    """Bitrate jump: so many times the bytes a second that the busiest usual time takes."""
    clock_s: Annotated[float, msgspec.Meta(ge=0.1, le=3600.0)] = 2.0
    """Clock drift: the camera's clock has moved so far from where it stood against ours when it was first seen."""
    broken_share: Annotated[float, msgspec.Meta(ge=0.001, le=1.0)] = 0.02
    """Broken pictures: so many of those that came, or should have come, are smeared or missing."""
    accept_s: Annotated[float, msgspec.Meta(ge=60.0, le=604800.0)] = 3600.0
    """A view, a rate or a bitrate that lasts so long is taken for the camera's new normal."""
