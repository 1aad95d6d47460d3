-- What people say of events, and plates that are safe to act on early. The view is made again, as its columns are those
-- of the table at the time at which it was made.

ALTER TABLE {database}.events
    ADD COLUMN IF NOT EXISTS plate_sure Bool AFTER value,
    ADD COLUMN IF NOT EXISTS about String AFTER plate_sure,
    ADD COLUMN IF NOT EXISTS author LowCardinality(String) AFTER about,
    ADD INDEX IF NOT EXISTS about_bloom about TYPE bloom_filter(0.01) GRANULARITY 4;

CREATE OR REPLACE VIEW {database}.events_latest AS SELECT * FROM {database}.events FINAL;
