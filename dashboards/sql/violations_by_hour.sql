SELECT
    toStartOfHour(toDateTime(opened_at)) AS time,
    kind,
    count() AS violations
FROM events_latest
WHERE @violations AND $__timeFilter(opened_at)
    AND @cameras
GROUP BY time, kind
ORDER BY time, kind
