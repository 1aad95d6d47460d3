WITH last_passages AS
(
    @last_passages
)
SELECT
    p.shown_plate AS plate,
    p.passed_at AS since,
    dateDiff('second', p.passed_at, toDateTime64($__toTime, 6)) AS stay_s,
    if(c.name = '', p.camera, c.name) AS camera_name,
    p.last_event_id AS event_id
FROM (SELECT * FROM last_passages WHERE passage = 'vehicle_entry' AND @cameras) AS p
LEFT JOIN cameras_latest AS c ON c.camera = p.camera
ORDER BY since
LIMIT 200
