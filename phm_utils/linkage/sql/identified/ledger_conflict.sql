-- People of this run and roots of the ledger that are not one to one: one row per evidence of a pair
-- of person (cluster) and root, with its turn. First turn: the strongest evidence;
-- then the root first given earliest, then the evidence longest at that root, then the smaller hash.
WITH several_roots AS (
    SELECT cluster FROM ledger_pair GROUP BY cluster HAVING count(*) > 1
),
several_people AS (
    SELECT root FROM ledger_pair GROUP BY root HAVING count(*) > 1
),
conflicting AS (
    SELECT cluster, root
    FROM ledger_pair
    WHERE cluster IN (SELECT several_roots.cluster FROM several_roots) OR root IN (SELECT several_people.root FROM several_people)
),
known AS (
    SELECT claim.cluster, earlier.root, earlier.rank, earlier.since_run, earlier.evidence
    FROM ledger_claim AS claim
    INNER JOIN ledger_before AS earlier ON earlier.evidence = claim.evidence AND earlier.rank > 0
    INNER JOIN conflicting ON conflicting.cluster = claim.cluster AND conflicting.root = earlier.root
)
SELECT
    known.cluster,
    known.root,
    known.rank,
    row_number() OVER (ORDER BY known.rank, given.first_run, known.since_run, known.evidence) AS turn
FROM known
INNER JOIN ledger_before AS given ON given.rank = 0 AND given.evidence = known.root
