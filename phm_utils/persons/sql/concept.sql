-- Step one of the person table: one row per person and concept, from GP coded events up to and
-- including the index date. A value outside its believable range, or missing, is no value.
-- Tie rule: the latest value is that of the latest day and, of two on one day, the larger.
SELECT
    registered.person_no,
    code.concept_no,
    min(gp_event.event_date) AS first_date,
    max(gp_event.event_date) AS last_date,
    arg_max(
        gp_event.value_num, {'day': gp_event.event_date, 'value': gp_event.value_num}
    ) FILTER (WHERE code.is_value) AS latest_value,
    CAST(count(*) AS INTEGER) AS events,
    CAST(count(*) FILTER (WHERE gp_event.event_date >= code.counted_from) AS INTEGER) AS events_in_window
FROM gp_event
INNER JOIN code ON code.code = gp_event.snomed_code
INNER JOIN registered ON registered.person_id = gp_event.token_person_id
WHERE
    gp_event.event_date <= $index_date
    AND (NOT code.is_value OR gp_event.value_num BETWEEN code.low AND code.high)
GROUP BY registered.person_no, code.concept_no
