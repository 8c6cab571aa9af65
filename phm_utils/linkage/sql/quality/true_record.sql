-- Synthetic data only: the records by identity and true person.
SELECT linked.source, linked.identity_id, truth.person AS true_person, count(*) AS records
FROM person_of_record AS linked
INNER JOIN $truth AS truth ON truth.table_name = linked.source AND truth.record_id::VARCHAR = linked.record_id
GROUP BY ALL
