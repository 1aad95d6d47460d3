SELECT
    toStartOfHour(toDateTime(opened_at)) AS time,
    rule AS zone,
    sum(coalesce(value, 0)) AS present_s
FROM events_latest
WHERE kind = 'presence' AND $__timeFilter(opened_at)
    AND @cameras
GROUP BY time, zone
ORDER BY time, zone
