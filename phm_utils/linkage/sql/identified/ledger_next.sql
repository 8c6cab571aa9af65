-- The ledger after this run: all evidence, held or new, at the root of whoever claims it now (nobody's
-- where several do; new evidence of that kind is not entered), replaced roots followed; then new roots.
WITH followed AS (
    SELECT
        coalesce(held.evidence, claim.evidence) AS evidence,
        coalesce(held.rank, claim.rank) AS rank,
        held.root AS root_before,
        CASE
            WHEN claim.evidence IS NULL THEN coalesce(replaced.new_root, held.root)
            ELSE now.root
        END AS root,
        held.first_run,
        held.since_run
    FROM ledger_before AS held
    FULL JOIN ledger_claim AS claim ON claim.evidence = held.evidence
    LEFT JOIN ledger_root AS now ON now.cluster = claim.cluster
    LEFT JOIN ledger_change AS replaced ON replaced.old_root = held.root AND replaced.why = 'merged'
    WHERE held.evidence IS NOT NULL OR claim.cluster IS NOT NULL
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
FROM ledger_fresh
