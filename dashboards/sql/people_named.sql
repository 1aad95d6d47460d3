SELECT if(count() = 0, NULL, countIf(person != '') / count()) AS named
FROM events_latest
WHERE kind IN ('person_entry', 'person_exit') AND final AND $__timeFilter(opened_at)
    AND @cameras
