-- GP entries of some concepts: one row per entry and concept. value: in the concept's unit, null outside its
-- believable range. Of people registered on the index date, up to it.
SELECT
    event_name.concept_no,
    event_name.concept,
    registered.person_no,
    gp_event.event_date AS day,
    CASE
        WHEN code.is_value AND ($converted) BETWEEN code.low AND code.high THEN CAST($rounded AS DOUBLE)
    END AS value,
    gp_event.snomed_code AS code
FROM gp_event
INNER JOIN code ON code.code = gp_event.snomed_code
INNER JOIN event_name ON event_name.concept_no = code.concept_no
INNER JOIN registered ON registered.person_id = gp_event.token_person_id
WHERE
    registered.is_current AND gp_event.event_date <= $index_date
    AND code.concept_no BETWEEN $first_concept AND $last_concept
