SELECT about, min(opened_at) AS answered_at
    FROM events_latest
    WHERE kind = 'handling' AND opened_at >= $__fromTime
    GROUP BY about
