SELECT if(count() = 0, NULL, countIf(plate != '') / count()) AS read_rate
FROM events_latest
WHERE kind IN ('vehicle_entry', 'vehicle_exit') AND final AND $__timeFilter(opened_at)
    AND @cameras
