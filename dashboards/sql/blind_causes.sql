SELECT
    cause,
    count() AS spans,
    sum(greatest(0, dateDiff(
        'millisecond',
        greatest(opened_at, toDateTime64($__fromTime, 6)),
        least(coalesce(closed_at, toDateTime64($__toTime, 6)), toDateTime64($__toTime, 6))
    ))) / 1000 AS blind_s
FROM events_latest
WHERE kind = 'camera_blind'
    AND opened_at > $__fromTime - toIntervalDay(30) AND opened_at <= $__toTime
    AND (closed_at IS NULL OR closed_at >= $__fromTime)
    AND @cameras
GROUP BY cause
ORDER BY blind_s DESC
