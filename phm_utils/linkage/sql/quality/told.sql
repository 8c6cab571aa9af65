-- Synthetic data only: the records by identity and by whom they are truly about.
SELECT found.source, found.identity_id, truth.person AS true_person, count(*) AS records
FROM person_of_record AS found
INNER JOIN $truth AS truth ON truth.table_name = found.source AND truth.record_id::VARCHAR = found.record_id
GROUP BY ALL
