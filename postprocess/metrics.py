"""The metrics of postprocess: a closed set, each with its meaning and what to do when it moves.

Edge (prometheus_client). A meaning reads "what it is; what to do when it moves"; METRICS.md is made of it.
"""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

SHOTS_READ = Counter(
    "zool_recognise_shots",
    "Shots by recogniser and outcome read|poison; poison grows: see zool.dead.recognise.",
    ["recogniser", "outcome"],
)
READ_SECONDS = Histogram(
    "zool_recognise_seconds",
    "From sending a crop to the answer; grows: add instances of the ensemble.",
    ["recogniser"],
    buckets=(0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0),
)
READ_LAG_SECONDS = Histogram(
    "zool_recognise_lag_seconds",
    "From the picture's stamp to the read of a crop of it at the broker; grows: shots wait, see zool_queue_waiting.",
    ["recogniser"],
    buckets=(0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 2.0, 5.0, 15.0, 60.0, 600.0),
)
READ_CONFIDENCE = Histogram(
    "zool_recognise_confidence",
    "How sure a recogniser is of what it read, 0 to 1; falls: dirt, light, or a model that is wrong for the site.",
    ["recogniser"],
    buckets=(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99),
)
SHOTS_WAITING = Gauge(
    "zool_recognise_waiting", "Shots in memory; stays at its limit: Triton is too slow or away.", ["recogniser"]
)
SHOT_RETRIES = Counter(
    "zool_recognise_retries", "Shots tried again, by reason away|refused; grows: see Triton.", ["reason"]
)
INPUTS = Counter(
    "zool_decide_inputs", "Messages taken, by stream; stands still: nothing comes from ingest.", ["stream"]
)
INPUT_AGE_SECONDS = Gauge(
    "zool_decide_input_age_seconds",
    "How long the newest message taken had waited in its stream; grows: decide can't keep up, share its cameras.",
    ["stream"],
)
NOTES = Counter(
    "zool_decide_notes",
    "Named outcomes that are no event; late_read or overflow grows: recognise lags or a limit bites.",
    ["kind"],
)
EVENTS = Counter("zool_decide_events", "Versions of events published; stands still: see zool_decide_inputs.", ["kind"])
EVENT_LAG_SECONDS = Histogram(
    "zool_decide_lag_seconds",
    "From a crossing to its first version at the broker; grows: detections lag, see zool_ingest_lag_seconds.",
    buckets=(0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 2.0, 5.0, 15.0, 60.0),
)
EVENT_SECONDS = Histogram(
    "zool_decide_event_seconds",
    "From the stamp of the frame that gave an event to its first version at the broker, by function; "
    "grows: see the stages before it, zool_ingest_report_seconds first.",
    ["function"],
    buckets=(0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 2.0, 5.0, 15.0, 60.0),
)
PASSAGES = Counter(
    "zool_decide_passages",
    "Passages that are final, by camera and plate read|unread; unread grows at one camera: dirt, light, or it moved.",
    ["camera", "plate"],
)
PARTS_HELD = Gauge(
    "zool_decide_partitions", "Partitions of cameras that this process decides on; 0 for long: see its log."
)
GAPS = Counter(
    "zool_decide_gaps",
    "Messages that a stream dropped before they were read; grows: the stream is too small.",
    ["stream"],
)
SNAPSHOT_BYTES = Gauge(
    "zool_decide_snapshot_bytes", "Largest state of a camera at the last snapshot; near 1 MiB: a fault."
)
SNAPSHOTS_SHORTENED = Counter(
    "zool_decide_snapshots_shortened",
    "States too large to keep whole, thumbnails or all left out; grows: a camera sees too much at once.",
)
ROWS_STORED = Counter("zool_store_rows", "Rows inserted, by table; stands still: see ClickHouse.", ["table"])
INSERT_SECONDS = Histogram(
    "zool_store_insert_seconds",
    "Duration of an insert; grows: ClickHouse is overloaded.",
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0),
)
BATCH_ROWS = Histogram(
    "zool_store_batch_rows",
    "Rows of an insert; at its limit (batch_rows_max) for long: the store lags behind.",
    ["table"],
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000),
)
STORE_LAG_SECONDS = Histogram(
    "zool_store_lag_seconds",
    "From a message's place in its stream to its row; grows: ClickHouse is away or slow.",
    ["table"],
    buckets=(0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 15.0, 60.0, 600.0),
)
INSERT_RETRIES = Counter("zool_store_retries", "Inserts tried again; grows: ClickHouse is away or refuses.", ["table"])
HOURS_COUNTED = Counter(
    "zool_store_hours_counted", "Hours of events_by_hour counted; stands still: see ClickHouse.", []
)
STORE_SKIPPED = Counter(
    "zool_store_skipped", "Messages that can't be read and are not kept for replay; see zool.dead.decide.", ["table"]
)
DEAD = Counter(
    "zool_postprocess_dead", "Poison put into zool.dead.<stage>; grows: look into the stream DEAD.", ["stage"]
)
GALLERY_SAMPLES = Gauge(
    "zool_recognise_gallery_samples", "Faces of people in memory; 0 with people enrolled: see the log."
)
GALLERY_SECONDS = Histogram(
    "zool_recognise_gallery_seconds",
    "Search for the persons that a face looks like; grows: the gallery is large, or the processor busy.",
    buckets=(0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5),
)
PHOTOS = Counter(
    "zool_recognise_photos",
    "Photographs looked at for enrolment, by cause; refused grows: see face_embedder.",
    ["cause"],
)
STOPPED = Gauge(
    "zool_postprocess_stopped",
    "1 while a reader takes nothing because too much went to its dead letters; see `zool dead list`, then resume.",
    ["reader"],
)
STREAM_GAPS = Counter(
    "zool_postprocess_gaps",
    "Messages discarded before a consumer read them, at most; grows: the stage was away, or the stream is too small.",
    ["stream", "consumer"],
)
DELIVERED = Counter(
    "zool_deliver_messages",
    "Messages to targets by kind and outcome sent|dead|expired; dead grows: see zool.dead.deliver.",
    ["kind", "outcome"],
)
DELIVER_FAILURES = Counter(
    "zool_deliver_failures",
    "Tries that failed, by target and reason away|refused; grows: see GET /api/v1/deliveries/log.",
    ["target", "reason"],
)
DELIVER_SECONDS = Histogram(
    "zool_deliver_seconds",
    "Duration of a try that went well; grows: the target is slow.",
    ["kind"],
    buckets=(0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 20.0),
)
DELIVER_LAG_SECONDS = Histogram(
    "zool_deliver_lag_seconds",
    "From an event's place in the stream to its target; grows: the target is away or slow.",
    ["kind"],
    buckets=(0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 30.0, 300.0, 3600.0),
)
DELIVER_WAITING = Gauge(
    "zool_deliver_waiting", "Messages in hand for a target; stays high: it is away or slow.", ["target"]
)
DELIVER_UP = Gauge("zool_deliver_up", "1 while a target takes messages; 0: see its state for why.", ["target"])
DELIVER_GROUPED = Counter(
    "zool_deliver_grouped",
    "Events said with others in one message; grows by many: a storm, see the kinds of the rule.",
    ["target"],
)
DELIVER_SKIPPED = Counter("zool_deliver_skipped", "Messages that can't be read as events; see zool.dead.store.", [])
