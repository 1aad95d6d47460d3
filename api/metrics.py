"""Metrics of the api: a closed set.

Edge (prometheus_client).

| name | kind | labels | meaning | when it moves |
|---|---|---|---|---|
| zool_api_requests_total | counter | method, route, status | answers given | 5xx: see /health/ready |
| zool_api_request_seconds | histogram | route | time to the first byte | grows with a slow store: look at ClickHouse |
| zool_api_stream_clients | gauge | face | who reads the event stream: sse, grpc, doors (ours) | at the limit: refused |
| zool_api_stream_events_total | counter | face | events written to streams | – |
| zool_api_stream_gaps_total | counter | face | gaps told to clients | away for too long, or the broker lost data |
| zool_api_stream_cut_total | counter | face, reason | by us: slow, shutdown, failed, revoked | failed: see the log |
| zool_api_acs_calls_total | counter | method, code | gRPC calls that ended | UNAUTHENTICATED: see failed logins |
| zool_api_door_decisions_total | counter | what, reason | decisions, reports of doors | denied stale: reads come late |
| zool_api_failed_logins_total | counter | – | wrong tokens and passwords | grows without people at work: guesses |
| zool_api_store_queries_total | counter | outcome | questions to ClickHouse: ok, refused, away, busy | see the log |
| zool_api_dead_letters_total | counter | act | dead letters taken out: replayed, dropped | – |
| zool_api_audit_records_total | counter | outcome | of the audit: kept, refused | refused: the broker is away or slow |
| zool_api_garbage_total | counter | source | state, event, setting, reply, audit, report | another version writes |
| zool_api_wall_clients | gauge | – | clients that are shown boxes of cameras | at the limit new ones are refused |
| zool_api_wall_frames_total | counter | outcome | frames of boxes: sent, passed_over (a newer one came first) | – |
"""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

REQUESTS = Counter("zool_api_requests", "Answers given", ["method", "route", "status"])
REQUEST_SECONDS = Histogram("zool_api_request_seconds", "Time to the first byte", ["route"])
STREAM_CLIENTS = Gauge("zool_api_stream_clients", "Clients on the event stream", ["face"])
STREAM_EVENTS = Counter("zool_api_stream_events", "Events written to streams", ["face"])
STREAM_GAPS = Counter("zool_api_stream_gaps", "Gaps told to clients", ["face"])
STREAM_CUT = Counter("zool_api_stream_cut", "Streams ended by the api", ["face", "reason"])
ACS_CALLS = Counter("zool_api_acs_calls", "gRPC calls that ended", ["method", "code"])
DECISIONS = Counter("zool_api_door_decisions", "Decisions and reports of doors", ["what", "reason"])
FAILED_LOGINS = Counter("zool_api_failed_logins", "Wrong tokens")
STORE_QUERIES = Counter("zool_api_store_queries", "Questions to ClickHouse", ["outcome"])
DEAD_LETTERS = Counter("zool_api_dead_letters", "Dead letters taken out", ["act"])
AUDIT_RECORDS = Counter("zool_api_audit_records", "Records of the audit", ["outcome"])
WALL_CLIENTS = Gauge("zool_api_wall_clients", "Clients that are shown boxes of cameras")
WALL_FRAMES = Counter("zool_api_wall_frames", "Frames of boxes", ["outcome"])
GARBAGE = Counter("zool_api_garbage", "Messages that could not be read", ["source"])
