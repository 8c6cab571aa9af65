-- For each sex and month of birth: the chance, in thousand millionths, that a person drawn from
-- the spine differs in both. Whole numbers, so that their sums do not depend on order.
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
presented_as AS (
    SELECT DISTINCT sex, birth_month FROM settled WHERE checked
)
SELECT
    presented_as.sex,
    presented_as.birth_month,
    round(
        1e9 * (
            1 - (
                coalesce(sexes.people, 0) + coalesce(months.people, 0) - coalesce(known.people, 0)
            ) / (SELECT sum(people) FROM known)
        )
    )::BIGINT AS seen
FROM presented_as
LEFT JOIN sexes ON sexes.sex = presented_as.sex
LEFT JOIN months ON months.birth_month = presented_as.birth_month
LEFT JOIN known ON known.sex = presented_as.sex AND known.birth_month = presented_as.birth_month
