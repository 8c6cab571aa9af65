-- Each probe and the person it links to without its NHS number.
SELECT
    probe_sample.identity_id,
    probe_sample.source,
    probe_sample.records,
    probe_sample.true_person,
    coalesce(probe_sample.described_person, linked.person) AS found_person,
    CASE
        WHEN probe_sample.described_person IS NOT NULL THEN 'same description'
        WHEN linked.person IS NOT NULL THEN 'probabilistic'
        ELSE 'identity of its own'
    END AS method,
    linked.match_weight
FROM probe_sample
LEFT JOIN candidate AS linked
    ON linked.identity_id = probe_sample.identity_id AND linked.probe AND linked.decision = 'linked'
ORDER BY probe_sample.identity_id
