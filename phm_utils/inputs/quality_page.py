"""Tables and findings of the data-quality report, from released figures."""

import pandas as pd

from phm_utils.absent import if_present
from phm_utils.reports.findings import finding
from phm_utils.rules.restricted_codes import RESTRICTED

KEYS = {
    "token_person_id": "Shared pseudonym",
    "sex": "Sex",
    "birth_month": "Month of birth",
    "lsoa": "Small area",
}
OUTCOME = {"nulled": "kept, field nulled", "kept": "kept unchanged", "withheld": "withheld: opted out"}
OUTCOME_SENTENCE = {
    "nulled": "were kept with a faulty field set to empty",
    "quarantined": "could not be keyed, dated or read",
    "withheld": "were withheld for an opt-out",
}
RESTRICTED_SENTENCE = " Legally restricted codes, not taken up: about {:,}."
LOW_SHARE = 0.90  # of rows filled: the finding names fields below it
COMPLETE, FEWEST = 0.9995, 5  # fields above the first are not shown, except to reach the second
# Fields that may rightly be empty, such as end dates: no sign of low quality.
OPEN_ENDED = ("registered_to", "enrolled_to", "event_end", "disdate", "close_date", "value_num", "unit")


@if_present
def row_counts(tables: pd.DataFrame) -> pd.DataFrame:
    """One row per table about people, for readers: rows in = kept + quarantined."""
    present = _about_people(tables).query("state == 'present'").sort_values("place")
    shown = present[["title", "rows_in", "rows_kept", "rows_quarantined", "rows_nulled", "first_date", "last_date"]]
    names = ["Table", "Rows in", "Kept", "Quarantined or withheld", "Kept with a field nulled", "From", "To"]
    return shown.set_axis(names, axis=1).reset_index(drop=True)


@finding
def row_counts_finding(tables: pd.DataFrame) -> str:
    """The share of rows that are used, in one sentence."""
    present = _about_people(tables).query("state == 'present'")
    absent = tables.loc[tables["state"] == "absent", "title"].str.lower().tolist()
    used = _share(present["rows_kept"].sum() / present["rows_in"].sum())
    text = f"{used} of {present['rows_in'].sum():,} rows in {len(present)} tables about people are used."
    return text + (f" Absent: {', '.join(absent)}." if absent else " No table is absent.")


def _about_people(tables: pd.DataFrame) -> pd.DataFrame:
    return tables[tables["source"] != "reference"]


@if_present
def faults(fields: pd.DataFrame, most: int = 15) -> pd.DataFrame:
    """The most frequent faults: one row per table, column and rule; documented nulls are not faults."""
    met = fields[fields["disposition"] != "documented null"]
    what = (met["column_name"].replace("(row)", "row") + ", " + met["rule"]).mask(met["rule"] == "opted out", "opt-out")
    met = met.assign(Fault=met["title"] + ": " + what)
    met["disposition"] = met["disposition"].mask(met["rule"] == RESTRICTED, "withheld: legally restricted")
    met = met.sort_values(["rows", "Fault"], ascending=[False, True], na_position="last").head(most)
    shown = met[["Fault", "disposition", "rows"]].set_axis(["Fault", "Outcome", "Rows"], axis=1)
    return shown.replace({"Outcome": OUTCOME}).reset_index(drop=True)


@finding
def faults_finding(fields: pd.DataFrame) -> str:
    """Rows quarantined, nulled and withheld, in one sentence; legally restricted codes in another."""
    restricted = fields.get("rule", fields["disposition"]) == RESTRICTED
    rows = fields[~restricted].groupby("disposition")["rows"].sum()
    codes = fields.loc[restricted, "rows"].sum()
    more = RESTRICTED_SENTENCE.format(codes) if codes > 0 else ""
    said = [f"{rows[kind]:,} {words}" for kind, words in OUTCOME_SENTENCE.items() if rows.get(kind, 0) > 0]
    if not said:
        return f"No row broke a rule often enough to be shown.{more}"
    return f"Of all rows, about {', '.join(said[:-1])}{' and ' if said[:-1] else ''}{said[-1]}.{more}"


@if_present
def least_complete(completeness: pd.DataFrame, most: int = 12) -> pd.DataFrame:
    """The fields least often filled: one row per table and column; fields that are never filled are left out."""
    given = completeness[(completeness["filled"].fillna(0) > 0) & ~completeness["column_name"].isin(OPEN_ENDED)]
    repeats = given["column_name"].str.match(r"(diag|opertn)_(0[2-9]|[12]\d)$")
    given = given[~repeats].sort_values(["share", "table_name", "place"])
    given = given[(given["share"].astype(float) < COMPLETE) | (given["share"].rank(method="first") <= FEWEST)]
    shown = given.assign(Field=given["title"] + ": " + given["column_name"]).head(most)
    shown = shown[["Field", "rows", "filled", "share"]].set_axis(["Field", "Rows", "Filled", "Share filled"], axis=1)
    return shown.reset_index(drop=True)


@finding
def completeness_finding(completeness: pd.DataFrame) -> str:
    """The least complete fields, in one sentence."""
    low = least_complete(completeness, most=len(completeness))
    low = low[low["Share filled"].astype(float) < LOW_SHARE]
    if low.empty:
        return f"Every field in use is filled in at least {LOW_SHARE:.0%} of rows."
    first = low.iloc[0]
    return (
        f"{len(low)} field{'s are' if len(low) > 1 else ' is'} filled in fewer than {LOW_SHARE:.0%} of rows; "
        f"least: {first['Field']}, {_share(first['Share filled'])}."
    )


@if_present
def linkage_keys(completeness: pd.DataFrame) -> pd.DataFrame:
    """One row per table x key that joins people: the share of rows that carry it."""
    people = completeness.loc[completeness["column_name"] == "token_person_id", "table_name"]
    keys = completeness[completeness["table_name"].isin(people) & completeness["column_name"].isin(KEYS)]
    keys = keys.dropna(subset="share")
    keys = keys[keys.groupby("table_name")["column_name"].transform("size") > 1]  # GP events carry the pseudonym alone
    keys = keys.assign(Key=pd.Categorical(keys["column_name"].map(KEYS), list(KEYS.values()), ordered=True))
    keys = keys.sort_values(["title", "Key"])[["title", "Key", "share"]].set_axis(
        ["Table", "Key", "Share filled"], axis=1
    )
    return keys.astype({"Key": "str"}).reset_index(drop=True)


@finding
def keys_finding(completeness: pd.DataFrame) -> str:
    """The table with the fewest shared pseudonyms, in one sentence."""
    tokens = completeness[completeness["column_name"] == "token_person_id"].dropna(subset="share")
    tokens = tokens.sort_values("share")
    if tokens.empty:
        return "No table carries a shared pseudonym: records cannot be linked."
    worst = tokens.iloc[0]
    if float(worst["share"]) >= COMPLETE:
        return f"Each of {len(tokens)} tables about people carries the shared pseudonym in nearly every row."
    return (
        f"The shared pseudonym is least complete in {worst['title'].lower()}: {_share(worst['share'])} of rows. "
        "Rows without it are counted but linked to no person."
    )


@if_present
def freshness(practices: pd.DataFrame, most: int = 30) -> pd.DataFrame:
    """The practices furthest behind, one row each: days from their last event to the newest of the extract."""
    late = practices.sort_values(["days_behind", "unit_code"], ascending=[False, True], na_position="first").head(most)
    shown = late[["unit_name", "last_event", "days_behind"]]
    return shown.set_axis(["Practice", "Last event", "Days behind"], axis=1).reset_index(drop=True)


@if_present
def stale_practices(practices: pd.DataFrame, stale_days: int) -> list[str]:
    """Names of practices without an event in the last `stale_days`, or without any."""
    late = practices["days_behind"].isna() | (practices["days_behind"] > stale_days)
    return practices.loc[late, "unit_name"].tolist()


@finding
def freshness_finding(practices: pd.DataFrame, stale_days: int) -> tuple[str, str]:
    """The stale practices: text and level."""
    late = stale_practices(practices, stale_days)
    if not late:
        return f"Every practice has an event within {stale_days} days of the newest.", "finding"
    verb = "has" if len(late) == 1 else "have"
    return (
        f"{len(late)} of {len(practices)} practices {verb} no event in the last {stale_days} days: {', '.join(late)}. "
        "Their recent care is missing from the data."
    ), "warning"


@if_present
def stale_by_limit(practices: pd.DataFrame, limits: tuple[int, ...]) -> pd.DataFrame:
    """How many practices are stale under other limits: one row per limit."""
    rows = [
        (f"{days} days", len(late := stale_practices(practices, days)), ", ".join(late) or "none")
        for days in sorted(set(limits))
    ]
    return pd.DataFrame(rows, columns=["Stale after", "Practices", "Which"])


@if_present
def list_sizes(practices: pd.DataFrame, most: int = 30) -> pd.DataFrame:
    """Registered in the extract against the published list, furthest apart first: one row per practice."""
    known = practices.dropna(subset="gap")
    order = known["gap"].astype(float).abs().sort_values(ascending=False, kind="stable").index
    shown = known.loc[order].head(most)[["unit_name", "registered", "published_list_size", "gap"]]
    shown = shown.set_axis(["Practice", "In the extract", "Published", "Difference"], axis=1).reset_index(drop=True)
    return shown.assign(**{"Absolute difference": shown["Difference"].astype(float).abs()})


@if_present
def list_size_outliers(practices: pd.DataFrame, limit: float) -> list[str]:
    """Practices whose list differs from the published size by more than `limit`, furthest first."""
    sizes = list_sizes(practices, most=len(practices))
    return sizes.loc[sizes["Absolute difference"] > limit, "Practice"].tolist()


@finding
def list_finding(practices: pd.DataFrame, limit: float) -> tuple[str, str]:
    """The lists that differ from the published size by more than `limit`: text and level."""
    sizes = list_sizes(practices, most=len(practices))
    if sizes.empty:
        return "No published list size to compare with.", "limit"
    names = list_size_outliers(practices, limit)
    if not names:
        return f"Every list is within {limit:.0%} of its published size.", "finding"
    verb = "differs" if len(names) == 1 else "differ"
    text = f"{len(names)} of {len(sizes)} lists {verb} from the published size by more than {limit:.0%}"
    return f"{text}: {', '.join(names)}.", "warning"


@if_present
def permissions(sources: pd.DataFrame) -> pd.DataFrame:
    """One row per source used, for readers."""
    names = {
        "source": "Source",
        "controller": "Controller",
        "processor": "Processor",
        "legal_basis": "Legal basis",
        "purposes": "Permitted purposes",
        "agreement": "Agreement",
        "expires": "Expires",
        "type_1_opt_out": "Type 1 opt-out",
        "national_data_opt_out": "National data opt-out",
    }
    return sources[list(names)].rename(columns=names)


def _share(value: float) -> str:
    """A share in words, never rounded up to all: 99.7%, over 99.9%."""
    value = float(value)
    return "over 99.9%" if 0.9995 <= value < 1 else f"{value:.1%}"
