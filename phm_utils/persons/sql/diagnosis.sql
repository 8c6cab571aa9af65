-- Diagnoses that are used: one row per spell, use and item, however often it was coded.
-- used_for: `concept`, `hfrs` (item: three characters) or `charlson` (a group). is_main: the main
-- diagnosis of any episode of the spell. icd10: the first of its codes, a main diagnosis before others.
SELECT
    coded.person_no,
    coded.spell,
    diagnosis_code.used_for,
    diagnosis_code.item,
    diagnosis_code.concept_no,
    diagnosis_code.weight,
    spell.day,
    spell.discharged,
    spell.emergency,
    bool_or(coded.place = 1) AS is_main,
    coalesce(min(CASE WHEN coded.place = 1 THEN coded.icd10 END), min(coded.icd10)) AS icd10
FROM (
    SELECT
        episode.person_no,
        episode.spell,
        place.n AS place,
        CASE place.n
            WHEN 1 THEN diag_01 WHEN 2 THEN diag_02 WHEN 3 THEN diag_03 WHEN 4 THEN diag_04 WHEN 5 THEN diag_05
            WHEN 6 THEN diag_06 WHEN 7 THEN diag_07 WHEN 8 THEN diag_08 WHEN 9 THEN diag_09 WHEN 10 THEN diag_10
            WHEN 11 THEN diag_11 WHEN 12 THEN diag_12 WHEN 13 THEN diag_13 WHEN 14 THEN diag_14 WHEN 15 THEN diag_15
            WHEN 16 THEN diag_16 WHEN 17 THEN diag_17 WHEN 18 THEN diag_18 WHEN 19 THEN diag_19 ELSE diag_20
        END AS icd10
    FROM episode
    CROSS JOIN place
    WHERE episode.epistart >= $diagnoses_from
) AS coded
INNER JOIN diagnosis_code ON diagnosis_code.icd10 = coded.icd10
INNER JOIN spell ON spell.person_no = coded.person_no AND spell.spell = coded.spell
GROUP BY
    coded.person_no, coded.spell, diagnosis_code.used_for, diagnosis_code.item, diagnosis_code.concept_no,
    diagnosis_code.weight, spell.day, spell.discharged, spell.emergency
