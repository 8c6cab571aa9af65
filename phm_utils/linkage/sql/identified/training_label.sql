-- Pairs labelled as matches: an identity and a registration with the same NHS number that agree
-- on two or more of forename, surname, date of birth and home. The deterministic rules would bias m:
-- they almost require the date of birth, so m of a different date would be estimated as 0.
SELECT other.identity_id AS other_id, min(gp.identity_id) AS gp_id, other.nhs AS label
FROM other_person AS other
INNER JOIN gp_person AS gp ON gp.person_nhs = other.nhs
WHERE (
    coalesce(other.root = gp.root OR jaro_winkler_similarity(other.given, gp.given) >= 0.8, false)::INT
    + coalesce(jaro_winkler_similarity(other.family, gp.family) >= 0.8, false)::INT
    + (coalesce(
        (year(other.born) = year(gp.born))::INT
        + (month(other.born) = month(gp.born))::INT
        + (day(other.born) = day(gp.born))::INT, 0) >= 2)::INT
    + (coalesce(other.place = gp.place, false) OR coalesce(other.address = gp.address, false))::INT
) >= 2
GROUP BY other.identity_id, other.nhs, other.source, other.first_id
ORDER BY md5(other.source || '|' || other.first_id), other_id
LIMIT $most
