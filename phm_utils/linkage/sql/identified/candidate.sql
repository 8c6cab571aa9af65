-- For each identity that the deterministic rules left open, its best person of the spine, and the decision.
-- A pair is contrary where a comparison that may not differ does ($contrary_words), births by births.py; where both have
-- different valid NHS numbers; where too little can be compared (vetoes.py); and where
-- an identity without a forename is of the other sex, or is on the spine too (a twin). Contrary pairs come
-- last, whatever their weight.
-- A pair is unclear (vetoes.py) where a reviewer must decide, whatever its weight.
-- A pair that a reviewer judged to be one person is linked, one judged to be two is contrary.
-- margin: bits over the next best of all other persons; null where there is none. Tie: smaller identity.
WITH pair AS (
    SELECT
        scored.right_id AS identity_id,
        gp_person.person,
        scored.left_id AS gp_identity_id,
        scored.* EXCLUDE (left_id, right_id),
        $contrary
            OR ($numbers_must_agree AND coalesce(open_side.own_nhs <> gp_person.person_nhs, false))
            OR $too_little
            OR ($given_missing AND $sex_differs)
            OR (open_side.registered AND ($born_not_close OR $given_missing))
            OR coalesce(verdict.verdict = 'no', false) AS contrary,
        $unclear AS unclear,
        coalesce(verdict.verdict = 'yes', false) AND NOT open_side.probe AS confirmed,
        open_side.probe
    FROM scored
    INNER JOIN gp_person ON gp_person.identity_id = scored.left_id
    INNER JOIN spine_side AS gp_side ON gp_side.identity_id = scored.left_id
    INNER JOIN open_side ON open_side.identity_id = scored.right_id
    LEFT JOIN verdict ON verdict.identity_id = scored.right_id AND verdict.person = gp_person.person
    -- a registration without a number may only join a person who has one, of very nearly the same birth date
    WHERE NOT open_side.registered OR (gp_person.person_nhs IS NOT NULL AND gp_person.person <> open_side.person)
),
best_of_person AS (
    SELECT * EXCLUDE (turn) FROM (
        SELECT
            *,
            row_number() OVER (
                PARTITION BY identity_id, person ORDER BY confirmed DESC, contrary, match_weight DESC, gp_identity_id
            ) AS turn
        FROM pair
    ) AS ranked
    WHERE turn = 1
),
ranked AS (
    SELECT
        *,
        row_number() OVER persons AS place_in_order,
        max(match_weight) OVER (PARTITION BY identity_id) AS top_weight,
        nth_value(match_weight, 2) OVER (
            PARTITION BY identity_id ORDER BY match_weight DESC, gp_identity_id
            ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
        ) AS second_weight
    FROM best_of_person
    WINDOW persons AS (
        PARTITION BY identity_id ORDER BY confirmed DESC, contrary, match_weight DESC, gp_identity_id
    )
),
measured AS (
    SELECT
        * EXCLUDE (top_weight, second_weight),
        round(match_weight - CASE WHEN match_weight = top_weight THEN second_weight ELSE top_weight END, 6) AS margin
    FROM ranked
)
SELECT
    *,
    CASE
        WHEN place_in_order > 1 THEN 'not the best'
        WHEN confirmed THEN 'linked'
        WHEN contrary THEN CASE WHEN match_weight >= $accept THEN 'contrary' ELSE 'too weak' END
        WHEN match_weight < $review THEN 'too weak'
        WHEN match_weight < $accept OR unclear THEN 'review'
        WHEN margin < $margin THEN 'too close'
        ELSE 'linked'
    END AS decision
FROM measured
