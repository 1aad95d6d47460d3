WITH verdicts AS
(
    @verdicts
)
SELECT
    @shown_camera AS camera_name,
    e.rule AS zone,
    count() AS events,
    countIf(v.verdict != '') AS judged,
    countIf(v.verdict = 'false_alarm') AS wrong,
    if(judged = 0, NULL, 1 - wrong / judged) AS precision
FROM (SELECT * FROM events_latest WHERE @violations AND $__timeFilter(opened_at) AND @cameras) AS e
LEFT JOIN cameras_latest AS c ON c.camera = e.camera
LEFT JOIN verdicts AS v ON v.about = e.event_id
GROUP BY camera_name, zone
ORDER BY events DESC, camera_name, zone
LIMIT 50
