SELECT
    toStartOfInterval(toDateTime(e.opened_at), INTERVAL greatest($__interval_s, 3600) second) AS time,
    if(c.name = '', e.camera, c.name) AS camera_name,
    countIf(e.plate != '') / count() AS read_rate
FROM
(
    SELECT opened_at, camera, plate
    FROM events_latest
    WHERE kind IN ('vehicle_entry', 'vehicle_exit') AND final AND $__timeFilter(opened_at)
        AND @cameras
) AS e
LEFT JOIN cameras_latest AS c ON c.camera = e.camera
GROUP BY time, camera_name
ORDER BY time, camera_name
