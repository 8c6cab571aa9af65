-- Synthetic data only: links against the truth, by source and group of records. Findable: the
-- record's person has a registration in the GP extract. Missed: findable, not joined to that person.
SELECT
    source,
    characteristic,
    category,
    sum(records)::BIGINT AS records,
    coalesce(sum(records) FILTER (WHERE known_person), 0)::BIGINT AS findable,
    coalesce(sum(records) FILTER (WHERE linked), 0)::BIGINT AS links,
    coalesce(sum(records) FILTER (WHERE linked AND NOT correct), 0)::BIGINT AS wrong,
    coalesce(sum(records) FILTER (WHERE known_person AND NOT correct), 0)::BIGINT AS missed
FROM ($grouped) AS grouped
GROUP BY source, characteristic, category
