WITH last_persons AS
(
    @last_persons
)
SELECT
    p.person AS person,
    p.passed_at AS since,
    dateDiff('second', p.passed_at, toDateTime64($__toTime, 6)) AS stay_s,
    if(c.name = '', p.camera, c.name) AS camera_name,
    p.last_event_id AS event_id
FROM (SELECT * FROM last_persons WHERE passage = 'person_entry' AND @cameras) AS p
LEFT JOIN cameras_latest AS c ON c.camera = p.camera
ORDER BY since
LIMIT 200
