SELECT if(count() = 0, NULL, quantile(0.5)(value)) AS half_s
FROM events_latest
WHERE kind = 'ppe_violation' AND value IS NOT NULL AND $__timeFilter(opened_at)
    AND @cameras
