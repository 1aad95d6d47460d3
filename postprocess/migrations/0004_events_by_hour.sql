-- Counts by hour for panels over all time. They are counted again from the newest versions (postprocess/rollup.py), never
-- added up while rows come in: a materialised view would count duplicates and older versions.

ALTER TABLE {database}.events ADD INDEX IF NOT EXISTS stored_at_range stored_at TYPE minmax GRANULARITY 1;

CREATE TABLE IF NOT EXISTS {database}.events_hourly
(
    kind                LowCardinality(String),
    camera              LowCardinality(String),
    hour                DateTime('UTC') CODEC(Delta, ZSTD),
    label               LowCardinality(String),
    direction           LowCardinality(String),
    events              UInt64 CODEC(T64, ZSTD),
    plates              UInt64 CODEC(T64, ZSTD),
    persons             UInt64 CODEC(T64, ZSTD),
    alarms              UInt64 CODEC(T64, ZSTD),
    computed_at         DateTime64(6, 'UTC') CODEC(Delta, ZSTD)
)
ENGINE = ReplacingMergeTree(computed_at)
PARTITION BY toYear(hour)
ORDER BY (kind, camera, hour, label, direction);

CREATE OR REPLACE VIEW {database}.events_by_hour AS
SELECT kind, camera, hour, label, direction, events, plates, persons, alarms
FROM {database}.events_hourly FINAL
WHERE events > 0;
