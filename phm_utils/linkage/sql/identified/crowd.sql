-- Addresses that many people share: `kind` (the column that states it) and `place` (its value there).
-- address, address_line: $communal people or more of one source, told apart by name and birth date.
-- place: a postcode of $crowd people or more of all sources who have no property, or a communal one; those with a
-- property of their own are told apart by it.
WITH communal AS (
    SELECT DISTINCT address
    FROM identity
    WHERE address IS NOT NULL
    GROUP BY source, address
    HAVING count(*) >= $communal
        AND count(DISTINCT concat_ws('|', coalesce(root, ''), coalesce(family, ''), coalesce(born::VARCHAR, ''))) >= $communal
),
communal_line AS (
    SELECT DISTINCT address_line
    FROM identity
    WHERE address_line IS NOT NULL
    GROUP BY source, address_line
    HAVING count(*) >= $communal
        AND count(DISTINCT concat_ws('|', coalesce(root, ''), coalesce(family, ''), coalesce(born::VARCHAR, ''))) >= $communal
)
SELECT 'address' AS kind, address AS place FROM communal
UNION ALL
SELECT 'address_line' AS kind, address_line AS place FROM communal_line
UNION ALL
SELECT 'place' AS kind, place
FROM identity
WHERE place IS NOT NULL AND (address IS NULL OR address IN (SELECT communal.address FROM communal))
GROUP BY place
HAVING count(*) >= $crowd
    AND count(DISTINCT concat_ws('|', coalesce(root, ''), coalesce(family, ''), coalesce(born::VARCHAR, ''))) >= $crowd
