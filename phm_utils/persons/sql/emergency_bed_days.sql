-- Nights in hospital inside the window after emergency admission. A stay is cut at the window's ends.
SELECT
    person_no,
    CAST(
        sum(greatest(date_diff('day', greatest(day, $from_date), least(discharged, $to_date)), 0)) AS INTEGER
    ) AS bed_days
FROM spell
WHERE emergency AND day <= $to_date AND discharged >= $from_date
GROUP BY person_no
