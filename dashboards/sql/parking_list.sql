SELECT
    plate,
    rule AS lot,
    opened_at AS since,
    dateDiff('second', opened_at, toDateTime64($__toTime, 6)) AS stay_s,
    about AS event_id
FROM events_latest
WHERE kind = 'parking_session' AND NOT final AND cause != 'withdrawn' AND closed_at IS NULL
    AND opened_at > $__toTime - toIntervalHour($stay_hours) AND opened_at <= $__toTime
    AND $__conditionalAll(rule IN (${region:singlequote}), $region)
ORDER BY since
LIMIT 200
