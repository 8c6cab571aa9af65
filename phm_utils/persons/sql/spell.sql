-- Hospital spells: one row per spell. An emergency is one whose first episode was admitted as such.
-- The first episode is that of the lowest epiorder, else the earliest. The method of admission
-- belongs to the spell: where the first episode lacks it, the next has it. Discharge is the latest;
-- without one, the end of the last episode so far. What ends after the index date is cut there.
WITH known AS (
    SELECT
        person_no, spell, epiorder, epistart, epikey, admidate, admimeth,
        CASE WHEN disdate IS NOT NULL THEN least(disdate, $index_date) END AS disdate,
        CASE WHEN epiend IS NOT NULL THEN least(epiend, $index_date) END AS epiend
    FROM episode
),
ordered AS (
    SELECT
        known.*,
        row_number() OVER (
            PARTITION BY person_no, spell
            ORDER BY CASE WHEN admimeth IS NULL THEN 1 ELSE 0 END, epiorder NULLS LAST, epistart, epikey
        ) AS place
    FROM known
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
