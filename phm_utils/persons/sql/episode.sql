-- Hospital episodes of people in follow-up, each with the spell that it belongs to.
-- Episodes are one spell where they share spell_id and provider; without a spell_id, where they share
-- the day of admission and the provider. Providers number their spells for themselves.
SELECT
    identity.person_no,
    coalesce(
        'spell ' || apc_episode.spell_id,
        'day ' || CAST(coalesce(apc_episode.admidate, apc_episode.epistart) AS VARCHAR)
    ) || ' at ' || coalesce(apc_episode.procode, '?') AS spell,
    apc_episode.epikey, apc_episode.epiorder, apc_episode.epistart, apc_episode.epiend,
    apc_episode.admidate, apc_episode.disdate, apc_episode.admimeth,
    apc_episode.diag_01, apc_episode.diag_02, apc_episode.diag_03, apc_episode.diag_04, apc_episode.diag_05,
    apc_episode.diag_06, apc_episode.diag_07, apc_episode.diag_08, apc_episode.diag_09, apc_episode.diag_10,
    apc_episode.diag_11, apc_episode.diag_12, apc_episode.diag_13, apc_episode.diag_14, apc_episode.diag_15,
    apc_episode.diag_16, apc_episode.diag_17, apc_episode.diag_18, apc_episode.diag_19, apc_episode.diag_20
FROM apc_episode
INNER JOIN identity
    ON identity.source = 'apc_episode'
    AND identity.token_person_id = apc_episode.token_person_id
    AND identity.sex IS NOT DISTINCT FROM apc_episode.sex
    AND identity.birth_month IS NOT DISTINCT FROM apc_episode.birth_month
WHERE apc_episode.epistart <= $index_date
