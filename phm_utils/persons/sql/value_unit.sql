-- Entries of value concepts that have a number, up to and including the index date: one row per concept,
-- unit as recorded and way of converting it, with how many there are and how many lie in the believable range then.
SELECT
    value_code.concept_no,
    value_code.conversion_no,
    gp_event.unit,
    CAST(count(*) AS BIGINT) AS entries,
    CAST(
        count(*) FILTER (
            WHERE gp_event.value_num * value_code.factor + value_code.shift BETWEEN value_code.low AND value_code.high
        ) AS BIGINT
    ) AS in_range
FROM gp_event
INNER JOIN value_code ON value_code.code = gp_event.snomed_code
WHERE gp_event.value_num IS NOT NULL AND gp_event.event_date <= $index_date
GROUP BY value_code.concept_no, value_code.conversion_no, gp_event.unit
