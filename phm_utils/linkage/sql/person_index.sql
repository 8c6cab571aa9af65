-- One row per source and distinct identity (token, sex, month of birth).
-- person_id is the shared token. It is null on a conflict and where there is no token; a person
-- who is not in the GP extract keeps one, so that their records stay together across sources.
SELECT
    source, token_person_id, sex, birth_month, person_id, method, in_gp_extract,
    sum(records)::BIGINT AS records
FROM identity_link
WHERE source IN ($identity_sources)
GROUP BY ALL
