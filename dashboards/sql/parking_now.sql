SELECT rule AS lot, count() AS vehicles
FROM events_latest
WHERE kind = 'parking_session' AND NOT final AND cause != 'withdrawn' AND closed_at IS NULL
    AND opened_at > $__toTime - toIntervalHour($stay_hours) AND opened_at <= $__toTime
    AND $__conditionalAll(rule IN (${region:singlequote}), $region)
GROUP BY lot
ORDER BY vehicles DESC, lot
LIMIT 30
