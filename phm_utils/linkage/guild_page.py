"""The GUILD record: information about the linkage for users of linked data.

Items follow Gilbert et al. 2018, GUILD: GUidance for Information about
Linking Data sets, doi:10.1093/pubmed/fdx037, in our words.
"""

from typing import Any

import pandas as pd

from phm_utils.absent import Absent

PROVISION, LINKAGE, ANALYSIS = "Data provision", "Linkage", "Analysis"
Items = dict[str, str]

TOKENS_ONLY: Items = {
    "Identifiers": "A pseudonym shared by all sources, made before arrival; sex and month of birth as a check. "
    "No name, NHS number, date of birth or address.",
    "Who linked": "The sources' suppliers made the pseudonyms; ask them how identifiers were cleaned.",
    "Method": "Equal pseudonyms are linked, unless both sex and month of birth differ.",
    "Thresholds": "None: no match weights.",
    "Clerical review": "Not possible without identifiers.",
}
LINKED_HERE: Items = {
    "Identifiers": "NHS number, names, date of birth, sex, postcode and property number, cleaned; placeholders count "
    "as missing. Analysts see pseudonyms alone.",
    "Who linked": "This workbook, separately from the analysis, with a key that analysts do not have.",
    "Method": "NHS number with an agreeing description; then an equal description; then match weights of "
    "names, birth date, address and sex (Fellegi and Sunter). Unregistered people are linked among themselves.",
    "Clerical review": "A sample of pairs by match weight, with the weights hidden: see above.",
}
ALWAYS: Items = {
    "Linked against not linked": "Compared by age, sex, deprivation and no fixed abode, above. Ethnicity is known from "
    "the GP extract alone, so not for records that are not linked.",
}


def record(
    facts: dict[str, Any], sources: pd.DataFrame, error: pd.DataFrame | Absent, settings: pd.DataFrame | Absent
) -> pd.DataFrame:
    """One row per item: `Step`, `Item`, `This run`.

    facts: the run's `run.json`. sources, error: the released tables
    `link_sources` and `link_error` of the ICS. settings: the released
    `link_settings`, absent where the extracts were pseudonymised before arrival;
    `link_error` is absent where there is nothing to link.
    """
    linking = TOKENS_ONLY if isinstance(settings, Absent) else LINKED_HERE | _settings(settings)
    steps = {
        PROVISION: _provision(facts, sources),
        LINKAGE: linking | _errors(error) | ALWAYS,
        ANALYSIS: _analysis(facts),
    }
    rows = [(step, item, text) for step, items in steps.items() for item, text in items.items()]
    return pd.DataFrame(rows, columns=["Step", "Item", "This run"])


def _provision(facts: dict[str, Any], sources: pd.DataFrame) -> Items:
    dated = [f"{s['name']} to {s['last_date']}" for s in facts["sources"] if s["last_date"]]
    absent = [s["name"] for s in facts["sources"] if s["state"] != "present"]
    people = facts["people"].get(facts["ics_code"])
    counted = f": {people:,} counted." if people else "."
    to_link = sources.loc[~sources["source"].str.startswith("gp_"), "records"].fillna(0).sum()
    return {
        "Population": f"People registered with a practice of {facts['title']}{counted}",
        "Who is not included": "People who are not in the GP extract: unregistered, opted out or out of area. The "
        "records do not show which.",
        "Sources and their last dates": "; ".join(dated) + (f". Absent: {', '.join(absent)}." if absent else "."),
        "Records to be linked": f"{f'{to_link:,}' if to_link else 'None'} outside the GP extract.",
        "Who decides about the data": "; ".join(sorted({g["controller"] for g in facts["governance"]})) + ".",
        "Quality control": "Each row is kept, kept with a named field emptied, or set aside; the report on data "
        "quality counts them.",
    }


def _settings(settings: pd.DataFrame) -> Items:
    pairs = zip(settings["name"], settings["value"], strict=True)
    return {"Settings": "; ".join(f"{name}: {value}" for name, value in pairs) + "."}


def _errors(error: pd.DataFrame | Absent) -> Items:
    if isinstance(error, Absent):
        return {"Errors estimated": error.sentence}
    totals = error[error["characteristic"] == "All"]
    known = (totals["false_basis"] != "not known").sum()
    return {
        "Errors estimated": f"False links for {known} of {len(totals)} sources; missed links where they can be "
        "estimated. Both also by age, sex, ethnicity, deprivation and no fixed abode, where recorded.",
    }


def _analysis(facts: dict[str, Any]) -> Items:
    policy = facts["disclosure"]
    return {
        "Purpose": facts["purpose"].replace("_", " ").capitalize() + ".",
        "Made from links": "Registers, contacts, cohorts and effects of programmes: all other reports of this run.",
        "Effect of linkage error": "The table of ranges above: the range of a count if all links were right.",
        "Disclosure control": f"Counts below {policy['suppress_below']} are not shown, others rounded to "
        f"{policy['round_to']}; estimates rest on {policy['min_events_for_estimate']} observations or more.",
    }
