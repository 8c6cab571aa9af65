-- Nights in hospital inside the window after emergency admission, and spells admitted in it by
-- length: short is under two days. A stay is cut at the window's ends.
SELECT
    person_no,
    CAST(sum(greatest(least(discharged, $to_date) - greatest(day, $from_date), 0)) AS BIGINT) AS bed_days,
    count(*) FILTER (WHERE day >= $from_date AND least(discharged, $to_date) - day < 2) AS short_spells,
    count(*) FILTER (WHERE day >= $from_date AND least(discharged, $to_date) - day >= 2) AS long_spells
FROM emergency_spell
WHERE day <= $to_date AND discharged >= $from_date
GROUP BY person_no
