-- People of this run and of the ledger who are not simply one to one: one row per evidence by which one
-- is known, with the turn of its pair of person (cluster) and root. First turn: the strongest evidence;
-- then the root first given earliest, then the evidence longest at that root, then the smaller hash.
WITH torn AS (
    SELECT cluster FROM ledger_pair GROUP BY cluster HAVING count(*) > 1
),
wanted AS (
    SELECT root FROM ledger_pair GROUP BY root HAVING count(*) > 1
),
entangled AS (
    SELECT cluster, root
    FROM ledger_pair
    WHERE cluster IN (SELECT torn.cluster FROM torn) OR root IN (SELECT wanted.root FROM wanted)
),
known AS (
    SELECT claim.cluster, held.root, held.rank, held.since_run, held.evidence
    FROM ledger_claim AS claim
    INNER JOIN ledger_before AS held ON held.evidence = claim.evidence AND held.rank > 0
    INNER JOIN entangled ON entangled.cluster = claim.cluster AND entangled.root = held.root
)
SELECT
    known.cluster,
    known.root,
    known.rank,
    row_number() OVER (ORDER BY known.rank, given.first_run, known.since_run, known.evidence) AS turn
FROM known
INNER JOIN ledger_before AS given ON given.rank = 0 AND given.evidence = known.root
