-- Hospital spells in the windows of the concepts that count them: one row per person and concept.
SELECT diagnosis.person_no, diagnosis.concept_no, CAST(count(DISTINCT diagnosis.spell) AS INTEGER) AS spells
FROM diagnosis
INNER JOIN spell_rule ON spell_rule.concept_no = diagnosis.concept_no
WHERE
    diagnosis.used_for = 'concept'
    AND diagnosis.day BETWEEN spell_rule.counted_from AND $stays_to
    AND (diagnosis.is_main OR NOT spell_rule.main_only)
    AND (diagnosis.emergency OR NOT spell_rule.emergency_only)
GROUP BY diagnosis.person_no, diagnosis.concept_no
