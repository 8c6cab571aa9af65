"""The headings of the inequalities report."""

import pandas as pd

# The headings that readers see; a share is shown in percent.
HEADINGS = {
    "area": "Area",
    "unit_name": "Practice or PCN",
    "category": "Group",
    "title": "Condition",
    "people": "People",
    "person_years": "Years registered",
    "admissions": "Admissions",
    "people_admitted": "People admitted",
    "died": "Died",
    "value": "Per 1,000 a year, age-standardised",
    "lower": "Lower limit",
    "upper": "Upper limit",
    "crude": "Per 1,000 a year, as it is",
    "rank": "Place, age-standardised",
    "crude_rank": "Place, as it is",
    "fewer": "Fewer admissions at the ICS average",
    "with_condition": "With the condition",
    "share": "Share (%)",
    "share_lower": "Lower limit (%)",
    "share_upper": "Upper limit (%)",
    "difference": "People above (+) or below (-) the ICS share",
    "adjusted": "Age-standardised (%)",
    "adjusted_lower": "Lower limit (%)",
    "adjusted_upper": "Upper limit (%)",
    "least": "Least it could be (%)",
    "most": "Most it could be (%)",
    "recorded": "Recorded",
    "not_stated": "Not stated",
    "not_known": "Not known",
    "recorded_share": "Recorded (%)",
    "lsoa": "LSOA",
    "lsoa_name": "Small area",
    "imd_decile": "IMD tenth (1 most deprived)",
    "ratio": "Admissions over expected",
    "ratio_lower": "Lower limit",
    "ratio_upper": "Upper limit",
    "against_age": "Against what age explains",
    "rii": "Ratio, most over least deprived",
    "rii_lower": "Lower limit",
    "rii_upper": "Upper limit",
}
DECIMALS = {"value": 1, "lower": 1, "upper": 1, "crude": 1}


def readable(frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Some columns under the headings that readers see, shares in percent, rates to one decimal."""
    shown = frame[list(columns)].reset_index(drop=True)
    for column in columns:
        if HEADINGS[column].endswith("(%)"):
            shown[column] = (100 * shown[column].astype(float)).round(1)
        elif column in DECIMALS:
            shown[column] = shown[column].astype(float).round(DECIMALS[column])
    return shown.rename(columns=HEADINGS)
