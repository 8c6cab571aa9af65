-- The identities of all sources, cleaned: one row per source and distinct set of raw
-- identifiers. first_id, the smallest record identifier among its records, identifies it within the source.
-- Cleaning: names in capitals without accents or joined letters, of letters alone, titles and placeholders nulled;
-- full names in one field are split; numbers, postcodes and sex in the standard form of rules/identifiers.py;
-- an NHS number must pass modulo 11, not repeat one digit, and not be a source's default (default_number.sql);
-- fillers, default dates, dates before 1890 (but of historical sources) and future dates are no dates of birth;
-- ZZ99 and malformed postcodes are no addresses.
-- root: the long form of the first forename (LIZ is ELIZABETH), else that forename itself.
-- description: names, date of birth, postcode and sex together.
-- Words are cleaned once each, not once a row: a million people share a few thousand.
WITH grouped AS MATERIALIZED (
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
    FROM record
    GROUP BY source
    HAVING (count(nullif(trim(forename), '')) = 0) <> (count(nullif(trim(surname), '')) = 0)
        -- most are of two words or more: else it holds forenames or surnames alone
        AND 2 * count(*) FILTER (regexp_matches(trim(concat(forename, ' ', surname)), '[\s,]'))
        > count(coalesce(forename, surname))
),
with_full_name AS (
    SELECT
        *,
        CASE
            WHEN coalesce(trim(surname), '') = ''
                THEN CASE WHEN forename LIKE '%,%' OR source IN (FROM one_field) THEN upper(trim(forename)) END
            WHEN coalesce(trim(forename), '') = ''
                THEN CASE WHEN surname LIKE '%,%' OR source IN (FROM one_field) THEN upper(trim(surname)) END
        END AS full_name
    FROM grouped
),
split AS (
    SELECT
        * EXCLUDE (full_name),
        CASE
            WHEN full_name IS NULL THEN forename
            WHEN full_name LIKE '%,%' THEN split_part(full_name, ',', 2)
            ELSE regexp_extract(full_name, '^(.*\S)\s+\S+$', 1)
        END AS first_words,
        CASE
            WHEN full_name IS NULL THEN surname
            WHEN full_name LIKE '%,%' THEN split_part(full_name, ',', 1)
            ELSE regexp_extract(full_name, '(\S+)$', 1)
        END AS last_words
    FROM with_full_name
),
-- Materialized: else the rules for words would be tried on every row that has them.
forename_given AS MATERIALIZED (
    SELECT DISTINCT first_words AS words FROM split
),
surname_given AS MATERIALIZED (
    SELECT DISTINCT last_words AS words FROM split
),
postcode_given AS MATERIALIZED (
    SELECT DISTINCT postcode FROM grouped
),
first_word AS (
    SELECT words, plain AS given, coalesce(short_name.long_form, first_forename) AS root
    FROM (
        SELECT
            words,
            regexp_replace(bare, '[^\p{L}]', '', 'g') AS plain,
            regexp_extract(bare, '^\P{L}*(\p{L}+)', 1) AS first_forename
        FROM (
            SELECT
                words,
                regexp_replace(
                    $first_letters, '^((MR|MRS|MS|MISS|MX|DR|REV|PROF)[. ]\s*)+', ''
                ) AS bare
            FROM forename_given
        ) AS bared
    ) AS first_words
    LEFT JOIN short_name ON short_name.short_form = first_forename
    WHERE trim(plain, 'X') NOT IN ($placeholders)
),
last_word AS (
    SELECT words, plain AS family
    FROM (
        SELECT
            words,
            regexp_replace($last_letters, '[^\p{L}]', '', 'g') AS plain
        FROM surname_given
    ) AS last_words
    WHERE trim(plain, 'X') NOT IN ($placeholders)
),
known_place AS (
    SELECT postcode, plain_postcode AS place
    FROM (
        SELECT postcode, $postcode_form AS plain_postcode
        FROM postcode_given
    ) AS postcodes
    WHERE $postcode_is_usable
),
frequent_date AS MATERIALIZED (
    SELECT source, date_of_birth
    FROM grouped
    WHERE date_of_birth IS NOT NULL
    GROUP BY source, date_of_birth
    QUALIFY count(*) > $most_households AND 100 * count(*) > sum(count(*)) OVER (PARTITION BY source)
),
default_date AS (
    -- a source's default for a missing date: the birthday of many households, and of one identity in a hundred
    SELECT grouped.source, grouped.date_of_birth
    FROM grouped
    INNER JOIN frequent_date
        ON frequent_date.source = grouped.source AND frequent_date.date_of_birth = grouped.date_of_birth
    GROUP BY grouped.source, grouped.date_of_birth
    HAVING count(DISTINCT coalesce(grouped.postcode, grouped.uprn, grouped.line)) > $most_households
),
historical AS (
    -- sources whose births are of any century
    SELECT source FROM record GROUP BY source HAVING $historical
),
numbering AS (
    -- apart from the wide rows, which would be sorted with it
    SELECT source, first_id, row_number() OVER (ORDER BY source, first_id) AS identity_id
    FROM grouped
),
cleaned AS (
    SELECT
        split.* EXCLUDE (first_words, last_words),
        $number_form AS digits,
        first_word.given,
        first_word.root,
        last_word.family,
        CASE
            WHEN split.date_of_birth NOT IN ($date_fillers)
                AND split.date_of_birth <= current_date
                AND split.date_of_birth >= CASE WHEN split.source IN (SELECT historical.source FROM historical)
                    THEN DATE '$earliest_of_all' ELSE DATE '$earliest' END
                AND default_date.source IS NULL
                THEN split.date_of_birth
        END AS born,
        known_place.place,
        $property_form AS property,
        $sex_form AS sex_code
    FROM split
    LEFT JOIN first_word ON first_word.words = split.first_words
    LEFT JOIN last_word ON last_word.words = split.last_words
    LEFT JOIN known_place ON known_place.postcode = split.postcode
    LEFT JOIN default_date
        ON default_date.source = split.source AND default_date.date_of_birth = split.date_of_birth
),
known AS (
    SELECT
        *,
        CASE WHEN $property_is_usable THEN property END AS address,
        CASE WHEN sex_code IN ('1', '2') THEN sex_code END AS known_sex
    FROM cleaned
)
SELECT
    numbering.identity_id,
    known.source, known.first_id, known.records, verified, latest,
    known.nhs_number, forename, surname, date_of_birth, postcode, uprn, sex, line,
    CASE WHEN $number_is_usable AND default_number.source IS NULL THEN digits END AS nhs,
    given, family, born, place, address, known_sex, root,
    nullif(trim(regexp_replace(upper(strip_accents(line)), '[^A-Z0-9]+', ' ', 'g')), '') AS address_line,
    -- null where any part of it is null
    family || '|' || given || '|' || born::VARCHAR || '|' || place || '|' || known_sex AS description
FROM known
INNER JOIN numbering ON numbering.source = known.source AND numbering.first_id = known.first_id
LEFT JOIN default_number
    ON default_number.source = known.source AND default_number.nhs_number = known.nhs_number
