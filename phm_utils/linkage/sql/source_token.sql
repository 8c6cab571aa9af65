-- GP events, medicines and appointments carry the token alone: one row per token.
SELECT
    '$source' AS source,
    token_person_id,
    NULL::VARCHAR AS sex,
    NULL::DATE AS birth_month,
    NULL::VARCHAR AS lsoa,
    NULL::BOOLEAN AS no_fixed_abode,
    count(*) AS records
FROM $source
GROUP BY ALL
