-- The identities that all sources present, cleaned: one row per source and distinct set of raw
-- identifiers. first_id, the smallest record identifier among its records, names it within the source.
-- Cleaning: names in capitals without accents, of letters alone, titles and placeholders nulled; a
-- source that holds whole names in one field has them split; an NHS number must pass modulo 11 and
-- not repeat one digit; fillers, dates before 1890 and dates to come are no dates of birth; ZZ99 and
-- malformed postcodes are no addresses.
-- root: the long form of the first forename (LIZ is ELIZABETH), else that forename itself.
-- description: names, date of birth, postcode and sex together.
WITH grouped AS (
    SELECT
        source, nhs_number, forename, surname, date_of_birth, postcode, uprn, sex, line,
        min(record_id) AS first_id,
        count(*) AS records,
        bool_or(verified) AS verified,
        max(latest) AS latest
    FROM record
    GROUP BY source, nhs_number, forename, surname, date_of_birth, postcode, uprn, sex, line
),
one_field AS (
    SELECT source
    FROM grouped
    GROUP BY source
    HAVING coalesce(bool_and(coalesce(trim(forename), '') = ''), false)
        <> coalesce(bool_and(coalesce(trim(surname), '') = ''), false)
),
whole AS (
    SELECT
        grouped.*,
        upper(strip_accents(trim(forename))) AS first_words,
        upper(strip_accents(trim(surname))) AS last_words,
        CASE
            WHEN coalesce(trim(surname), '') = '' AND (one_field.source IS NOT NULL OR forename LIKE '%,%')
                THEN upper(strip_accents(trim(forename)))
            WHEN coalesce(trim(forename), '') = '' AND (one_field.source IS NOT NULL OR surname LIKE '%,%')
                THEN upper(strip_accents(trim(surname)))
        END AS full_name
    FROM grouped
    LEFT JOIN one_field ON one_field.source = grouped.source
),
split AS (
    SELECT
        * EXCLUDE (first_words, last_words, full_name),
        regexp_replace(
            CASE
                WHEN full_name IS NULL THEN first_words
                WHEN full_name LIKE '%,%' THEN trim(split_part(full_name, ',', 2))
                ELSE regexp_extract(full_name, '^(.*\S)\s+\S+$', 1)
            END,
            '^((MR|MRS|MS|MISS|MX|DR|REV|PROF)[. ]\s*)+', ''
        ) AS first_words,
        CASE
            WHEN full_name IS NULL THEN last_words
            WHEN full_name LIKE '%,%' THEN trim(split_part(full_name, ',', 1))
            ELSE regexp_extract(full_name, '(\S+)$', 1)
        END AS last_words
    FROM whole
),
plain AS (
    SELECT
        *,
        regexp_replace(first_words, '[^\p{{L}}]', '', 'g') AS plain_forename,
        regexp_extract(first_words, '^\P{{L}}*(\p{{L}}+)', 1) AS first_forename,
        regexp_replace(last_words, '[^\p{{L}}]', '', 'g') AS plain_surname,
        regexp_replace(regexp_replace(nhs_number, '\.0$', ''), '[^0-9]', '', 'g') AS digits,
        regexp_replace(upper(postcode), '[^A-Z0-9]', '', 'g') AS plain_postcode,
        regexp_replace(regexp_replace(trim(uprn), '\.0$', ''), '^0+', '') AS plain_uprn
    FROM split
),
cleaned AS (
    SELECT
        source, first_id, records, verified, latest,
        nhs_number, forename, surname, date_of_birth, postcode, uprn, sex, line,
        CASE WHEN {number_is_usable} THEN digits END AS nhs,
        CASE WHEN trim(plain_forename, 'X') NOT IN ({placeholders}) THEN plain_forename END AS given,
        CASE WHEN trim(plain_surname, 'X') NOT IN ({placeholders}) THEN plain_surname END AS family,
        first_forename,
        CASE
            WHEN date_of_birth NOT IN ({date_fillers})
                AND date_of_birth BETWEEN DATE '1890-01-01' AND current_date
                THEN date_of_birth
        END AS born,
        CASE WHEN {postcode_is_usable} THEN plain_postcode END AS place,
        CASE WHEN plain_uprn SIMILAR TO '[0-9]{{1,12}}' THEN plain_uprn END AS address,
        CASE upper(trim(sex))
            WHEN '1' THEN '1' WHEN 'M' THEN '1' WHEN 'MALE' THEN '1'
            WHEN '2' THEN '2' WHEN 'F' THEN '2' WHEN 'FEMALE' THEN '2'
        END AS known_sex,
        nullif(regexp_replace(upper(strip_accents(line)), '[^A-Z0-9]+', ' ', 'g'), '') AS plain_line
    FROM plain
)
SELECT
    row_number() OVER (ORDER BY source, first_id) AS identity_id,
    cleaned.* EXCLUDE (first_forename, plain_line),
    coalesce(short_name.long_form, CASE WHEN given IS NOT NULL THEN first_forename END) AS root,
    trim(plain_line) AS address_line,
    -- null where any part of it is null
    family || '|' || given || '|' || born::VARCHAR || '|' || place || '|' || known_sex AS description
FROM cleaned
LEFT JOIN short_name ON short_name.short_form = first_forename AND given IS NOT NULL
