"""The headings of the published report."""

from phm_utils.reports.headings import Headings

HEADINGS = Headings(
    {
        "unit": "Practice or PCN",
        "pcn_name": "PCN",
        "register_name": "Register",
        "list_age": "Patients",
        "register": "On the register",
        "list_size": "Patients on the list",
        "value": "Prevalence (%)",
        "lower": "Lower limit (%)",
        "upper": "Upper limit (%)",
        "ics_value": "Prevalence in the ICB (%)",
        "next_year_share": "Prevalence a year later (%)",
        "ratio": "Ratio to the ICB's prevalence",
        "gap": "People above (+) or below (-) the ICB's prevalence",
        "lowest": "Lowest PCN (%)",
        "lowest_pcn": "Lowest PCN",
        "highest": "Highest PCN (%)",
        "highest_pcn": "Highest PCN",
        "people_above": "People above the ICB's prevalence",
        "patients": "Registered patients",
        "with_imd": "With a known IMD 2019",
        "core20": "In Core20",
        "core20_share": "In Core20 (%)",
        "imd_score": "Mean IMD 2019 score",
        "fifth": "Fifth of practices by deprivation",
        "practices": "Practices",
        "residence": "Where patients live",
        "what": "Difference between files",
        "short_name": "File and date",
        "publication": "Publisher and publication",
        "lsoa": "LSOA 2021",
        "lsoa_name": "Name",
        "district": "District",
        "imd_decile": "IoD 2025 decile (1 most deprived)",
        "changed": "Boundary changed since 2011",
    }
)
