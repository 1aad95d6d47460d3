WITH last_passages AS
(
    @last_passages
)
SELECT
    (SELECT count() FROM last_passages WHERE passage = 'vehicle_entry' AND @cameras) AS on_site,
    countIf(kind = 'vehicle_entry') AS unread_entries,
    countIf(kind = 'vehicle_exit') AS unread_exits
FROM events_latest
WHERE kind IN ('vehicle_entry', 'vehicle_exit') AND plate_folded = ''
    AND opened_at > $__toTime - toIntervalHour($stay_hours) AND opened_at <= $__toTime
    AND @cameras
