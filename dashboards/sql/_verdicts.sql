SELECT about, argMax(cause, opened_at) AS verdict
    FROM events_latest
    WHERE kind = 'feedback' AND opened_at >= $__fromTime
    GROUP BY about
