SELECT
    if(watched = 0, NULL, 1 - (
        SELECT sum(greatest(0, dateDiff(
            'millisecond',
            greatest(opened_at, toDateTime64($__fromTime, 6)),
            least(coalesce(closed_at, toDateTime64($__toTime, 6)), toDateTime64($__toTime, 6))
        ))) / 1000
        FROM events_latest
        WHERE kind = 'camera_blind'
            AND opened_at > $__fromTime - toIntervalDay(30) AND opened_at <= $__toTime
            AND (closed_at IS NULL OR closed_at >= $__fromTime)
            AND @cameras
    ) / (watched * greatest(1, dateDiff('second', $__fromTime, $__toTime)))) AS looked_at
FROM (SELECT count() AS watched FROM cameras_latest WHERE NOT deleted AND enabled AND @cameras)
