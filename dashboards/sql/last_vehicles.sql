WITH newest AS
(
    SELECT camera, opened_at, event_id
    FROM events_latest
    WHERE kind IN ('vehicle_entry', 'vehicle_exit') AND $__timeFilter_ms(opened_at)
        AND @cameras
    ORDER BY opened_at DESC, event_id
    LIMIT 25
)
SELECT
    e.opened_at AS time,
    if(e.thumbnail = '', '', concat('data:image/jpeg;base64,', base64Encode(e.thumbnail))) AS picture,
    e.plate AS plate,
    e.kind AS passage,
    if(c.name = '', e.camera, c.name) AS camera_name,
    e.label AS vehicle,
    if(e.plate = '', NULL, e.plate_confidence) AS plate_confidence,
    e.event_id AS event_id
FROM (SELECT * FROM events_latest WHERE (camera, opened_at, event_id) IN (SELECT camera, opened_at, event_id FROM newest)) AS e
LEFT JOIN cameras_latest AS c ON c.camera = e.camera
ORDER BY time DESC, event_id
