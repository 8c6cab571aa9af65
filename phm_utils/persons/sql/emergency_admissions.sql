-- Emergency hospital spells, by day of admission.
SELECT person_no, day, pence, discharged FROM spell WHERE emergency AND day BETWEEN $first_day AND $index_date
