SELECT
        plate_folded AS folded,
        max(opened_at) AS passed_at,
        argMax(kind, opened_at) AS passage,
        argMax(plate, opened_at) AS shown_plate,
        argMax(camera, opened_at) AS camera,
        argMax(label, opened_at) AS vehicle,
        argMax(event_id, opened_at) AS last_event_id
    FROM events_latest
    WHERE kind IN ('vehicle_entry', 'vehicle_exit') AND plate_folded != ''
        AND opened_at > $__toTime - toIntervalHour($stay_hours) AND opened_at <= $__toTime
    GROUP BY folded
