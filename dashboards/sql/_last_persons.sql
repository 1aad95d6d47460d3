SELECT
        person,
        max(opened_at) AS passed_at,
        argMax(kind, opened_at) AS passage,
        argMax(camera, opened_at) AS camera,
        argMax(event_id, opened_at) AS last_event_id
    FROM events_latest
    WHERE kind IN ('person_entry', 'person_exit') AND person != ''
        AND opened_at > $__toTime - toIntervalHour($stay_hours) AND opened_at <= $__toTime
    GROUP BY person
