SELECT
    if(c.name = '', c.camera, c.name) AS camera_name,
    b.blind_s AS blind_s
FROM (SELECT * FROM cameras_latest WHERE NOT deleted AND enabled AND @cameras) AS c
LEFT JOIN
(
    SELECT
        camera,
        sum(greatest(0, dateDiff(
            'millisecond',
            greatest(opened_at, toDateTime64($__fromTime, 6)),
            least(coalesce(closed_at, toDateTime64($__toTime, 6)), toDateTime64($__toTime, 6))
        ))) / 1000 AS blind_s
    FROM events_latest
    WHERE kind = 'camera_blind'
        AND opened_at > $__fromTime - toIntervalDay(30) AND opened_at <= $__toTime
        AND (closed_at IS NULL OR closed_at >= $__fromTime)
    GROUP BY camera
) AS b ON b.camera = c.camera
ORDER BY blind_s DESC, camera_name
LIMIT 30
