-- Pairs for clerical review: up to $per_band of each band of match weight, chosen and put in order
-- by a hash that the seed changes, so that neither their choice nor their order shows their weight.
-- decision: 'unclear' for pairs that no weight would link: their verdicts say nothing about a threshold.
-- first_id and gp_first_id name the two sides within their sources, whatever order records come in.
WITH pair AS (
    SELECT
        record.source,
        record.first_id,
        gp.first_id AS gp_first_id,
        candidate.match_weight,
        $decision AS decision,
        $band AS band,
        $record_fields,
        $gp_fields,
        md5('$seed|' || record.source || '|' || record.first_id || '|' || gp.first_id) AS draw
    FROM candidate
    INNER JOIN identity AS record ON record.identity_id = candidate.identity_id
    INNER JOIN identity AS gp ON gp.identity_id = candidate.gp_identity_id
    WHERE candidate.place_in_order = 1 AND NOT candidate.probe
)
SELECT *
FROM pair
QUALIFY row_number() OVER (PARTITION BY band ORDER BY draw) <= $per_band
ORDER BY draw
