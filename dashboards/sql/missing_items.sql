SELECT item, count() AS violations
FROM
(
    SELECT arrayJoin(missing) AS item
    FROM events_latest
    WHERE kind = 'ppe_violation' AND $__timeFilter(opened_at)
        AND @cameras
)
GROUP BY item
ORDER BY violations DESC, item
LIMIT 30
