-- People with an adult social care service open on the index date. Services for carers are the
-- carer's own support, not care received: not counted.
SELECT DISTINCT identity.person_no
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
    AND coalesce(asc_event.event_end, $index_date) >= $index_date
