-- For each sex and month of birth: the probability, in thousand millionths, that a random person of
-- the spine differs in both (a non-match). Whole numbers, so that their sums do not depend on order.
WITH known AS (
    SELECT sex, birth_month, count(*) AS people
    FROM gp_spine
    WHERE sex IN ('1', '2') AND birth_month IS NOT NULL
    GROUP BY sex, birth_month
),
months AS (
    SELECT birth_month, sum(people) AS people FROM known GROUP BY birth_month
),
sexes AS (
    SELECT sex, sum(people) AS people FROM known GROUP BY sex
),
source_values AS (
    SELECT DISTINCT sex, birth_month FROM identity_link WHERE checked
)
SELECT
    source_values.sex,
    source_values.birth_month,
    round(
        1e9 * (
            1 - (
                coalesce(sexes.people, 0) + coalesce(months.people, 0) - coalesce(known.people, 0)
            ) / (SELECT sum(people) FROM known)
        )
    )::BIGINT AS differs
FROM source_values
LEFT JOIN sexes ON sexes.sex = source_values.sex
LEFT JOIN months ON months.birth_month = source_values.birth_month
LEFT JOIN known ON known.sex = source_values.sex AND known.birth_month = source_values.birth_month
