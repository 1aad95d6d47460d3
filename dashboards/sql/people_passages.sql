SELECT
    countIf(kind = 'person_entry') AS entries,
    countIf(kind = 'person_exit') AS exits
FROM events_latest
WHERE kind IN ('person_entry', 'person_exit') AND $__timeFilter(opened_at)
    AND @cameras
