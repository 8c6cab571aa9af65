-- Cost of adult social care by person and month: the days of each service in the month, computed as in
-- social_care, so that months add up to years.
SELECT
    social_care_service.person_no,
    calendar.month,
    CAST(
        sum(
            (
                date_diff(
                    'day',
                    social_care_service.event_start,
                    least(social_care_service.last_day, calendar.month_end)
                ) + 1
            ) * social_care_service.pence_per_week // 7
            - date_diff(
                'day',
                social_care_service.event_start,
                greatest(social_care_service.event_start, calendar.month)
            ) * social_care_service.pence_per_week // 7
        ) AS BIGINT
    ) AS pence
FROM social_care_service
CROSS JOIN calendar
WHERE
    social_care_service.event_start <= calendar.month_end
    AND social_care_service.last_day >= calendar.month
    AND social_care_service.last_day >= social_care_service.event_start
GROUP BY social_care_service.person_no, calendar.month
