"""The ways in which a cohort's members are divided: by place, age, sex, deprivation and ethnic group."""

from phm_utils.rules.groups import BROAD_AGES, ETHNIC_GROUPS, NOT_KNOWN, QUINTILES, SEXES, fifth_sql

# Each way to break a cohort down by characteristics: its levels in order, their SQL, and the column it needs.
DIMENSIONS = {
    "Age": ((*BROAD_AGES.names, NOT_KNOWN), BROAD_AGES.sql(unknown=NOT_KNOWN), "age"),
    "Sex": (SEXES, "sex", "sex"),
    "Deprivation": (QUINTILES, fifth_sql(), "imd_quintile"),
    "Ethnic group": (ETHNIC_GROUPS, "ethnic_group", "ethnic_group"),
}
PLACES = {"PCN": "pcn_code", "Practice": "practice_code"}  # and by place, with the column of its code
