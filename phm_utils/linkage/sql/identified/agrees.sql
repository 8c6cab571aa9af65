-- True where identities a and b, which have one NHS number, are also alike: any of five ways.
(
    -- the same date of birth, and one name alike
    coalesce(a.born = b.born, false)
    AND (
        coalesce(jaro_winkler_similarity(a.given, b.given) >= 0.8, false)
        OR coalesce(a.root = b.root, false)
        OR coalesce(jaro_winkler_similarity(a.family, b.family) >= 0.8, false)
    )
)
OR (
    -- two of the three parts of the date of birth, and both names alike, or swapped
    coalesce(
        (year(a.born) = year(b.born))::INT + (month(a.born) = month(b.born))::INT + (day(a.born) = day(b.born))::INT, 0
    ) >= 2
    AND (
        coalesce(
            (jaro_winkler_similarity(a.given, b.given) >= 0.85 OR a.root = b.root)
            AND jaro_winkler_similarity(a.family, b.family) >= 0.85,
            false
        )
        OR coalesce(
            jaro_winkler_similarity(a.given, b.family) >= 0.85 AND jaro_winkler_similarity(a.family, b.given) >= 0.85,
            false
        )
    )
)
OR (
    -- one address, both names nearly equal, and one part of the date of birth
    (coalesce(a.place = b.place, false) OR coalesce(a.address = b.address, false))
    AND coalesce(jaro_winkler_similarity(a.given, b.given) >= 0.9 OR a.root = b.root, false)
    AND coalesce(jaro_winkler_similarity(a.family, b.family) >= 0.9, false)
    AND coalesce(year(a.born) = year(b.born) OR month(a.born) = month(b.born) OR day(a.born) = day(b.born), false)
)
OR (
    -- no date of birth on one side: both names nearly equal, and the same sex where it is known
    (a.born IS NULL OR b.born IS NULL)
    AND coalesce(jaro_winkler_similarity(a.given, b.given) >= 0.9 OR a.root = b.root, false)
    AND coalesce(jaro_winkler_similarity(a.family, b.family) >= 0.9, false)
    AND coalesce(a.known_sex = b.known_sex, true)
)
OR (
    -- a newborn who is not named yet, and may have the mother's surname and former address: the same date of birth
    (a.given IS NULL OR b.given IS NULL)
    AND coalesce(a.born = b.born, false)
    AND coalesce(a.known_sex = b.known_sex, true)
)
