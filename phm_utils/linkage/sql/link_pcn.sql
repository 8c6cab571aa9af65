-- As link_summary, for each network: that of the person's practice or, for people who are not in
-- the GP extract, that of the record's small area. Null where neither is known.
SELECT pcn_code, source, method, sum(records)::BIGINT AS records, count(*) AS identities
FROM (
    SELECT pcn_code, source, method, token_person_id, sex, birth_month, sum(records) AS records
    FROM identity_link
    GROUP BY ALL
) AS identities
GROUP BY pcn_code, source, method
