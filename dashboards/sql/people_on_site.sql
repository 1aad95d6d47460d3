WITH last_persons AS
(
    @last_persons
)
SELECT
    (SELECT count() FROM last_persons WHERE passage = 'person_entry' AND @cameras) AS on_site,
    countIf(kind = 'person_entry') AS nameless_entries,
    countIf(kind = 'person_exit') AS nameless_exits
FROM events_latest
WHERE kind IN ('person_entry', 'person_exit') AND person = ''
    AND opened_at > $__toTime - toIntervalHour($stay_hours) AND opened_at <= $__toTime
    AND @cameras
