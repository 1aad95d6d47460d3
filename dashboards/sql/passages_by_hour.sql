SELECT
    toStartOfHour(toDateTime(opened_at)) AS time,
    countIf(kind = 'vehicle_entry') AS entries,
    countIf(kind = 'vehicle_exit') AS exits
FROM events_latest
WHERE kind IN ('vehicle_entry', 'vehicle_exit') AND $__timeFilter(opened_at)
    AND @cameras
GROUP BY time
ORDER BY time WITH FILL FROM toStartOfHour($__fromTime) TO $__toTime STEP toIntervalHour(1)
