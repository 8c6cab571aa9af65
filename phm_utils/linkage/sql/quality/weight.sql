-- Best candidate pairs: for each identity not linked by a deterministic rule, the best person, by
-- match weight rounded down and decision. Identities without a candidate are left out.
SELECT identity.source, floor(candidate.match_weight)::INTEGER AS band, candidate.decision, count(*) AS pairs
FROM candidate
INNER JOIN identity ON identity.identity_id = candidate.identity_id
WHERE candidate.place_in_order = 1 AND NOT candidate.probe
GROUP BY ALL
