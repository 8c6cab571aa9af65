-- Emergency hospital spells: one row per spell whose first episode was admitted as an emergency.
-- Episodes are one spell where they share spell_id; without one, where they share the day of
-- admission and the provider. The first episode is that of the lowest epiorder, else the earliest.
-- The method of admission belongs to the spell: where the first episode lacks it, the next has it.
-- Discharge is the latest known; without one, the end of the last episode so far.
WITH episode AS (
    SELECT
        identity.person_no,
        coalesce(
            'spell ' || apc_episode.spell_id,
            'day ' || coalesce(apc_episode.admidate, apc_episode.epistart) || ' at ' || coalesce(apc_episode.procode, '?')
        ) AS spell,
        apc_episode.*
    FROM apc_episode
    INNER JOIN identity
        ON identity.source = 'apc_episode'
        AND identity.token_person_id = apc_episode.token_person_id
        AND identity.sex IS NOT DISTINCT FROM apc_episode.sex
        AND identity.birth_month IS NOT DISTINCT FROM apc_episode.birth_month
    WHERE apc_episode.epistart <= $index_date
),
ordered AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY person_no, spell ORDER BY admimeth IS NULL, epiorder NULLS LAST, epistart, epikey
        ) AS place
    FROM episode
)
SELECT
    person_no,
    coalesce(min(admidate), min(epistart)) AS day,
    greatest(coalesce(max(disdate), max(epiend), max(epistart)), coalesce(min(admidate), min(epistart))) AS discharged
FROM ordered
GROUP BY person_no, spell
HAVING max(admimeth) FILTER (WHERE place = 1) IN ($emergency_admimeth)
