-- Each identity of `source_identity` against the GP spine: equal token, then sex and month of birth.
-- Null rule: a sex that is indeterminate or not known (9, X, 0 or missing) and a missing month
-- of birth are no evidence either way.
-- Conflict rule: sex and month of birth both known and both different: the token is another person's.
-- checked: sex and month of birth are known on both sides. ethnicity: that of the token's holder.
-- pcn_code: the network of the token's practice, else of the record's small area, else null.
WITH compared AS (
    SELECT
        source_identity.*,
        coalesce(spine.pcn_code, lsoa_pcn.pcn_code) AS pcn_code,
        spine.token_person_id IS NOT NULL AS in_spine,
        spine.ethnicity,
        coalesce(
            source_identity.sex IN ('1', '2') AND spine.sex IN ('1', '2'), false
        ) AND source_identity.birth_month IS NOT NULL AND spine.birth_month IS NOT NULL AS checked,
        coalesce(
            source_identity.sex <> spine.sex AND source_identity.sex IN ('1', '2') AND spine.sex IN ('1', '2'), false
        ) AS sex_differs,
        coalesce(source_identity.birth_month <> spine.birth_month, false) AS month_differs
    FROM source_identity
    LEFT JOIN gp_spine AS spine ON spine.token_person_id = source_identity.token_person_id
    LEFT JOIN lsoa_pcn ON lsoa_pcn.lsoa = source_identity.lsoa
),
methods AS (
    SELECT
        *,
        CASE
            WHEN token_person_id IS NULL THEN 'no token'
            WHEN NOT in_spine THEN 'not in extract'
            WHEN sex_differs AND month_differs THEN 'conflict'
            WHEN sex_differs THEN 'token, sex differs'
            WHEN month_differs THEN 'token, birth month differs'
            ELSE 'token'
        END AS method
    FROM compared
)
SELECT
    source,
    token_person_id,
    sex,
    birth_month,
    lsoa,
    no_fixed_abode,
    pcn_code,
    CASE WHEN method NOT IN ('no token', 'conflict') THEN token_person_id END AS person_id,
    method,
    method IN ('token', 'token, sex differs', 'token, birth month differs') AS in_gp_extract,
    in_spine,
    checked,
    ethnicity,
    records
FROM methods
