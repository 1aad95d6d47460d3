-- What events say of persons, lists, equipment and amounts. The view is made again: its columns are those of the table
-- at the time at which it was made.

ALTER TABLE {database}.events
    ADD COLUMN IF NOT EXISTS severity LowCardinality(String) DEFAULT 'info' AFTER text,
    ADD COLUMN IF NOT EXISTS plate_region LowCardinality(String) AFTER severity,
    ADD COLUMN IF NOT EXISTS listed LowCardinality(String) AFTER plate_region,
    ADD COLUMN IF NOT EXISTS person String AFTER listed,
    ADD COLUMN IF NOT EXISTS person_confidence Float32 AFTER person,
    ADD COLUMN IF NOT EXISTS items Map(LowCardinality(String), Float32) AFTER person_confidence,
    ADD COLUMN IF NOT EXISTS missing Array(LowCardinality(String)) AFTER items,
    ADD COLUMN IF NOT EXISTS value Nullable(Float64) AFTER missing;

CREATE OR REPLACE VIEW {database}.events_latest AS SELECT * FROM {database}.events FINAL;
