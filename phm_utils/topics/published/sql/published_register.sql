-- One row per practice x QOF register: people on it, the list it is taken from,
-- and the share published for the year after (a fraction without counts). Null where suppressed.
SELECT
    counts.practice_code,
    practice.pcn_code,
    counts.register_code,
    counts.list_type,
    counts.register::BIGINT AS register,
    counts.list_size::BIGINT AS list_size,
    fractions.fraction AS next_year_share
FROM raw_qof_counts AS counts
JOIN published_practice AS practice USING (practice_code)
LEFT JOIN raw_qof_fractions AS fractions USING (practice_code, register_code)
