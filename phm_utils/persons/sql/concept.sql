-- Step one of the person table: one row per person and concept, from GP coded events up to and
-- including the index date. A value is in the concept's unit, converted where its unit is another one; outside its
-- believable range, in a unit that cannot be used, or missing, it is no value.
-- Tie rule: the latest value is that of the latest day and, of two on one day, the larger. Day and
-- value are packed into one whole number (value in thousandths), so that one maximum finds both.
SELECT
    registered.person_no,
    code.concept_no,
    min(gp_event.event_date) AS first_date,
    max(gp_event.event_date) AS last_date,
    max(
        CASE
            WHEN code.is_value
                THEN CAST(date_diff('day', DATE '1800-01-01', gp_event.event_date) AS BIGINT) * 10000000000
                    + CAST(floor(($rounded) * 1000 + CAST(0.5 AS DOUBLE)) AS BIGINT)
        END
    ) AS latest,
    CAST(count(*) AS INTEGER) AS events,
    CAST($counted AS INTEGER) AS events_in_window
FROM gp_event
INNER JOIN code ON code.code = gp_event.snomed_code
INNER JOIN registered ON registered.person_id = gp_event.token_person_id
WHERE
    gp_event.event_date <= $index_date
    AND (NOT code.is_value OR ($converted) BETWEEN code.low AND code.high)
GROUP BY registered.person_no, code.concept_no
