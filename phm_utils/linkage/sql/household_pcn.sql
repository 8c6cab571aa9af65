-- The people registered now with each network, by the kind of household that they live in.
SELECT
    resident.pcn_code,
    CASE
        WHEN resident.household_token IS NULL THEN 'Address not known'
        WHEN household.probable_care_home THEN 'Probable care home'
        WHEN household.communal THEN 'Other communal (11 or more)'
        WHEN household.people >= 6 THEN '6 to 10 people'
        WHEN household.people >= 3 THEN '3 to 5 people'
        WHEN household.people = 2 THEN '2 people'
        ELSE 'Alone'
    END AS kind,
    count(*) AS people,
    count(DISTINCT resident.household_token) AS households
FROM resident
LEFT JOIN household ON household.household_token = resident.household_token
GROUP BY ALL
