"""The metrics of ingest: a closed set, each with its meaning and what to do when it moves. Edge: prometheus_client.

A meaning reads "what it is; what to do when it moves". `dashboards/METRICS.md` is made of them.
"""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

FRAMES_DECODED = Counter(
    "zool_ingest_frames_decoded", "Frames decoded; stands still: see the camera's state.", ["camera"]
)
FRAMES_ANALYSED = Counter(
    "zool_ingest_frames_analysed", "Frames looked at; below analysis_fps: see frames_dropped.", ["camera"]
)
FRAMES_GATED = Counter(
    "zool_ingest_frames_gated",
    "Frames due in which nothing had changed: not sent to the detector; none in a quiet scene: see motion_levels.",
    ["camera"],
)
RATE_FACTOR = Gauge(
    "zool_ingest_rate_factor",
    "Share of analysis_fps that all cameras get; below 1: the machine is too slow for what is asked of it.",
)
FRAMES_SKIPPED = Counter(
    "zool_ingest_frames_skipped",
    "Frames not decoded because nothing happened (idle = key_frames); none in a quiet scene: key frames are rare.",
    ["camera"],
)
FRAMES_DROPPED = Counter(
    "zool_ingest_frames_dropped",
    "Frames due but not looked at, by reason newest|deadline|inference|broken; newest grows: Triton is too slow; "
    "broken grows: pictures come smeared, see the camera's state.",
    ["camera", "reason"],
)
CAMERAS_HELD = Gauge(
    "zool_ingest_cameras_held", "Cameras that this process watches; 0 while others have many: see its health."
)
INFERENCE_SECONDS = Histogram(
    "zool_ingest_inference_seconds",
    "From sending a frame to the answer; grows: add instances or lower analysis_fps.",
    buckets=(0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5),
)
FURTHER_LOOKS = Counter(
    "zool_ingest_further_looks",
    "Frames that a further detector looked at; stands still: see further_missed.",
    ["camera", "detector"],
)
FURTHER_MISSED = Counter(
    "zool_ingest_further_missed",
    "Frames due for a further detector that were reported without it, by reason away|deadline|unavailable|refused"
    "|pause (after a failure); away: build the model repository with it; deadline: it is too slow for its rate.",
    ["camera", "detector", "reason"],
)
REPORT_SECONDS = Histogram(
    "zool_ingest_report_seconds",
    "From the picture's stamp to its report, over all cameras; grows: network, decoder or Triton lags.",
    buckets=(0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1.0, 2.0, 5.0, 15.0),
)
LAG_SECONDS = Gauge(
    "zool_ingest_lag_seconds",
    "From the picture's stamp to its report; grows: network, decoder or Triton lags.",
    ["camera"],
)
CONNECTS = Counter(
    "zool_ingest_connects",
    "Attempts to open a camera by outcome (none = opened); grows: see the cause.",
    ["camera", "cause"],
)
CAMERA_LIVE = Gauge(
    "zool_ingest_camera_live", "1 while pictures come; 0: the camera's state names the cause.", ["camera"]
)
CAMERA_DEGRADED = Gauge(
    "zool_ingest_camera_degraded",
    "1 while something is wrong with its pictures; 1: the camera's state and the event camera_degraded name it.",
    ["camera"],
)
PICTURE_FAULT = Gauge(
    "zool_ingest_picture_fault",
    "1 while the fault is seen in its pictures, of faults that were seen at all; 1: clean, turn or replace the camera.",
    ["camera", "fault"],
)
TRACKS_LIVE = Gauge("zool_ingest_tracks_live", "Tracks alive; grows without end: report it as a fault.", ["camera"])
SHOTS = Counter(
    "zool_ingest_shots",
    "Crops sent, by recogniser; stands still while tracks live: see the plan of the camera.",
    ["camera", "recogniser"],
)
CROPS_MISSED = Counter(
    "zool_ingest_crops_missed",
    "Crops cut from the analysed stream: the main one had no picture of the moment; grows: see the camera's state.",
    ["camera"],
)
BLIND_SECONDS = Counter(
    "zool_ingest_blind_seconds",
    "Time not looked at, by cause, counted when a span ends; grows: the cause says whose work it is.",
    ["camera", "cause"],
)
OUTBOX_MESSAGES = Gauge(
    "zool_ingest_outbox_messages", "Messages waiting for the broker; stays up: NATS is away.", ["camera"]
)
OUTBOX_BYTES = Gauge(
    "zool_ingest_outbox_bytes", "Bytes waiting for the broker, over all cameras; stays up: NATS is away."
)
OUTBOX_DROPPED = Counter(
    "zool_ingest_outbox_dropped",
    "Messages given up because the outbox was full; told as camera_blind (broker).",
    ["camera"],
)
SPOOL_BYTES = Gauge("zool_ingest_spool_bytes", "Bytes on disk that wait for the broker; stays up: NATS is away.")
SPOOL_MESSAGES = Counter(
    "zool_ingest_spool_messages",
    "By outcome written|sent|dropped|torn|oversize; dropped grows: told as camera_blind (broker), raise spool_mib_max.",
    ["outcome"],
)
PROBES = Counter("zool_ingest_probes", "Camera tests by outcome; somebody's work in the console.", ["cause"])

PER_CAMERA = (
    FRAMES_DECODED,
    FRAMES_ANALYSED,
    FRAMES_GATED,
    FRAMES_SKIPPED,
    FRAMES_DROPPED,
    FURTHER_LOOKS,
    FURTHER_MISSED,
    LAG_SECONDS,
    CONNECTS,
    CAMERA_LIVE,
    CAMERA_DEGRADED,
    PICTURE_FAULT,
    TRACKS_LIVE,
    SHOTS,
    CROPS_MISSED,
    BLIND_SECONDS,
    OUTBOX_MESSAGES,
    OUTBOX_DROPPED,
)
ALL = (
    *PER_CAMERA,
    RATE_FACTOR,
    CAMERAS_HELD,
    INFERENCE_SECONDS,
    REPORT_SECONDS,
    OUTBOX_BYTES,
    SPOOL_BYTES,
    SPOOL_MESSAGES,
    PROBES,
)


def forget(camera: str) -> None:
    """Drop the series of a camera that was removed."""
    for metric in PER_CAMERA:
        metric.remove_by_labels({"camera": camera})
