-- Links by source and group of records: the denominators of linkage error.
SELECT
    source,
    characteristic,
    category,
    sum(records)::BIGINT AS records,
    coalesce(sum(records) FILTER (WHERE linked), 0)::BIGINT AS linked,
    coalesce(sum(records) FILTER (WHERE unnumbered), 0)::BIGINT AS unnumbered,
    coalesce(sum(records) FILTER (WHERE set_aside), 0)::BIGINT AS set_aside,
    coalesce(sum(records) FILTER (WHERE undecided), 0)::BIGINT AS undecided,
    coalesce(sum(records) FILTER (WHERE unnumbered AND match_weight IS NOT NULL), 0)::BIGINT AS weighed,
    coalesce(sum(records * doubt) FILTER (WHERE unnumbered), 0)::HUGEINT::DOUBLE / 1e9 AS doubtful
FROM ($grouped) AS grouped
GROUP BY source, characteristic, category
