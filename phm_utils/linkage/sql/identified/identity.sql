-- The identities that one source presents, cleaned: one row per distinct set of raw identifiers.
-- first_id, the smallest row identifier among its records, names it within the source.
-- Cleaning: names in capital letters A to Z without accents, placeholders nulled; an NHS number
-- must pass modulo 11 and not repeat one digit; documented null dates and ZZ99 postcodes are nulled.
-- description: names, date of birth, postcode and sex together.
WITH grouped AS (
    SELECT
        '{source}' AS source,
        nhs_number, forename, surname, date_of_birth, postcode, uprn, sex,
        min({row_id}) AS first_id,
        count(*) AS records,
        {verified} AS verified,
        {latest} AS latest
    FROM {source}
    GROUP BY nhs_number, forename, surname, date_of_birth, postcode, uprn, sex
),
plain AS (
    SELECT
        *,
        regexp_replace(upper(strip_accents(forename)), '[^A-Z]', '', 'g') AS plain_forename,
        regexp_replace(upper(strip_accents(surname)), '[^A-Z]', '', 'g') AS plain_surname,
        regexp_replace(nhs_number, '[^0-9]', '', 'g') AS digits,
        regexp_replace(upper(postcode), '[^A-Z0-9]', '', 'g') AS plain_postcode
    FROM grouped
),
cleaned AS (
    SELECT
        source, first_id, records, verified, latest,
        nhs_number, forename, surname, date_of_birth, postcode, uprn, sex,
        CASE WHEN {nhs_number_is_valid} THEN digits END AS nhs,
        CASE WHEN trim(plain_forename, 'X') NOT IN ({placeholders}) THEN plain_forename END AS given,
        CASE WHEN trim(plain_surname, 'X') NOT IN ({placeholders}) THEN plain_surname END AS family,
        CASE WHEN date_of_birth NOT IN ({date_fillers}) THEN date_of_birth END AS born,
        CASE WHEN plain_postcode NOT LIKE 'ZZ99%' AND plain_postcode <> '' THEN plain_postcode END AS place,
        uprn AS address,
        CASE WHEN sex IN ('1', '2') THEN sex END AS known_sex
    FROM plain
)
SELECT
    *,
    -- null where any part of it is null
    family || '|' || given || '|' || born::VARCHAR || '|' || place || '|' || known_sex AS description
FROM cleaned
