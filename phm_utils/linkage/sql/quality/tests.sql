-- The linkage's test on itself, by source and group: identities whose person is known from their
-- NHS number, linked again with the number hidden. wrong: to another person; lost: to nobody.
SELECT
    source,
    characteristic,
    category,
    count(*) AS tested,
    count(*) FILTER (WHERE found_person <> true_person) AS wrong,
    count(*) FILTER (WHERE found_person IS NULL) AS lost
FROM ($grouped) AS grouped
GROUP BY source, characteristic, category
