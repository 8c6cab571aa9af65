-- The ledger after this run: what it held, with evidence moved to whoever claims it now (to nobody where
-- several do) and replaced roots followed; then evidence and roots that are new.
WITH followed AS (
    SELECT
        held.*,
        CASE
            WHEN claim.evidence IS NULL THEN coalesce(replaced.new_root, held.root)
            ELSE now.root
        END AS root_now
    FROM ledger_before AS held
    LEFT JOIN ledger_claim AS claim ON claim.evidence = held.evidence
    LEFT JOIN ledger_root AS now ON now.cluster = claim.cluster
    LEFT JOIN ledger_change AS replaced ON replaced.old_root = held.root AND replaced.why = 'merged'
)
SELECT
    evidence,
    rank,
    root_now AS root,
    first_run,
    CASE WHEN root_now IS DISTINCT FROM root THEN {run} ELSE since_run END AS since_run
FROM followed
UNION ALL
SELECT claim.evidence, claim.rank, now.root, {run} AS first_run, {run} AS since_run
FROM ledger_claim AS claim
INNER JOIN ledger_root AS now ON now.cluster = claim.cluster
WHERE claim.evidence NOT IN (SELECT held.evidence FROM ledger_before AS held)
UNION ALL
SELECT root AS evidence, 0 AS rank, root, {run} AS first_run, {run} AS since_run
FROM ledger_fresh
