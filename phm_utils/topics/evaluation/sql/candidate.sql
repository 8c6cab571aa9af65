-- People who may take part in the trials of one programme: whoever met its rule in some window of months,
-- and whoever enrolled in it or in another of its kind; nobody of a practice whose GP records fell silent,
-- as their conditions are not known. One row per person, numbered in an order that
-- does not depend on the order of the input.
WITH windowed AS (
    SELECT
        person_no AS follow_up_no,
        sum($column) OVER (
            PARTITION BY person_no ORDER BY month
            RANGE BETWEEN INTERVAL $window_before MONTHS PRECEDING AND CURRENT ROW
        ) AS total
    FROM person_month
    WHERE month <= $last_day AND $column > 0
),
taking_part AS (
    SELECT person_follow_up.person_id
    FROM windowed
    INNER JOIN person_follow_up ON person_follow_up.person_no = windowed.follow_up_no
    WHERE windowed.total >= $minimum
    UNION
    SELECT person_id FROM evaluation_enrolment WHERE programme IN ($same_kind) AND person_id IS NOT NULL
),
enrolled AS (
    SELECT
        person_id,
        min(enrolled_from) FILTER (WHERE programme = $programme) AS enrolled,
        min(enrolled_from) AS enrolled_any
    FROM evaluation_enrolment
    WHERE programme IN ($same_kind)
    GROUP BY person_id
)
SELECT
    CAST(row_number() OVER (
        ORDER BY pcn_code, practice_code, birth_month, sex, start_date, end_date, person_id
    ) - 1 AS INTEGER) AS panel_no,
    person_id, pcn_code, sex, birth_month, imd_quintile, start_date, end_date, palliative_from,
    enrolled.enrolled, enrolled.enrolled_any
FROM person_follow_up
SEMI JOIN taking_part USING (person_id)
LEFT JOIN enrolled USING (person_id)
WHERE practice_code NOT IN (SELECT practice_code FROM silent_practice WHERE left_out)
