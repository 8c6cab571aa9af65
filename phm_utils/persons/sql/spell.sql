-- Hospital spells: one row per spell. A spell is an emergency if its first episode is.
-- The first episode has the lowest epiorder, else the earliest start. The method of admission
-- belongs to the spell: where the first episode lacks it, the next one is used. Discharge is the
-- latest; without one, the end of the last episode so far. Later days are cut at the index date.
WITH cut_episode AS (
    SELECT
        person_no, spell, epiorder, epistart, epikey, admidate, admimeth,
        CASE WHEN disdate IS NOT NULL THEN least(disdate, $index_date) END AS disdate,
        CASE WHEN epiend IS NOT NULL THEN least(epiend, $index_date) END AS epiend
    FROM episode
),
ordered AS (
    SELECT
        cut_episode.*,
        row_number() OVER (
            PARTITION BY person_no, spell
            ORDER BY CASE WHEN admimeth IS NULL THEN 1 ELSE 0 END, epiorder NULLS LAST, epistart, epikey
        ) AS place
    FROM cut_episode
),
stay AS (
    SELECT
        person_no,
        spell,
        coalesce(min(admidate), min(epistart)) AS day,
        greatest(
            coalesce(max(disdate), max(epiend), max(epistart)), coalesce(min(admidate), min(epistart))
        ) AS discharged,
        coalesce(max(admimeth) FILTER (WHERE place = 1) IN ($emergency_admimeth), false) AS emergency
    FROM ordered
    GROUP BY person_no, spell
)
SELECT
    stay.*,
    -- Short is under two days.
    CASE
        WHEN NOT emergency THEN $pence_other_spell
        WHEN date_diff('day', day, discharged) < 2 THEN $pence_emergency_spell_short
        ELSE $pence_emergency_spell_long
    END AS pence
FROM stay
