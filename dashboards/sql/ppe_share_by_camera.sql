SELECT
    toStartOfInterval(toDateTime(e.opened_at), INTERVAL greatest($__interval_s, 3600) second) AS time,
    @shown_camera AS camera_name,
    countIf(empty(e.missing)) / count() AS dressed
FROM
(
    SELECT opened_at, camera, missing
    FROM events_latest
    WHERE kind = 'ppe_visit' AND $__timeFilter(opened_at)
        AND @cameras
) AS e
LEFT JOIN cameras_latest AS c ON c.camera = e.camera
GROUP BY time, camera_name
ORDER BY time, camera_name
