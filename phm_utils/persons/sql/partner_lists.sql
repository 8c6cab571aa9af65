-- Council and voluntary-sector lists up to the index date that name the person; and the domains of
-- their flags. A flag of income, housing or food applies to everybody in the household.
WITH named AS (
    SELECT DISTINCT identity.person_no, partner_list.list_name, partner_list.flag
    FROM partner_list
    INNER JOIN identity
        ON identity.source = 'partner_list'
        AND identity.token_person_id = partner_list.token_person_id
        AND identity.sex IS NOT DISTINCT FROM partner_list.sex
        AND identity.birth_month IS NOT DISTINCT FROM partner_list.birth_month
    WHERE partner_list.list_date <= $index_date
),
shared AS (
    SELECT DISTINCT housemate.person_no, named.flag
    FROM named
    INNER JOIN registered ON registered.person_no = named.person_no
    INNER JOIN current_household ON current_household.household_token = registered.household_token AND current_household.people < 11
    INNER JOIN registered AS housemate ON housemate.household_token = registered.household_token AND housemate.is_current
    WHERE named.flag IN ('income', 'housing', 'food') AND registered.is_current
),
flagged AS (
    SELECT person_no, list_name, flag FROM named
    UNION ALL
    SELECT person_no, NULL AS list_name, flag FROM shared
)
SELECT
    person_no,
    CAST(count(DISTINCT list_name) AS INTEGER) AS partner_lists,
    bool_or(coalesce(flag = 'mobility', false)) AS flag_mobility,
    bool_or(coalesce(flag = 'income', false)) AS flag_income,
    bool_or(coalesce(flag = 'housing', false)) AS flag_housing,
    bool_or(coalesce(flag = 'food', false)) AS flag_food,
    bool_or(coalesce(flag = 'caring', false)) AS flag_caring,
    CAST(count(DISTINCT flag) AS INTEGER) AS flag_domains
FROM flagged
GROUP BY person_no
