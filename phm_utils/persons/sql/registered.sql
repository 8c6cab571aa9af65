-- Everybody registered with a practice of the ICS at any time in the months of follow-up.
-- One row per person: the registration used, and the continuous run of registrations that it ends.
-- Used is the registration open on the index date, else the last one to end; of two, the one that
-- began later; of two that began on one day, the larger registration_id. Registrations up to
-- 31 days apart are one run: changing practice is not leaving. A registration whose end could not be
-- read (`nulled_fields`) ended on an unknown day: it is not used.
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
        gp_registration.contact_preference,
        gp_registration.registered_from,
        least(coalesce(gp_registration.registered_to, $index_date), $index_date) AS last_day
    FROM gp_registration
    INNER JOIN practice ON practice.practice_code = gp_registration.practice_code AND practice.of_ics
    WHERE
        gp_registration.token_person_id IS NOT NULL
        AND gp_registration.registered_from <= $index_date
        AND NOT contains(coalesce(gp_registration.nulled_fields, ''), 'registered_to:')
),
-- Most people have one registration; only others need ordering. Duplicate rows count as two.
several AS (
    SELECT person_id FROM registration GROUP BY person_id HAVING count(*) > 1
),
ordered AS (
    SELECT
        registration.*,
        max(registration.last_day) OVER (
            PARTITION BY registration.person_id ORDER BY registration.registered_from, registration.registration_id
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS previous_last_day
    FROM registration
    INNER JOIN several ON several.person_id = registration.person_id
),
numbered AS (
    SELECT
        ordered.*,
        count(CASE WHEN date_diff('day', previous_last_day, registered_from) > 31 THEN 1 END) OVER (
            PARTITION BY person_id ORDER BY registered_from, registration_id
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS run
    FROM ordered
),
ranked AS (
    SELECT
        numbered.*,
        min(registered_from) OVER (PARTITION BY person_id, run) AS run_from,
        row_number() OVER (
            PARTITION BY person_id ORDER BY last_day DESC, registered_from DESC, registration_id DESC
        ) AS place
    FROM numbered
),
one_per_person AS (
    SELECT
        registration.person_id, registration.practice_code, registration.pcn_code, registration.sex,
        registration.birth_month, registration.lsoa, registration.household_token, registration.ethnicity, registration.contact_preference,
        registration.registered_from, registration.last_day, registration.registered_from AS run_from
    FROM registration
    ANTI JOIN several ON several.person_id = registration.person_id
    UNION ALL
    SELECT
        person_id, practice_code, pcn_code, sex, birth_month, lsoa, household_token, ethnicity, contact_preference,
        registered_from, last_day, run_from
    FROM ranked
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
    -- Shorter to join on than a pseudonym. Numbers people by place, in this run only.
    CAST(row_number() OVER (
        ORDER BY one_per_person.pcn_code, one_per_person.practice_code, one_per_person.lsoa, one_per_person.birth_month, one_per_person.person_id
    ) AS INTEGER) AS person_no,
    one_per_person.person_id,
    one_per_person.pcn_code,
    one_per_person.practice_code,
    CASE one_per_person.sex WHEN '1' THEN 'Male' WHEN '2' THEN 'Female' ELSE 'Other or not known' END AS sex,
    one_per_person.birth_month,
    one_per_person.lsoa,
    one_per_person.household_token,
    one_per_person.ethnicity,
    one_per_person.contact_preference,
    one_per_person.registered_from,
    one_per_person.run_from,
    one_per_person.last_day,
    deceased.date_of_death,
    one_per_person.last_day = $index_date AND deceased.date_of_death IS NULL AS is_current,
    -- Completed years from the first of the birth month: an extract holds no day of birth.
    CAST(date_diff('month', one_per_person.birth_month, $index_date) // 12 AS INTEGER) AS age
FROM one_per_person
LEFT JOIN deceased ON deceased.person_id = one_per_person.person_id
WHERE
    one_per_person.last_day >= $follow_from
    AND coalesce(deceased.date_of_death, one_per_person.last_day) >= greatest(one_per_person.run_from, $follow_from)
