-- Planned, maternity and other hospital spells, by day of admission.
SELECT person_no, day, pence, discharged FROM spell WHERE NOT emergency AND day BETWEEN $first_day AND $index_date
