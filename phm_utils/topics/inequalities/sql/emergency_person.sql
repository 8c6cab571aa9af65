-- Everybody registered on any day of the period, with the days that they were and the emergency
-- admissions of those months: one row per person. Days in months without data are not counted. People who died or left are counted up to then:
-- the last months of life hold many admissions. Age: completed years at the middle of the period.
WITH follow_up AS (
    SELECT
        person_follow_up.*,
        greatest(start_date, $first_day) AS first_day,
        least(end_date, $last_day) AS last_day
    FROM person_follow_up
    WHERE start_date <= $last_day AND end_date >= $first_day
),
admitted AS (
    SELECT person_month.person_no, sum(person_month.emergency_admissions)::BIGINT AS admissions
    FROM person_month
    INNER JOIN follow_up ON follow_up.person_no = person_month.person_no
    WHERE
        person_month.emergency_admissions > 0
        AND person_month.month BETWEEN $first_day AND $last_day
        AND person_month.month BETWEEN date_trunc('month', follow_up.first_day) AND follow_up.last_day
    GROUP BY person_month.person_no
)
SELECT
    follow_up.person_id,
    follow_up.pcn_code,
    follow_up.practice_code,
    follow_up.lsoa,
    coalesce(follow_up.imd_quintile::VARCHAR, 'Not known') AS imd_quintile,
    CASE
        WHEN follow_up.birth_month IS NOT NULL
            THEN greatest(date_diff('month', follow_up.birth_month, $middle) // 12, 0)
    END AS age,
    date_diff('day', follow_up.first_day, follow_up.last_day) + 1 - ($silent_days) AS days,
    follow_up.died AND follow_up.end_date <= $last_day AS died,
    coalesce(admitted.admissions, 0) AS admissions
FROM follow_up
LEFT JOIN admitted ON admitted.person_no = follow_up.person_no
