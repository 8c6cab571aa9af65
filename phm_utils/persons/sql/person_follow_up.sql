-- Everybody ever registered in the 48 months to the index date, and their days of follow-up.
-- Follow-up starts with the last continuous run of registration, or with the 48 months; it
-- ends with death, leaving or the index date. died: while registered; null where deaths are not known.
-- person_no: the person's number in the tables of this run.
SELECT
    registered.person_id,
    registered.person_no,
    registered.pcn_code,
    registered.practice_code,
    registered.lsoa,
    registered.sex,
    registered.birth_month,
    CAST((area.imd_decile + 1) // 2 AS INTEGER) AS imd_quintile,
    greatest(registered.run_from, $follow_from) AS start_date,
    least(registered.last_day, coalesce(registered.date_of_death, registered.last_day)) AS end_date,
    CASE WHEN $deaths_known THEN coalesce(registered.date_of_death <= registered.last_day, false) END AS died,
    palliative.first_date AS palliative_from
FROM registered
LEFT JOIN area ON area.lsoa = registered.lsoa
LEFT JOIN (
    SELECT concept.person_no, concept.first_date
    FROM concept
    INNER JOIN concept_name ON concept_name.concept_no = concept.concept_no
    WHERE concept_name.concept = 'palliative_care'
) AS palliative ON palliative.person_no = registered.person_no
