-- The ledger after this run: all evidence, old or new, with the root of the person who claims it now (null
-- where several do; new evidence of that kind is not entered), replaced roots followed; then new roots.
WITH followed AS (
    SELECT
        coalesce(earlier.evidence, claim.evidence) AS evidence,
        coalesce(earlier.rank, claim.rank) AS rank,
        earlier.root AS root_before,
        CASE
            WHEN claim.evidence IS NULL THEN coalesce(replaced.new_root, earlier.root)
            ELSE person_root.root
        END AS root,
        earlier.first_run,
        earlier.since_run
    FROM ledger_before AS earlier
    FULL JOIN ledger_claim AS claim ON claim.evidence = earlier.evidence
    LEFT JOIN ledger_root AS person_root ON person_root.cluster = claim.cluster
    LEFT JOIN ledger_change AS replaced ON replaced.old_root = earlier.root AND replaced.why = 'merged'
    WHERE earlier.evidence IS NOT NULL OR claim.cluster IS NOT NULL
)
SELECT
    evidence,
    rank,
    root,
    coalesce(first_run, $run) AS first_run,
    CASE WHEN root IS DISTINCT FROM root_before THEN $run ELSE since_run END AS since_run
FROM followed
UNION ALL
SELECT root AS evidence, 0 AS rank, root, $run AS first_run, $run AS since_run
FROM ledger_new_root
