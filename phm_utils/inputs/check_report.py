"""What `phm check` prints: rows by table, faults, the account of people, silent practices and months."""

import pandas as pd

from phm_utils.inputs.alarms import FEWEST
from phm_utils.inputs.listed_addresses import ACCOUNT, address_lines
from phm_utils.inputs.people_account import AMONG, COUNTED, REGISTERED, UNITS
from phm_utils.inputs.practices import LISTED, NO_PCN
from phm_utils.inputs.silence import MONTHS
from phm_utils.runs import Store
from phm_utils.schema import PCN_NOT_KNOWN

LOW_SHARE = 0.5  # of a practice's people
NAMED = 5  # practices
# What follows from a faulty field, where it is more than the field's own absence.
CONSEQUENCE = {
    ("gp_registration", "registered_to"): "ended on an unknown day, not counted as current",
    ("asc_event", "event_end"): "service ended on an unknown day, not counted",
    ("gp_registration", "type_1_opt_out"): "taken as an opt-out",
    ("gp_registration", "national_data_opt_out"): "taken as an opt-out",
}


def report(store: Store) -> str:
    """The counts as text: one line per table, the account of people, what is silent, faults, and accepted alarms."""
    tables, fields = store.read("check_table"), store.read("check_field")
    present = tables[tables["state"] == "present"]
    lines = [f"{'table':<20}{'rows in':>14} = {'kept':>12} + {'quarantined':>12}{'with a field nulled':>22}"]
    for row in present.itertuples():
        lines.append(
            f"{row.table_name:<20}{row.rows_in:>14,} = {row.rows_kept:>12,} + {row.rows_quarantined:>12,}"
            f"{row.rows_nulled:>22,}"
        )
    if absent := list(tables.loc[tables["state"] == "absent", "table_name"]):
        lines.append(f"absent: {', '.join(absent)}")
    lines += [f"not read: {path}" for path in store.read("unread_file")["path"]]
    lines += ["", *account_lines(store.read("people_account"))]
    lines += address_lines(store.read(ACCOUNT))
    lines += silence_lines(store.read("silent_practice"), store.read("silent_month"))
    practices = store.read("check_practice")
    lines += unregistered_lines(store.read("practice"), practices) + deprivation_lines(practices)
    faults = fields[fields["disposition"] != "documented null"].sort_values(
        ["rows", "table_name", "column_name", "rule"], ascending=[False, True, True, True]
    )
    if len(faults):
        lines += ["", f"{'rows':>10}  outcome"]
    for row in faults.itertuples():
        of_fault = CONSEQUENCE if row.disposition != "kept" else {}
        what = of_fault.get((row.table_name, row.column_name), "")
        lines.append(
            f"{row.rows:>10,}  {row.disposition}: {row.table_name}.{row.column_name}, {row.rule}{what and f' ({what})'}"
        )
    accepted = store.read("check_alarm")
    lines += [f"accepted: {name}: {text}" for name, text in zip(accepted["name"], accepted["text"], strict=True)]
    return "\n".join(lines)


def account_lines(account: pd.DataFrame) -> list[str]:
    """The account of people: registered in the extract = counted + named reasons. account: `people_account`."""
    if account.empty:
        return []
    people = account.set_index(["part", "what"])["people"]
    units = account[account["part"] == UNITS]
    counted = int(units["people"].sum())
    shown = [(what, int(n)) for (part, what), n in people.items() if part not in (UNITS, AMONG)]
    places = {what: place for place, (what, _) in enumerate(shown)}
    after = places[REGISTERED] + 1
    lines = [f"{n:>14,}  {what}" for what, n in shown[:after] if n or what == REGISTERED]
    lines += [f"{n:>14,}    not counted: {what}" for what, n in shown[after:] if n]
    lines.append(f"{counted:>14,}    {COUNTED}, in {len(units)} network{'s' * (len(units) != 1)}")
    unknown = units.loc[units["unit_code"] == PCN_NOT_KNOWN, "people"].sum()
    lines += [f"{int(unknown):>14,}      of them in no known network (unit `PCN not known`)"] if unknown else []
    return lines + [f"{int(n):>14,}      of them: {what}" for (part, what), n in people.items() if part == AMONG]


def deprivation_lines(practices: pd.DataFrame) -> list[str]:
    """A line per practice of whose people fewer than LOW_SHARE live in an area of known deprivation."""
    known = practices["deprivation_known"] / practices["registered"].where(practices["registered"] >= FEWEST)
    low = practices[(known < LOW_SHARE).fillna(False)]
    return [
        f"deprivation: known for {row.deprivation_known:,} of {row.registered:,} people of practice {row.practice_code}"
        for row in low.itertuples()
    ]


def unregistered_lines(listed: pd.DataFrame, practices: pd.DataFrame) -> list[str]:
    """A line on the open practices of the ICS with which nobody is registered, where others have registrations.

    listed: `practice`. practices: `check_practice`.
    """
    registered = practices[practices["registered"] > 0]["practice_code"]
    is_open = listed[listed["of_ics"] & listed["standing"].isin([LISTED, NO_PCN])]["practice_code"]
    without = sorted(is_open[~is_open.isin(registered)])
    if registered.empty or not without:
        return []
    named = ", ".join(without[:NAMED]) + ("" if len(without) <= NAMED else " and others")
    return [
        f"no registrations: {len(without)} of {len(is_open)} open practices of the ICS have none in gp_registration "
        f"({named})"
    ]


def silence_lines(practices: pd.DataFrame, months: pd.DataFrame) -> list[str]:
    """A line per silent practice and per source with silent months."""
    lines = []
    for row in practices.itertuples():
        verdict = "its people are not counted" if row.left_out else "counted all the same"
        last = f"last rows in {row.last_month:%B %Y}" if pd.notna(row.last_month) else "no rows at all"
        lines.append(
            f"silent: practice {row.practice_code} in {row.table_name}, {row.silent} of {row.months} months "
            f"({last}); {verdict}"
        )
    for (table, unit), rows in months.groupby(["table_name", "unit"]):
        listed = ", ".join(f"{month:%b %Y}" for month in rows["month"].head(MONTHS))
        whose = f" from {unit}" if unit else ""
        lines.append(f"silent: {table}{whose}, (nearly) no rows in {listed}")
    return lines
