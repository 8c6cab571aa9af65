-- Households: the people at one address (by the pseudonym of its UPRN) whose current GP
-- registration gives it, who have not left their practice and whose death is not recorded.
-- Nobody is joined to anybody through an address. 11 people or more is communal; communal with a
-- median age of 75 or more is a probable care home. Ages are completed years at the extract's end.
SELECT
    household_token,
    count(*) AS people,
    count(*) >= 11 AS communal,
    count(*) >= 11 AND coalesce(median(age) >= 75, false) AS probable_care_home
FROM resident
WHERE household_token IS NOT NULL
GROUP BY household_token
