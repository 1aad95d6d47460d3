SELECT if(count() = 0, NULL, countIf(empty(missing)) / count()) AS dressed
FROM events_latest
WHERE kind = 'ppe_visit' AND $__timeFilter(opened_at)
    AND @cameras
