WITH verdicts AS
(
    @verdicts
)
SELECT if(count() = 0, NULL, countIf(v.verdict != 'false_alarm') / count()) AS precision
FROM (SELECT * FROM events_latest WHERE severity = 'alarm' AND @violations AND $__timeFilter(opened_at) AND @cameras) AS e
INNER JOIN verdicts AS v ON v.about = e.event_id
