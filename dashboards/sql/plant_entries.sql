SELECT
    countIf(kind = 'vehicle_entry') AS vehicles,
    countIf(kind = 'person_entry') AS people
FROM events_latest
WHERE kind IN ('vehicle_entry', 'person_entry') AND $__timeFilter(opened_at)
    AND @cameras
