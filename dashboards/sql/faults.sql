SELECT
    @shown_camera AS camera_name,
    e.cause AS fault,
    e.opened_at AS since,
    if(e.closed_at IS NULL, 'open', 'over') AS state,
    dateDiff('second', e.opened_at, coalesce(e.closed_at, toDateTime64($__toTime, 6))) AS lasts_s,
    if(e.thumbnail = '', '', concat('data:image/jpeg;base64,', base64Encode(e.thumbnail))) AS picture,
    e.event_id AS event_id
FROM
(
    SELECT *
    FROM events_latest
    WHERE kind = 'camera_degraded'
        AND opened_at > $__fromTime - toIntervalDay(30) AND opened_at <= $__toTime
        AND (closed_at IS NULL OR closed_at >= $__fromTime)
        AND @cameras
) AS e
LEFT JOIN cameras_latest AS c ON c.camera = e.camera
ORDER BY state, since DESC
LIMIT 100
