-- Adult social care by person: what is open on the index date (of several, the most intensive), and
-- the cost of the days inside the window: the cost of the service up to the window's end, less its
-- cost before the window's start, each in whole pence, so that months add up to years.
SELECT
    person_no,
    bool_or(is_open) AS is_open,
    CASE
        WHEN bool_or(is_open AND coalesce(service_type = 'Long Term Support: Nursing', false)) THEN 'Nursing'
        WHEN bool_or(is_open AND coalesce(service_type = 'Long Term Support: Residential', false)) THEN 'Residential'
        WHEN bool_or(is_open AND coalesce(service_type = 'Long Term Support: Community', false)) THEN 'Community'
        WHEN bool_or(is_open) THEN 'Short term'
        ELSE 'None'
    END AS setting,
    CAST(
        sum(
            CASE
                WHEN least(last_day, $to_date) >= greatest(event_start, $from_date)
                    THEN (date_diff('day', event_start, least(last_day, $to_date)) + 1) * pence_per_week // 7
                        - date_diff('day', event_start, greatest(event_start, $from_date)) * pence_per_week // 7
                ELSE 0
            END
        ) AS BIGINT
    ) AS pence_12m
FROM social_care_service
GROUP BY person_no
