-- What was seen and read, for replay: rules that were changed are run over it again. Rows give the very messages back
-- (postprocess/looks.py); `exact` holds a message whole where its columns can't.

CREATE TABLE IF NOT EXISTS {database}.looks
(
    camera              LowCardinality(String),
    captured_at         DateTime64(6, 'UTC') CODEC(Delta, ZSTD),
    epoch               UInt64 CODEC(Delta, ZSTD),
    seq                 UInt64 CODEC(DoubleDelta, ZSTD),
    clock               LowCardinality(String),
    before_us           Int64 CODEC(Delta, ZSTD),
    width               UInt32 CODEC(ZSTD),
    height              UInt32 CODEC(ZSTD),
    model               LowCardinality(String),
    further             LowCardinality(String),
    ended_tracks        Array(String) CODEC(ZSTD),
    labels              Array(LowCardinality(String)) CODEC(ZSTD),
    labels_seen         Array(LowCardinality(String)) CODEC(ZSTD),
    detectors           Array(LowCardinality(String)) CODEC(ZSTD),
    tracks              Array(String) CODEC(ZSTD),
    confidences_e4      Array(UInt16) CODEC(ZSTD),
    x1_e5               Array(Int32) CODEC(ZSTD),
    y1_e5               Array(Int32) CODEC(ZSTD),
    x2_e5               Array(Int32) CODEC(ZSTD),
    y2_e5               Array(Int32) CODEC(ZSTD),
    exact               String CODEC(ZSTD)
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMMDD(captured_at)
ORDER BY (camera, captured_at, epoch, seq)
SETTINGS ttl_only_drop_parts = 1;

CREATE TABLE IF NOT EXISTS {database}.reads
(
    camera              LowCardinality(String),
    captured_at         DateTime64(6, 'UTC') CODEC(Delta, ZSTD),
    shot_id             String CODEC(ZSTD),
    recogniser          LowCardinality(String),
    epoch               UInt64 CODEC(Delta, ZSTD),
    track               String CODEC(ZSTD),
    label               LowCardinality(String),
    kind                LowCardinality(String),
    confidence          Float32,
    plate               String,
    plate_folded        String,
    persons             Array(String),
    quality             Float32,
    model               LowCardinality(String),
    exact               String CODEC(ZSTD(3))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMMDD(captured_at)
ORDER BY (camera, captured_at, shot_id, recogniser)
SETTINGS ttl_only_drop_parts = 1;
