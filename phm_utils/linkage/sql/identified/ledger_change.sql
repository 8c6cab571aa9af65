-- Roots of the ledger whose evidence now belongs to other roots: old_root, new_root, why.
-- merged: no person keeps old_root; all its evidence seen, the strongest included, is now new_root's.
-- divided: part of its evidence is now new_root's; the rest is still old_root's, or was not seen, or is
--    of others. new_root does not replace it.
-- shared: several people now claim all its evidence seen; new_root is null.
WITH moved AS (
    SELECT conflicts.root AS old_root, person_root.root AS new_root, min(conflicts.rank) AS rank
    FROM ledger_conflict AS conflicts
    INNER JOIN ledger_root AS person_root ON person_root.cluster = conflicts.cluster
    WHERE person_root.root <> conflicts.root
    GROUP BY conflicts.root, person_root.root
),
fully_moved AS (
    SELECT old_root
    FROM moved
    WHERE old_root NOT IN (SELECT person_root.root FROM ledger_root AS person_root)
    GROUP BY old_root
    HAVING count(*) = 1
),
strongest AS (
    SELECT earlier.root AS old_root, min(earlier.rank) AS rank
    FROM ledger_before AS earlier
    WHERE earlier.rank > 0 AND earlier.root IN (SELECT fully_moved.old_root FROM fully_moved)
    GROUP BY earlier.root
)
SELECT
    moved.old_root,
    moved.new_root,
    CASE WHEN strongest.rank = moved.rank THEN 'merged' ELSE 'divided' END AS why
FROM moved
LEFT JOIN strongest ON strongest.old_root = moved.old_root
UNION ALL
SELECT DISTINCT earlier.root AS old_root, NULL AS new_root, 'shared' AS why
FROM ledger_claim AS claim
INNER JOIN ledger_before AS earlier ON earlier.evidence = claim.evidence
WHERE claim.cluster IS NULL
    AND earlier.root IS NOT NULL
    AND earlier.root NOT IN (SELECT pair.root FROM ledger_pair AS pair)
