-- Dates that columns need: vaccinations, statuses, counts in a window, and facts for registers
-- and scores. One row per person.
SELECT
    concept.person_no$dates
FROM concept
INNER JOIN dated_concept ON dated_concept.concept_no = concept.concept_no
GROUP BY concept.person_no
