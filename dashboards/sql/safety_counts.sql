SELECT
    countIf(kind = 'ppe_violation') AS equipment,
    countIf(kind IN ('intrusion', 'wrong_way', 'loitering', 'occupancy_exceeded')) AS zones,
    countIf(kind NOT IN ('ppe_violation', 'intrusion', 'wrong_way', 'loitering', 'occupancy_exceeded')) AS others
FROM events_latest
WHERE @violations AND $__timeFilter(opened_at)
    AND @cameras
