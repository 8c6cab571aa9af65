-- One row per person in follow-up and concept: when first and last recorded, the latest value
-- (values only), and how many entries.
SELECT
    registered.pcn_code,
    concept.person_no,
    concept_name.concept,
    concept.first_date,
    concept.last_date,
    CAST(concept.latest % 10000000000 AS DOUBLE) / 1000 AS latest_value,
    concept.events
FROM concept
INNER JOIN concept_name ON concept_name.concept_no = concept.concept_no
INNER JOIN registered ON registered.person_no = concept.person_no
