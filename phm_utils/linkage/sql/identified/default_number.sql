-- Numbers that stand for a missing one: by source, those as written that $least people or more have, or that three or
-- more have and nobody another. People are told apart by surname and, where dates of birth are given, by these too.
WITH shared AS (
    SELECT source, nhs_number, count(*) AS records
    FROM record
    WHERE nhs_number IS NOT NULL
    GROUP BY source, nhs_number
    HAVING count(*) >= 3 AND min(upper(surname)) <> max(upper(surname))
        AND (count(date_of_birth) = 0 OR min(date_of_birth) <> max(date_of_birth))
),
numbered AS (
    SELECT source, count(nhs_number) AS records FROM record GROUP BY source
),
counted AS (
    SELECT
        shared.source,
        shared.nhs_number,
        shared.records,
        CASE
            WHEN count(record.date_of_birth) = 0 THEN count(DISTINCT upper(record.surname))
            ELSE least(count(DISTINCT upper(record.surname)), count(DISTINCT record.date_of_birth))
        END AS people
    FROM shared
    INNER JOIN record ON record.source = shared.source AND record.nhs_number = shared.nhs_number
    GROUP BY shared.source, shared.nhs_number, shared.records
)
SELECT counted.source, counted.nhs_number, counted.records
FROM counted
INNER JOIN numbered ON numbered.source = counted.source
WHERE counted.people >= $least OR (counted.people >= 3 AND counted.records = numbered.records)
