-- Heat maps of surface defects. The view is made again: its columns are those of the table at the time at which it was made.

ALTER TABLE {database}.events
    ADD COLUMN IF NOT EXISTS tiles Array(Float32) AFTER author;

CREATE OR REPLACE VIEW {database}.events_latest AS SELECT * FROM {database}.events FINAL;
