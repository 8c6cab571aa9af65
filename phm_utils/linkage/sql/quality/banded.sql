-- Links made by weight, by source, group and band of match weight.
SELECT source, characteristic, category, $band AS band, sum(records)::BIGINT AS pairs
FROM ($grouped) AS grouped
WHERE unnumbered AND match_weight IS NOT NULL
GROUP BY ALL
