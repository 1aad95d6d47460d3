"""The metrics of the api: a closed set, each with its meaning and what to do when it moves. Edge: prometheus_client.

A meaning reads "what it is; what to do when it moves". `dashboards/METRICS.md` is made of them.
"""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

REQUESTS = Counter("zool_api_requests", "Answers given; 5xx: see /health/ready.", ["method", "route", "status"])
REQUEST_SECONDS = Histogram(
    "zool_api_request_seconds", "Time to the first byte; grows with a slow store: look at ClickHouse.", ["route"]
)
STREAM_CLIENTS = Gauge(
    "zool_api_stream_clients",
    "Who reads the event stream: sse, grpc, doors (the api's own); at the limit new ones are refused.",
    ["face"],
)
STREAM_EVENTS = Counter("zool_api_stream_events", "Events written to streams; stands still: see the broker.", ["face"])
STREAM_GAPS = Counter(
    "zool_api_stream_gaps",
    "Gaps told to clients; grows: they were away for too long, or the broker lost data.",
    ["face"],
)
STREAM_CUT = Counter(
    "zool_api_stream_cut",
    "Streams ended by us: slow, shutdown, failed, revoked; failed: see the log.",
    ["face", "reason"],
)
STREAM_LAG_SECONDS = Histogram(
    "zool_api_stream_lag_seconds",
    "From an event's place in the stream to its client, of events that are seconds old; grows: clients are slow.",
    ["face"],
    buckets=(0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 15.0),
)
ACS_CALLS = Counter(
    "zool_api_acs_calls", "gRPC calls that ended; UNAUTHENTICATED: see failed logins.", ["method", "code"]
)
DECISIONS = Counter(
    "zool_api_door_decisions", "Decisions and reports of doors; denied stale: reads come late.", ["what", "reason"]
)
FAILED_LOGINS = Counter(
    "zool_api_failed_logins", "Wrong tokens and passwords; grows without people at work: somebody guesses."
)
STORE_QUERIES = Counter(
    "zool_api_store_queries", "Questions to ClickHouse: ok, refused, away, busy; see the log.", ["outcome"]
)
DEAD_LETTERS = Counter("zool_api_dead_letters", "Dead letters taken out: replayed, dropped; somebody's work.", ["act"])
VERDICTS = Counter(
    "zool_api_verdicts",
    "What people say of events, by kind of event; false_alarm grows beside confirmed: see the rule and the model.",
    ["kind", "verdict"],
)
AUDIT_RECORDS = Counter(
    "zool_api_audit_records", "Records of the audit: kept, refused; refused: the broker is away or slow.", ["outcome"]
)
WALL_CLIENTS = Gauge(
    "zool_api_wall_clients", "Clients that are shown boxes of cameras; at the limit new ones are refused."
)
WALL_FRAMES = Counter(
    "zool_api_wall_frames",
    "Frames of boxes: sent, passed_over (a newer one came first); passed_over grows: clients are slow.",
    ["outcome"],
)
GARBAGE = Counter(
    "zool_api_garbage",
    "Messages that can't be read: state, event, setting, reply, audit, report; grows: another version writes.",
    ["source"],
)

QUEUE_MESSAGES = Gauge("zool_queue_messages", "Messages that a stream keeps; see zool_queue_waiting.", ["stream"])
QUEUE_BYTES = Gauge("zool_queue_bytes", "Bytes that a stream keeps; at its limit the oldest go.", ["stream"])
QUEUE_BYTES_MAX = Gauge("zool_queue_bytes_max", "Bytes that a stream may keep; 0 = no limit.", ["stream"])
QUEUE_WAITING = Gauge(
    "zool_queue_waiting",
    "Messages that a durable reader was never given; grows: it is away or slow.",
    ["stream", "reader"],
)
QUEUE_IN_HAND = Gauge(
    "zool_queue_in_hand",
    "Messages that a durable reader was given and has not dealt with; stays high: what it needs is away.",
    ["stream", "reader"],
)
QUEUE_AGE_SECONDS = Gauge(
    "zool_queue_age_seconds",
    "Age of the oldest message that a durable reader was never given, 0 where it has all; grows: it is away or slow.",
    ["stream", "reader"],
)
QUEUES_LOOKED = Gauge(
    "zool_queue_looked_timestamp_seconds", "When the broker was last asked for its queues; old: the broker is away."
)
DISK_BYTES = Gauge("zool_disk_bytes", "Size of a disk of the store; see zool_disk_free_bytes.", ["disk"])
DISK_FREE_BYTES = Gauge(
    "zool_disk_free_bytes", "Free on a disk of the store; low: keep less (events_days, photos_days), or add.", ["disk"]
)
TABLE_ROWS = Gauge("zool_table_rows", "Rows of a table of the store, duplicates included; see TTLs.", ["table"])
TABLE_BYTES = Gauge(
    "zool_table_bytes", "Bytes of a table of the store on disk; grows: keep less, or add disk.", ["table"]
)
CERTIFICATE_ENDS = Gauge(
    "zool_api_certificate_end_timestamp_seconds",
    "When the certificate of the gRPC port ends, 0 without TLS; near: put a new one in its place, restart the api.",
)
