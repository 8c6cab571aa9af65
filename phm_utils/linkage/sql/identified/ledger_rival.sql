-- People of this run and of the ledger who are not simply one to one: one row per person and root known
-- of that person, with the pair's turn. First turn: the strongest evidence; then the root first given
-- earliest, then the evidence longest at that root, then the smaller hash. No two pairs have one turn.
WITH pair AS (
    SELECT cluster, root FROM ledger_known GROUP BY cluster, root
),
torn AS (
    SELECT cluster FROM pair GROUP BY cluster HAVING count(*) > 1
),
wanted AS (
    SELECT root FROM pair GROUP BY root HAVING count(*) > 1
),
ranked AS (
    SELECT
        known.cluster,
        known.root,
        row_number() OVER (ORDER BY known.rank, given.first_run, known.since_run, known.evidence) AS turn
    FROM ledger_known AS known
    INNER JOIN ledger_before AS given ON given.rank = 0 AND given.evidence = known.root
    WHERE known.cluster IN (SELECT torn.cluster FROM torn) OR known.root IN (SELECT wanted.root FROM wanted)
)
SELECT cluster, root, min(turn) AS turn
FROM ranked
GROUP BY cluster, root
