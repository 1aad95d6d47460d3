SELECT
    toStartOfHour(toDateTime(coalesce(closed_at, opened_at))) AS time,
    quantile(0.5)(value) AS half,
    quantile(0.9)(value) AS most
FROM events_latest
WHERE kind = 'parking_session' AND final AND cause != 'withdrawn' AND value IS NOT NULL
    AND opened_at > $__fromTime - toIntervalDay(7) AND $__timeFilter(closed_at)
    AND $__conditionalAll(rule IN (${region:singlequote}), $region)
GROUP BY time
ORDER BY time
