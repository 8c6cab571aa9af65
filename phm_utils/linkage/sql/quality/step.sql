-- Records of each source by linkage method, or by the reason for no link.
SELECT
    source,
    method,
    sum(records)::BIGINT AS records,
    count(*) AS identities,
    coalesce(sum(records) FILTER (WHERE contradicted), 0)::BIGINT AS contradicted
FROM person_of
GROUP BY source, method
