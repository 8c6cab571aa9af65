-- Hospital episodes of people in follow-up, each with the spell that it belongs to.
-- Episodes are one spell where they share spell_id; without one, where they share the day of
-- admission and the provider.
SELECT
    identity.person_no,
    coalesce(
        'spell ' || apc_episode.spell_id,
        'day ' || CAST(coalesce(apc_episode.admidate, apc_episode.epistart) AS VARCHAR)
        || ' at ' || coalesce(apc_episode.procode, '?')
    ) AS spell,
    apc_episode.*
FROM apc_episode
INNER JOIN identity
    ON identity.source = 'apc_episode'
    AND identity.token_person_id = apc_episode.token_person_id
    AND identity.sex IS NOT DISTINCT FROM apc_episode.sex
    AND identity.birth_month IS NOT DISTINCT FROM apc_episode.birth_month
WHERE apc_episode.epistart <= $index_date
