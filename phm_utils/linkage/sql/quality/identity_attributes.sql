-- Each identity of the other sources: how it was linked, and its characteristics. Ages are
-- completed years at the extract's end, from the month of birth. The no fixed abode of a source
-- is known where it uses the postcode ZZ99 3VZ. set_aside: strong evidence for a person was not
-- followed because the two have different valid NHS numbers; names and birth date do not contradict
-- it, so one of the numbers is probably wrong and the link missed. undecided: evidence for a
-- person that was not enough, or not clear enough, or contradicted. doubt: the chance, in thousand millionths, that
-- a link is false by its match weight; whole numbers, so that sums do not depend on order.
WITH extract_end AS (
    SELECT quantile_disc(registered_from, 0.999) AS last_day FROM gp_registration
),
other_identity AS (
    SELECT
        identity.*,
        coalesce($postcode_form = '$no_fixed_abode', false) AS has_zz99
    FROM identity
    WHERE source <> 'gp_registration'
),
best AS (
    SELECT
        identity_id,
        person,
        decision = 'contrary' AND NOT ($differs) AS set_aside,
        decision IN ('review', 'too close') OR (decision = 'contrary' AND ($differs)) AS undecided
    FROM candidate
    WHERE place_in_order = 1 AND NOT probe
)
SELECT
    other_identity.identity_id,
    other_identity.source,
    other_identity.records,
    person_of.person,
    person_of.method,
    person_of.match_weight,
    person_of.method IN ($linked) AS linked,
    person_of.method IN ($unnumbered) AS unnumbered,
    round(1e9 / (1 + pow(2, person_of.match_weight)))::BIGINT AS doubt,
    coalesce(best.set_aside, false) AND person_of.method NOT IN ($linked) AS set_aside,
    coalesce(best.undecided, false) AND person_of.method NOT IN ($linked) AS undecided,
    person_of.method IN ($linked) OR coalesce(best.set_aside, false) AS known_person,
    known_ethnicity.ethnicity,
    date_diff('month', other_identity.born, extract_end.last_day) // 12 AS age,
    other_identity.known_sex AS sex,
    place_area.lsoa,
    area.imd_decile,
    CASE WHEN bool_or(other_identity.has_zz99) OVER (PARTITION BY other_identity.source) THEN other_identity.has_zz99 END AS no_fixed_abode
FROM other_identity
CROSS JOIN extract_end
INNER JOIN person_of ON person_of.identity_id = other_identity.identity_id
LEFT JOIN best ON best.identity_id = other_identity.identity_id
LEFT JOIN known_ethnicity
    ON
        known_ethnicity.person
        = CASE WHEN person_of.method IN ($linked) THEN person_of.person WHEN best.set_aside THEN best.person END
LEFT JOIN ($place_area) AS place_area ON place_area.place = other_identity.place
LEFT JOIN $area AS area ON area.lsoa = place_area.lsoa
