WITH last_passages AS
(
    @last_passages
),
last_persons AS
(
    @last_persons
)
SELECT
    (SELECT count() FROM last_passages WHERE passage = 'vehicle_entry' AND @cameras) AS vehicles,
    (SELECT count() FROM last_persons WHERE passage = 'person_entry' AND @cameras) AS people
