-- How alike the best candidates were: of each identity that no rule settled, the best person, by
-- match weight rounded down and by what was decided. Those without any candidate are not here.
SELECT identity.source, floor(candidate.match_weight)::INTEGER AS band, candidate.decision, count(*) AS pairs
FROM candidate
INNER JOIN identity ON identity.identity_id = candidate.identity_id
WHERE candidate.place_in_order = 1 AND NOT candidate.probe
GROUP BY ALL
