-- How many records, and distinct identities (token, sex, month of birth), each step settled in
-- each source, in the whole ICS.
SELECT source, method, sum(records)::BIGINT AS records, count(*) AS identities
FROM (
    SELECT source, method, token_person_id, sex, birth_month, sum(records) AS records
    FROM settled
    GROUP BY ALL
) AS identities
GROUP BY source, method
