WITH answers AS
(
    @answers
)
SELECT
    count() AS alarms,
    countIf(e.event_id NOT IN (SELECT about FROM answers)) AS open
FROM events_latest AS e
WHERE e.severity = 'alarm' AND @violations AND $__timeFilter(e.opened_at)
    AND @cameras
