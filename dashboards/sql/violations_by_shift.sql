SELECT
    toDateTime(toStartOfDay(begun) + toIntervalHour(
        intDiv(toHour(begun), $shift_hours) * $shift_hours + $first_shift
    ), ${zone:singlequote}) AS time,
    kind,
    count() AS violations
FROM
(
    SELECT kind, toDateTime(opened_at, ${zone:singlequote}) - toIntervalHour($first_shift) AS begun
    FROM events_latest
    WHERE @violations AND $__timeFilter(opened_at)
        AND @cameras
)
GROUP BY time, kind
ORDER BY time, kind
