-- Latest values with the day of each, packed as in `concept`: one row per person.
SELECT
    concept.person_no$values
FROM concept
INNER JOIN value_rule ON value_rule.concept_no = concept.concept_no AND concept.last_date >= value_rule.recorded_from
GROUP BY concept.person_no
