SELECT
    toDateTime(arrayJoin(range(
        toUInt32(toStartOfHour(toDateTime(begun))), toUInt32(toDateTime(ended)) + 1, 3600
    ))) AS time,
    cause,
    sum(greatest(0, dateDiff(
        'millisecond',
        greatest(begun, toDateTime64(time, 6)),
        least(ended, toDateTime64(time, 6) + toIntervalHour(1))
    ))) / 1000 AS blind_s
FROM
(
    SELECT
        cause,
        greatest(opened_at, toDateTime64($__fromTime, 6)) AS begun,
        least(coalesce(closed_at, toDateTime64($__toTime, 6)), toDateTime64($__toTime, 6)) AS ended
    FROM events_latest
    WHERE kind = 'camera_blind'
        AND opened_at > $__fromTime - toIntervalDay(30) AND opened_at <= $__toTime
        AND (closed_at IS NULL OR closed_at >= $__fromTime)
        AND @cameras
)
WHERE ended >= begun
GROUP BY time, cause
ORDER BY time, cause
