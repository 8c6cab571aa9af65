-- Results of the check of sex and month of birth, by source and group of records: the counts from
-- which false links are estimated (phm_utils/methods/linkage_error.py). A record is checked where
-- its token is a GP person's and both fields are known on both sides.
-- GP events, medicines and appointments carry the token alone: they are in the group 'All'.
-- People with a conflict are counted apart: a distinct count beside sums makes DuckDB keep every row.
WITH conflict AS (
    SELECT source, characteristic, category, count(*) AS people
    FROM (
        SELECT DISTINCT source, characteristic, category, token_person_id, sex, birth_month
        FROM grouped
        WHERE method = 'conflict'
    ) AS conflicting
    GROUP BY source, characteristic, category
)
SELECT
    grouped.source,
    grouped.characteristic,
    grouped.category,
    sum(grouped.records)::BIGINT AS records,
    coalesce(sum(grouped.records) FILTER (WHERE grouped.in_gp_extract), 0)::BIGINT AS linked,
    coalesce(sum(grouped.records) FILTER (WHERE grouped.checked AND grouped.method = 'token'), 0)::BIGINT AS agree,
    coalesce(
        sum(grouped.records) FILTER (WHERE grouped.checked AND grouped.method = 'token, sex differs'), 0
    )::BIGINT AS sex_differs,
    coalesce(
        sum(grouped.records) FILTER (WHERE grouped.checked AND grouped.method = 'token, birth month differs'), 0
    )::BIGINT AS month_differs,
    coalesce(sum(grouped.records) FILTER (WHERE grouped.method = 'conflict'), 0)::BIGINT AS conflicts,
    coalesce(any_value(conflict.people), 0) AS conflict_people,
    count(*) FILTER (WHERE grouped.checked) AS checked_people,
    (sum(grouped.records * random_pair.differs) FILTER (WHERE grouped.checked))::DOUBLE
    / (1e9 * sum(grouped.records) FILTER (WHERE grouped.checked)) AS seen
FROM grouped
LEFT JOIN random_pair ON random_pair.sex = grouped.sex AND random_pair.birth_month = grouped.birth_month
LEFT JOIN conflict
    ON conflict.source = grouped.source
    AND conflict.characteristic = grouped.characteristic
    AND conflict.category = grouped.category
WHERE
    grouped.source <> 'gp_registration'
    AND (grouped.characteristic = 'All' OR grouped.source IN ($identity_sources))
GROUP BY grouped.source, grouped.characteristic, grouped.category
