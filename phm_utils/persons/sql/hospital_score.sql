-- Scores of the diagnoses of hospital spells begun in the look-back: one row per person who had one.
-- Each three-character code (Hospital Frailty Risk Score) and each group (Charlson) counts once.
-- Of two groups of one disease only the graver counts. Weights are whole numbers: HFRS in tenths.
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
        coalesce(sum(CASE WHEN item.used_for = 'charlson' AND graver.person_no IS NULL THEN item.weight END), 0) AS INTEGER
    ) AS charlson
FROM item
LEFT JOIN charlson_graver ON charlson_graver.item = item.item AND item.used_for = 'charlson'
LEFT JOIN item AS graver
    ON graver.person_no = item.person_no AND graver.used_for = 'charlson' AND graver.item = charlson_graver.graver
GROUP BY item.person_no
