-- Scores of the diagnoses of hospital spells begun in the look-back: one row per person who had one.
-- Each three-character code (Hospital Frailty Risk Score) and each group (Charlson) counts once.
-- Of two groups of one disease only the more severe counts. Weights are whole numbers: HFRS in tenths.
WITH item AS (
    SELECT person_no, used_for, item, max(weight) AS weight
    FROM diagnosis
    WHERE used_for IN ('hfrs', 'charlson') AND day BETWEEN $scored_from AND $stays_to
    GROUP BY person_no, used_for, item
)
SELECT
    item.person_no,
    CAST(coalesce(sum(CASE WHEN item.used_for = 'hfrs' THEN item.weight END), 0) AS INTEGER) AS hfrs_tenths,
    CAST(
        coalesce(sum(CASE WHEN item.used_for = 'charlson' AND severe.person_no IS NULL THEN item.weight END), 0) AS INTEGER
    ) AS charlson
FROM item
LEFT JOIN charlson_severe ON charlson_severe.item = item.item AND item.used_for = 'charlson'
LEFT JOIN item AS severe
    ON severe.person_no = item.person_no AND severe.used_for = 'charlson' AND severe.item = charlson_severe.severe_item
GROUP BY item.person_no
