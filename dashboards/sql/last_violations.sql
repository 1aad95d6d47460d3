WITH newest AS
(
    SELECT camera, opened_at, event_id
    FROM events_latest
    WHERE @violations AND $__timeFilter_ms(opened_at)
        AND @cameras
    ORDER BY opened_at DESC, event_id
    LIMIT 25
),
verdicts AS
(
    @verdicts
)
SELECT
    e.opened_at AS time,
    if(e.thumbnail = '', '', concat('data:image/jpeg;base64,', base64Encode(e.thumbnail))) AS picture,
    e.kind AS kind,
    arrayStringConcat(e.missing, ', ') AS missing,
    @shown_camera AS camera_name,
    e.rule AS zone,
    e.severity AS severity,
    v.verdict AS verdict,
    e.event_id AS event_id
FROM (SELECT * FROM events_latest WHERE (camera, opened_at, event_id) IN (SELECT camera, opened_at, event_id FROM newest)) AS e
LEFT JOIN cameras_latest AS c ON c.camera = e.camera
LEFT JOIN verdicts AS v ON v.about = e.event_id
ORDER BY time DESC, event_id
