-- Who is missed: records linked and not linked to a person in the GP extract, by what the record
-- itself says and by network (see settled.sql). Nobody who is missed has an ethnicity.
SELECT
    pcn_code,
    source,
    characteristic,
    category,
    coalesce(sum(records) FILTER (WHERE in_gp_extract), 0)::BIGINT AS linked,
    coalesce(sum(records) FILTER (WHERE NOT in_gp_extract), 0)::BIGINT AS not_linked
FROM grouped
WHERE source IN ($identity_sources) AND characteristic NOT IN ('All', 'Ethnicity')
GROUP BY pcn_code, source, characteristic, category
