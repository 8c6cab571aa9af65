-- Everybody registered with a practice of the ICS at any time in the months of follow-up.
-- One row per person: the registration that places them, and the unbroken run that it ends.
-- Placed by the registration open on the index date, else the last one to end; of two, the one
-- begun later; of two begun on one day, the larger registration_id. Registrations no more than
-- 31 days apart are one run: moving house is not leaving.
WITH registration AS (
    SELECT
        gp_registration.token_person_id AS person_id,
        gp_registration.registration_id,
        gp_registration.practice_code,
        practice.pcn_code,
        gp_registration.sex,
        gp_registration.birth_month,
        gp_registration.lsoa,
        gp_registration.household_token,
        gp_registration.ethnicity,
        gp_registration.registered_from,
        least(coalesce(gp_registration.registered_to, $index_date), $index_date) AS last_day
    FROM gp_registration
    INNER JOIN practice ON practice.practice_code = gp_registration.practice_code
    WHERE gp_registration.token_person_id IS NOT NULL AND gp_registration.registered_from <= $index_date
),
-- Most people have one registration, and need no placing. A row sent twice is placed like any two.
moved AS (
    SELECT person_id FROM registration GROUP BY person_id HAVING count(*) > 1
),
begun AS (
    SELECT
        registration.*,
        max(registration.last_day) OVER (
            PARTITION BY registration.person_id ORDER BY registration.registered_from, registration.registration_id
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS last_day_before
    FROM registration
    INNER JOIN moved ON moved.person_id = registration.person_id
),
numbered AS (
    SELECT
        begun.*,
        count(CASE WHEN date_diff('day', last_day_before, registered_from) > 31 THEN 1 END) OVER (
            PARTITION BY person_id ORDER BY registered_from, registration_id
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS run
    FROM begun
),
placed AS (
    SELECT
        numbered.*,
        min(registered_from) OVER (PARTITION BY person_id, run) AS run_from,
        row_number() OVER (
            PARTITION BY person_id ORDER BY last_day DESC, registered_from DESC, registration_id DESC
        ) AS place
    FROM numbered
),
one_each AS (
    SELECT
        registration.person_id, registration.practice_code, registration.pcn_code, registration.sex,
        registration.birth_month, registration.lsoa, registration.household_token, registration.ethnicity,
        registration.registered_from, registration.last_day, registration.registered_from AS run_from
    FROM registration
    ANTI JOIN moved ON moved.person_id = registration.person_id
    UNION ALL
    SELECT
        person_id, practice_code, pcn_code, sex, birth_month, lsoa, household_token, ethnicity,
        registered_from, last_day, run_from
    FROM placed
    WHERE place = 1
),
deceased AS (
    SELECT person_index.person_id, min(death.date_of_death) AS date_of_death
    FROM death
    INNER JOIN person_index
        ON person_index.source = 'death'
        AND person_index.token_person_id = death.token_person_id
        AND person_index.sex IS NOT DISTINCT FROM death.sex
        AND person_index.birth_month IS NOT DISTINCT FROM death.birth_month
    WHERE person_index.person_id IS NOT NULL AND death.date_of_death <= $index_date
    GROUP BY person_index.person_id
)
SELECT
    -- Shorter than a pseudonym to join on. It numbers people by place, and is this run's alone.
    CAST(row_number() OVER (
        ORDER BY one_each.pcn_code, one_each.practice_code, one_each.lsoa, one_each.birth_month, one_each.person_id
    ) AS INTEGER) AS person_no,
    one_each.person_id,
    one_each.pcn_code,
    one_each.practice_code,
    CASE one_each.sex WHEN '1' THEN 'Male' WHEN '2' THEN 'Female' ELSE 'Other or not known' END AS sex,
    one_each.birth_month,
    one_each.lsoa,
    one_each.household_token,
    one_each.ethnicity,
    one_each.registered_from,
    one_each.run_from,
    one_each.last_day,
    deceased.date_of_death,
    one_each.last_day = $index_date AND deceased.date_of_death IS NULL AS is_current,
    -- Completed years from the first of the birth month: an extract holds no day of birth.
    CAST(date_diff('month', one_each.birth_month, $index_date) // 12 AS INTEGER) AS age
FROM one_each
LEFT JOIN deceased ON deceased.person_id = one_each.person_id
WHERE
    one_each.last_day >= $follow_from
    AND coalesce(deceased.date_of_death, one_each.last_day) >= greatest(one_each.run_from, $follow_from)
