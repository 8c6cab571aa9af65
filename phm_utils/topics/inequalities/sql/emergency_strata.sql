-- The period's people in strata: days registered, admissions, and the sum of each person's
-- admissions squared, which is what repeat admissions add to the variance. People whose age is not
-- known are counted, in a band of their own that no standard has.
SELECT
    $keys,
    $age_band AS age_band,
    count(*) AS people,
    sum(days)::BIGINT AS days,
    sum(admissions)::BIGINT AS admissions,
    sum(admissions * admissions)::BIGINT AS admissions_squared,
    count(*) FILTER (WHERE admissions > 0) AS people_admitted,
    count(*) FILTER (WHERE died) AS died
FROM emergency_person
WHERE days > 0
GROUP BY ALL
ORDER BY ALL
