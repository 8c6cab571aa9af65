-- People of the ledger who are no longer, or no longer only, who they were: old_root, new_root, why.
-- merged: nobody carries old_root on; all of it that was seen, the strongest it had included, is new_root.
-- divided: part of what was old_root is now new_root; the rest is old_root still, or was not seen, or is
--    others'. No replacement can be made of it.
-- shared: several people now claim all that was seen of old_root, so nobody is it; new_root is null.
WITH moved AS (
    SELECT rival.root AS old_root, now.root AS new_root, min(rival.rank) AS rank
    FROM ledger_rival AS rival
    INNER JOIN ledger_root AS now ON now.cluster = rival.cluster
    WHERE now.root <> rival.root
    GROUP BY rival.root, now.root
),
whole AS (
    SELECT old_root
    FROM moved
    WHERE old_root NOT IN (SELECT now.root FROM ledger_root AS now)
    GROUP BY old_root
    HAVING count(*) = 1
),
strongest AS (
    SELECT held.root AS old_root, min(held.rank) AS rank
    FROM ledger_before AS held
    WHERE held.rank > 0 AND held.root IN (SELECT whole.old_root FROM whole)
    GROUP BY held.root
)
SELECT
    moved.old_root,
    moved.new_root,
    CASE WHEN strongest.rank = moved.rank THEN 'merged' ELSE 'divided' END AS why
FROM moved
LEFT JOIN strongest ON strongest.old_root = moved.old_root
UNION ALL
SELECT DISTINCT held.root AS old_root, NULL AS new_root, 'shared' AS why
FROM ledger_claim AS claim
INNER JOIN ledger_before AS held ON held.evidence = claim.evidence
WHERE claim.cluster IS NULL
    AND held.root IS NOT NULL
    AND held.root NOT IN (SELECT pair.root FROM ledger_pair AS pair)
