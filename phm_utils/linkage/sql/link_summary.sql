-- Records and distinct identities (token, sex, month of birth) by source and linkage method, whole ICS.
SELECT source, method, sum(records)::BIGINT AS records, count(*) AS identities
FROM (
    SELECT source, method, token_person_id, sex, birth_month, sum(records) AS records
    FROM identity_link
    GROUP BY ALL
) AS identities
GROUP BY source, method
