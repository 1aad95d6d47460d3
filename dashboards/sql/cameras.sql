WITH
    happened AS
    (
        SELECT
            camera,
            maxIf(opened_at, kind = 'camera_lost') AS lost_at,
            argMaxIf(isNull(closed_at), opened_at, kind = 'camera_lost') AS lost_open,
            argMaxIf(cause, opened_at, kind = 'camera_lost') AS lost_cause,
            maxIf(opened_at, kind = 'camera_blind') AS blind_at,
            argMaxIf(isNull(closed_at), opened_at, kind = 'camera_blind') AS blind_open,
            argMaxIf(cause, opened_at, kind = 'camera_blind') AS blind_cause,
            maxIf(opened_at, kind IN ('camera_restored', 'vehicle_entry', 'vehicle_exit')) AS alive_at,
            maxIf(opened_at, kind IN ('vehicle_entry', 'vehicle_exit')) AS vehicle_at
        FROM events_latest
        WHERE opened_at > $__toTime - toIntervalDay(30) AND opened_at <= $__toTime
        GROUP BY camera
    ),
    passed AS
    (
        SELECT camera, count() AS vehicles
        FROM events_latest
        WHERE kind IN ('vehicle_entry', 'vehicle_exit') AND $__timeFilter(opened_at)
        GROUP BY camera
    )
SELECT
    if(c.name = '', c.camera, c.name) AS camera_name,
    c.region AS region,
    multiIf(
        c.deleted, 'deleted',
        NOT c.enabled, 'disabled',
        h.lost_open AND h.lost_at > h.alive_at, 'lost',
        h.blind_open AND h.blind_at > h.alive_at, 'blind',
        'watched'
    ) AS state,
    multiIf(state = 'lost', h.lost_cause, state = 'blind', h.blind_cause, '') AS cause,
    multiIf(state = 'lost', h.lost_at, state = 'blind', h.blind_at, NULL) AS since,
    toUInt64(p.vehicles) AS vehicles,
    nullIf(h.vehicle_at, toDateTime64(0, 6, 'UTC')) AS last_vehicle
FROM (SELECT * FROM cameras_latest WHERE @cameras) AS c
LEFT JOIN happened AS h ON h.camera = c.camera
LEFT JOIN passed AS p ON p.camera = c.camera
WHERE NOT c.deleted OR p.vehicles > 0
ORDER BY indexOf(['lost', 'blind', 'watched', 'disabled', 'deleted'], state), camera_name
