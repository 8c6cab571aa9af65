-- Synthetic data only: the records of one source by their identifiers and true person.
SELECT
    '$source' AS source,
    given.token_person_id,
    given.sex,
    given.birth_month,
    given.lsoa,
    $no_fixed_abode AS no_fixed_abode,
    truth.person,
    count(*) AS records
FROM $source AS given
INNER JOIN $truth AS truth ON truth.table_name = '$source' AND truth.record_id::VARCHAR = given.$key
GROUP BY ALL
