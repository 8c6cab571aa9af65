-- One row per PCN: today's name, or that of the QOF year where the PCN no longer exists.
SELECT pcn_code, coalesce(any_value(today), any_value(earlier)) AS pcn_name
FROM (
    SELECT pcn_code, pcn_name AS today, NULL AS earlier FROM raw_practices
    UNION ALL
    SELECT pcn_code, NULL, pcn_name FROM raw_qof_practices
)
WHERE pcn_code IN (SELECT pcn_code FROM published_practice)
GROUP BY pcn_code
