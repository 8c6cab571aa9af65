-- Records linked and not linked to a person in the GP extract, by the record's own
-- characteristics and by network (see identity_link.sql). All records of an identity are linked or none
-- is: `squared` adds up their numbers squared, for limits. Ethnicity is not known where not linked.
SELECT
    pcn_code,
    source,
    characteristic,
    category,
    coalesce(sum(records) FILTER (WHERE in_gp_extract), 0)::BIGINT AS linked,
    coalesce(sum(records) FILTER (WHERE NOT in_gp_extract), 0)::BIGINT AS not_linked,
    sum(records * records)::BIGINT AS squared
FROM grouped
WHERE source IN ($identity_sources) AND characteristic NOT IN ('All', 'Ethnicity')
GROUP BY pcn_code, source, characteristic, category
