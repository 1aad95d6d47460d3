WITH verdicts AS
(
    @verdicts
),
answers AS
(
    @answers
)
SELECT
    e.kind AS kind,
    count() AS events,
    countIf(v.verdict != '') AS judged,
    countIf(v.verdict = 'false_alarm') AS wrong,
    if(judged = 0, NULL, 1 - wrong / judged) AS precision,
    countIf(a.about = '') AS open,
    if(open = events, NULL, quantileIf(0.5)(dateDiff('second', e.opened_at, a.answered_at), a.about != '')) AS answer_s
FROM (SELECT * FROM events_latest WHERE @violations AND $__timeFilter(opened_at) AND @cameras) AS e
LEFT JOIN verdicts AS v ON v.about = e.event_id
LEFT JOIN answers AS a ON a.about = e.event_id
GROUP BY kind
ORDER BY events DESC, kind
