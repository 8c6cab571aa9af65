-- Every record once, with its person: its identity's or, where the identity is thin (see person_of.sql), its own.
SELECT
    record.source,
    record.record_id,
    identity.identity_id,
    CASE WHEN person_of.thin THEN 'record|' || record.source || '|' || record.record_id ELSE person_of.person END AS person,
    person_of.method,
    person_of.match_weight
FROM record
INNER JOIN identity
    ON identity.source = record.source
    AND identity.nhs_number IS NOT DISTINCT FROM record.nhs_number
    AND identity.forename IS NOT DISTINCT FROM record.forename
    AND identity.surname IS NOT DISTINCT FROM record.surname
    AND identity.date_of_birth IS NOT DISTINCT FROM record.date_of_birth
    AND identity.postcode IS NOT DISTINCT FROM record.postcode
    AND identity.uprn IS NOT DISTINCT FROM record.uprn
    AND identity.sex IS NOT DISTINCT FROM record.sex
    AND identity.line IS NOT DISTINCT FROM record.line
INNER JOIN person_of ON person_of.identity_id = identity.identity_id
