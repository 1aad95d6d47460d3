SELECT
    person,
    minIf(opened_at, kind = 'person_entry') AS first_entry,
    maxIf(opened_at, kind = 'person_exit') AS last_exit,
    countIf(kind = 'person_entry') AS entries,
    sumIf(coalesce(value, 0), kind = 'presence') AS in_zones_s
FROM events_latest
WHERE kind IN ('person_entry', 'person_exit', 'presence') AND person != '' AND $__timeFilter(opened_at)
    AND @cameras
GROUP BY person
ORDER BY in_zones_s DESC, person
LIMIT 200
