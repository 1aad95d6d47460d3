-- The statements of the release before migrations were counted, read for ever: databases that it made must go on.

CREATE DATABASE IF NOT EXISTS {database};

CREATE TABLE IF NOT EXISTS {database}.events
(
    event_id            String,
    version             UInt32,
    kind                LowCardinality(String),
    camera              LowCardinality(String),
    opened_at           DateTime64(6, 'UTC') CODEC(Delta, ZSTD),
    closed_at           Nullable(DateTime64(6, 'UTC')),
    final               Bool,
    function            LowCardinality(String),
    rule                LowCardinality(String),
    track               String,
    epoch               UInt64,
    direction           LowCardinality(String),
    label               LowCardinality(String),
    confidence          Float32,
    plate               String,
    plate_folded        String,
    plate_confidence    Float32,
    plate_reads         UInt16,
    box                 Array(Float32),
    photo_shot_ids      Array(String),
    photo_captured_at   Array(DateTime64(6, 'UTC')),
    photo_roles         Array(LowCardinality(String)),
    photo_quads         Array(Array(Float32)),
    thumbnail           String,
    model_names         Array(LowCardinality(String)),
    model_versions      Array(String),
    model_sha256        Array(String),
    model_starters      Array(Bool),
    settings_revision   UInt64,
    frame_seq           UInt64,
    cause               LowCardinality(String),
    text                String,
    stored_at           DateTime64(3, 'UTC') DEFAULT now64(3),
    INDEX event_id_bloom event_id TYPE bloom_filter(0.01) GRANULARITY 4
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(opened_at)
ORDER BY (camera, opened_at, event_id)
TTL toDateTime(opened_at) + INTERVAL {events_days} DAY;

CREATE TABLE IF NOT EXISTS {database}.photos
(
    shot_id             String,
    camera              LowCardinality(String),
    captured_at         DateTime64(6, 'UTC') CODEC(Delta, ZSTD),
    recogniser          LowCardinality(String),
    track               String,
    epoch               UInt64,
    label               LowCardinality(String),
    box                 Array(Float32),
    crop                Array(Float32),
    width               UInt16,
    height              UInt16,
    quality             Float32,
    ordinal             UInt16,
    jpeg                String CODEC(NONE),
    stored_at           DateTime64(3, 'UTC') DEFAULT now64(3),
    INDEX shot_id_bloom shot_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMMDD(captured_at)
ORDER BY (camera, captured_at, shot_id)
TTL toDateTime(captured_at) + INTERVAL {photos_days} DAY
SETTINGS index_granularity = 64;

CREATE TABLE IF NOT EXISTS {database}.cameras
(
    camera              String,
    revision            UInt64,
    name                String,
    region              String,
    enabled             Bool,
    deleted             Bool,
    stored_at           DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree
ORDER BY (camera, revision);

CREATE OR REPLACE VIEW {database}.events_latest AS SELECT * FROM {database}.events FINAL;

CREATE OR REPLACE VIEW {database}.photos_latest AS SELECT * FROM {database}.photos FINAL;

-- A camera that was deleted keeps its last name and region: its events stay.
CREATE OR REPLACE VIEW {database}.cameras_latest AS
SELECT
    camera,
    max(c.revision) AS revision,
    argMaxIf(c.name, c.revision, NOT c.deleted) AS name,
    argMaxIf(c.region, c.revision, NOT c.deleted) AS region,
    argMax(c.enabled, c.revision) AS enabled,
    argMax(c.deleted, c.revision) AS deleted
FROM {database}.cameras AS c
GROUP BY camera;

ALTER TABLE {database}.events MODIFY TTL toDateTime(opened_at) + INTERVAL {events_days} DAY;

ALTER TABLE {database}.photos MODIFY TTL toDateTime(captured_at) + INTERVAL {photos_days} DAY;
