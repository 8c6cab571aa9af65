-- Households on the index date, by the addresses of the GP practices: one row per household.
-- 11 people or more are a communal household; if more than half of them are 75 or over, it is
-- probably a care home. areas: small areas that its people live in; fewer than 11 people in several are strangers who
-- share a key.
SELECT
    household_token,
    CAST(count(*) AS INTEGER) AS people,
    count(*) >= 11 AND 2 * count(CASE WHEN age >= 75 THEN 1 END) > count(*) AS probable_care_home,
    CAST(count(DISTINCT lsoa) AS INTEGER) AS areas
FROM registered
WHERE is_current AND household_token IS NOT NULL
GROUP BY household_token
