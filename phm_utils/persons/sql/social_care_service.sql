-- Adult social care services of people in follow-up, with their cost per week: as recorded, else the
-- national price. Services for carers support the carer and are not care received.
SELECT
    identity.person_no,
    asc_event.service_type,
    asc_event.event_start,
    least(coalesce(asc_event.event_end, $index_date), $index_date) AS last_day,
    asc_event.event_end IS NULL OR asc_event.event_end >= $index_date AS is_open,
    coalesce(
        asc_event.unit_cost_pence,
        CASE asc_event.service_type
            WHEN 'Long Term Support: Nursing' THEN $pence_social_care_nursing_week
            WHEN 'Long Term Support: Residential' THEN $pence_social_care_residential_week
            WHEN 'Long Term Support: Community' THEN $pence_social_care_community_week
            ELSE $pence_social_care_short_week
        END
    ) AS pence_per_week
FROM asc_event
INNER JOIN identity
    ON identity.source = 'asc_event'
    AND identity.token_person_id = asc_event.token_person_id
    AND identity.sex IS NOT DISTINCT FROM asc_event.sex
    AND identity.birth_month IS NOT DISTINCT FROM asc_event.birth_month
WHERE
    asc_event.event_type = 'Service'
    AND coalesce(asc_event.client_type, 'Service User') = 'Service User'
    AND coalesce(asc_event.service_type, '') <> 'Carer Support'
    AND asc_event.event_start <= $index_date
    -- A service whose end could not be read ended on an unknown day.
    AND NOT contains(coalesce(asc_event.nulled_fields, ''), 'event_end:')
