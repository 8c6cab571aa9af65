"""The groups that people are divided by: one home for their words and order."""

NOT_KNOWN = "Not known"
QUINTILES = ("1 most deprived", "2", "3", "4", "5 least deprived", NOT_KNOWN)
QUINTILE_SQL = (
    "CASE imd_quintile WHEN 1 THEN '1 most deprived' WHEN 5 THEN '5 least deprived' "
    f"ELSE coalesce(CAST(imd_quintile AS VARCHAR), '{NOT_KNOWN}') END"
)
