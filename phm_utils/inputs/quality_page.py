"""Tables and findings of the data-quality report, from released figures."""

import pandas as pd

from phm_utils.absent import if_present
from phm_utils.inputs.people_account import PEOPLE as NOT_COUNTED
from phm_utils.inputs.people_account import REGISTERED as REGISTERED_WORDS
from phm_utils.inputs.people_account import SILENT_PRACTICE
from phm_utils.inputs.people_account import UNITS as COUNTED
from phm_utils.reports.comparisons import percent
from phm_utils.reports.findings import finding
from phm_utils.rules.restricted_codes import RESTRICTED
from phm_utils.wording import in_sentence, joined

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
REGISTERED = REGISTERED_WORDS.capitalize()
RESTRICTED_SENTENCE = " Legally restricted codes, not taken up: about {:,}."
LOW_SHARE = 0.90  # of rows filled: the finding names fields below it
COMPLETE, FEWEST = 0.999, 5  # fields above the first are not shown, except to reach the second
# Fields that may rightly be empty, such as end dates: no sign of low quality.
OPEN_ENDED = (
    *("registered_to", "enrolled_to", "event_end", "disdate", "open_date", "close_date", "pcn_from", "pcn_to"),
    *("successor_code", "value_num", "value", "unit", "contact_preference"),
)


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
    absent = [in_sentence(title) for title in tables.loc[tables["state"] == "absent", "title"]]
    tables_of = "1 table" if len(present) == 1 else f"{len(present)} tables"
    used = percent(present["rows_kept"].sum() / present["rows_in"].sum()).capitalize()
    text = f"{used} of {present['rows_in'].sum():,} rows in {tables_of} about people or their addresses are used."
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


@if_present
def people_account(people: pd.DataFrame) -> pd.DataFrame:
    """One row per network or reason, for readers, and everybody registered last."""
    shown = people.sort_values("place")[["part", "what", "people"]]
    shown["what"] = shown["what"].mask(shown["part"] == NOT_COUNTED, "Not counted: " + shown["what"])
    total = pd.DataFrame({"what": [REGISTERED], "people": people["registered"].head(1).tolist()})
    both = pd.concat([shown[["what", "people"]], total], ignore_index=True).astype({"people": "Int64"})
    return both.set_axis(["Counted in, or why not", "People"], axis=1)


@finding
def people_finding(people: pd.DataFrame) -> str | tuple[str, str]:
    """How many of those registered are not counted, for which reasons in their order: text and level."""
    if people.empty:
        return "Nobody is registered in the extract.", "warning"
    counted, reasons = people[people["part"] == COUNTED], people[people["part"] == NOT_COUNTED]
    registered = people["registered"].iloc[0]
    if reasons.empty:
        return f"Everybody registered is counted: {registered:,} people in {len(counted)} networks."
    reasons = reasons.sort_values("place")
    listed = joined([f"{row.what} ({_people(row.people)})" for row in reasons.itertuples()])
    known = reasons["people"].dropna()
    some = f"about {known.sum():,}" if len(known) == len(reasons) else "some"
    return (
        f"Of {registered:,} people registered, {some} are not counted: {listed}.",
        "warning" if SILENT_PRACTICE in set(reasons["what"]) else "finding",
    )


def _people(count: int) -> str:
    return "too few to show" if pd.isna(count) else f"{count:,}"


@if_present
def silence(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per silent practice, hospital or source, for readers."""
    shown = rows.sort_values("place")[["title", "whose", "silent", "last_month", "consequence"]]
    names = ["Source", "Practice or hospital", "Silent", "Last rows", "Consequence"]
    return shown.set_axis(names, axis=1).reset_index(drop=True)


@finding
def silence_finding(rows: pd.DataFrame) -> str | tuple[str, str]:
    """The practices left out, in one sentence: text and level."""
    if rows.empty:
        return "No practice, hospital or month is silent."
    out = list(dict.fromkeys(rows.loc[rows["left_out"], "whose"]))
    if not out:
        return f"{len(rows)} gaps are found; nobody is left out of the counts for them.", "warning"
    verb = "practice's GP records have" if len(out) == 1 else "practices' GP records have"
    return (
        f"{len(out)} {verb} fallen silent: {', '.join(out)}. Their people are left out of numerators and denominators.",
        "warning",
    )


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
    """The fields least often filled: one row per table and column, those with nothing first."""
    given = completeness[(completeness["rows"].fillna(0) > 0) & ~completeness["column_name"].isin(OPEN_ENDED)]
    repeats = given["column_name"].str.match(r"(diag|opertn)_(0[2-9]|[12]\d)$")
    given = given[~repeats].sort_values(["share", "table_name", "place"])
    given = given[(given["share"].astype(float) < COMPLETE) | (given["share"].rank(method="first") <= FEWEST)]
    shown = given.assign(Field=given["title"] + ": " + given["column_name"]).head(most)
    shown = shown[["Field", "rows", "filled", "share"]].set_axis(["Field", "Rows", "Filled", "Share filled"], axis=1)
    return shown.reset_index(drop=True)


@finding
def completeness_finding(completeness: pd.DataFrame) -> str:
    """The fields that are filled in fewer than LOW_SHARE of rows, in one sentence."""
    low = least_complete(completeness, most=len(completeness))
    low = low[low["Share filled"].astype(float) < LOW_SHARE]
    if low.empty:
        return f"Every field in use is filled in at least {LOW_SHARE:.0%} of rows."
    listed = joined(
        [f"{row.Field} ({percent(row.share)})" for row in low.rename(columns={"Share filled": "share"}).itertuples()]
    )
    return f"{_are(len(low), 'field')} filled in fewer than {LOW_SHARE:.0%} of rows: {listed}."


def _are(count: int, what: str) -> str:
    return f"{count} {what} is" if count == 1 else f"{count} {what}s are"


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
    """The tables of which fewer than COMPLETE rows carry a shared pseudonym, in their order, in one sentence."""
    tokens = completeness[completeness["column_name"] == "token_person_id"].dropna(subset="share")
    if tokens.empty:
        return "No table carries a shared pseudonym: records cannot be linked."
    low = tokens[tokens["share"].astype(float) < COMPLETE].sort_values("title")
    if low.empty:
        each = "The one table" if len(tokens) == 1 else f"Each of {len(tokens)} tables"
        return f"{each} about people carries the shared pseudonym in nearly every row."
    listed = joined([f"{in_sentence(row.title)} ({percent(float(row.share))})" for row in low.itertuples()])
    return (
        f"In {len(low)} of {len(tokens)} tables about people fewer than {percent(COMPLETE)} of rows carry the shared "
        f"pseudonym: {listed}. Rows without it are counted but linked to no person."
    )


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
