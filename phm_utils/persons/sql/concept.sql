-- Step one of the person table: one row per person and concept, from GP coded events up to and
-- including the index date. A value outside its believable range, or missing, is no value.
-- Tie rule: of two values on one day the larger; so events are grouped by day first.
WITH concept_day AS (
    SELECT registered.person_no, code.concept_no, gp_event.event_date, max(gp_event.value_num) AS value, count(*) AS events
    FROM gp_event
    INNER JOIN code ON code.code = gp_event.snomed_code
    INNER JOIN registered ON registered.person_id = gp_event.token_person_id
    WHERE
        gp_event.event_date <= $index_date
        AND (NOT code.is_value OR gp_event.value_num BETWEEN code.low AND code.high)
    GROUP BY registered.person_no, code.concept_no, gp_event.event_date
)
SELECT
    person_no,
    concept_no,
    min(event_date) AS first_date,
    max(event_date) AS last_date,
    arg_max(value, event_date) AS latest_value,
    CAST(sum(events) AS INTEGER) AS events
FROM concept_day
GROUP BY person_no, concept_no
