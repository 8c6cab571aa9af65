-- Recorded conditions, as bits: one row per person. A condition with a look-back counts within it;
-- one that was resolved on the day of its last entry or later does not count.
WITH resolved AS (
    SELECT concept.person_no, resolution.condition_no, max(concept.last_date) AS resolved_date
    FROM concept
    INNER JOIN resolution ON resolution.concept_no = concept.concept_no
    GROUP BY concept.person_no, resolution.condition_no
)
SELECT
    concept.person_no$marks
FROM concept
INNER JOIN condition_mark
    ON condition_mark.concept_no = concept.concept_no AND concept.last_date >= condition_mark.recorded_from
LEFT JOIN resolved ON resolved.person_no = concept.person_no AND resolved.condition_no = concept.concept_no
WHERE resolved.resolved_date IS NULL OR resolved.resolved_date < concept.last_date
GROUP BY concept.person_no
