"""The rules for a whole row: one query reads a landing file once.

Its layers, from the inside out:

    raw      the extract's own value, and the checked value where it is sure: there the next layers see null
    tidy     text without spaces around it, recoded as the mapping says
    known    documented nulls set to null, and counted; text in its standard form
    typed    our type, or a named fault
    related  faults between two fields of a row
    checked  faulty fields null; `nulled_fields` names them; `reason` where the row is quarantined or withheld;
             `restricted_fields` those that held a legally restricted code: counted, and not kept with the row

A fault is the text `column:rule`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from phm_utils.inputs.fields import Field
from phm_utils.inputs.landing import FILE_COLUMN
from phm_utils.rules.restricted_codes import RESTRICTED
from phm_utils.schema import Table

BIRTHS = ("birth_month", "date_of_birth")
OLDEST = 120  # years: nobody in England has been older for long
OPT_OUT_TABLE = "withheld_people"  # people who opted out of the source being checked


@dataclass(frozen=True)
class RowRules:
    """What decides about a row as well as its columns.

    extract_date: a row dated later is rejected.
    index_date: nobody who was registered by then was born later.
    withheld: leave out the people of OPT_OUT_TABLE.
    original: keep the text of every row, not only of rejected rows.
    """

    extract_date: date
    withheld: bool
    original: bool = False
    index_date: date = date.max


def checked_rows_sql(table: Table, fields: list[Field], scan: str, rules: RowRules, where: str = "") -> str:
    """The query that reads one file: our columns, and `nulled_fields`, `restricted_fields`, `documented`, `reason`,
    `original`, `file`.

    scan: a FROM clause over the file. where: a condition on the extract's own columns.
    original: the row as received, as JSON text, where `reason` is given, without legally restricted codes; only its key
    where the row is withheld. file: the name of its file.
    """
    names = [f.name for f in fields]
    sure = [f.name for f in fields if f.sure()]
    kept_sure = "".join(f"sure_{n}, " for n in sure)
    raw = ", ".join(f"{f.raw} AS raw_{f.name}" for f in fields)
    raw += "".join(f", {f.sure()} AS sure_{f.name}" for f in fields if f.sure())
    unsure = ", ".join(
        f"CASE WHEN sure_{n} IS NULL THEN raw_{n} END AS {n}, raw_{n}" if n in sure else f"raw_{n} AS {n}, raw_{n}"
        for n in names
    )
    tidy = kept_sure + ", ".join(
        f"CASE WHEN {f.name} IS NOT NULL THEN {replace(f, raw=f.name).tidy()} END AS {f.name}, raw_{f.name}"
        for f in fields
    )
    known = kept_sure + ", ".join(f"{_known(f)}, raw_{f.name}" for f in fields)
    typed = ", ".join(f"{_typed(f, f.name in sure)}, raw_{f.name}, null_{f.name}" for f in fields)
    passed = ", ".join(f"raw_{n}, null_{n}" for n in names)
    related = ", ".join(f"{n}, {_related(table, n, fields, rules)} AS fault_{n}" for n in names)
    return (
        f"SELECT {_checked_columns(table, fields, rules)} FROM ("
        f"SELECT {related}, {passed}, file_path FROM (SELECT {typed}, file_path FROM (SELECT {known}, file_path FROM "
        f"(SELECT {tidy}, file_path FROM (SELECT {kept_sure}{unsure}, file_path FROM "
        f"(SELECT {raw}, {FILE_COLUMN} AS file_path FROM {scan} {where}))))))"
    )


def _known(field: Field) -> str:
    """The field in its standard form, null where empty or a documented null, and whether it was a documented null."""
    name, documented = field.name, field.is_documented_null()
    nothing = documented if field.native else f"{documented} OR {name} = ''"
    return (
        f"CASE WHEN {name} IS NULL OR {nothing} THEN NULL ELSE {field.standard()} END AS {name}, "
        f"CASE WHEN {name} IS NOT NULL AND {documented} THEN '{name}' END AS null_{name}"
    )


def _typed(field: Field, has_sure: bool) -> str:
    value = field.parsed()
    cases = " ".join(f"WHEN {condition} THEN '{field.name}:{rule}'" for condition, rule in field.faults(value))
    fault = f"CASE WHEN {field.name} IS NULL THEN NULL {cases} END"
    typed = f"CAST({value} AS {field.value_type})"
    checked = f"coalesce(sure_{field.name}, {typed})" if has_sure else typed
    return f"{checked} AS {field.name}, {fault} AS fault_{field.name}"


def _related(table: Table, name: str, fields: list[Field], rules: RowRules) -> str:
    """A fault of a field against another field of its row or against the extract, where it has none of its own."""
    column = next(f.column for f in fields if f.name == name)
    faults = _birth_faults(table, name, rules)
    if column.type in ("date", "month") and table.date not in (None, name) and not column.open_ended:
        faults.append((f"{name} > DATE '{rules.extract_date}'", "after the extract"))
    if (earlier := column.not_before) in {f.name for f in fields}:
        sound = [f"fault_{earlier} IS NULL"]
        sound += [f"NOT coalesce({fault}, false)" for fault, _ in _birth_faults(table, earlier, rules)]
        faults.append((" AND ".join([*sound, f"{name} < {earlier}"]), f"before {earlier}"))
    cases = "".join(f" WHEN {condition} THEN '{name}:{rule}'" for condition, rule in faults)
    return f"CASE WHEN fault_{name} IS NOT NULL THEN fault_{name}{cases} END" if cases else f"fault_{name}"


def _birth_faults(table: Table, name: str, rules: RowRules) -> list[tuple[str, str]]:
    """Pairs of SQL condition and rule for a month or date of birth; none for any other column.

    A birth later than the row's date is the fault of the birth, because the row's date is what its
    activity is counted by. In a registration it stays, for the age, unless the age would be negative.
    """
    if name not in BIRTHS:
        return []
    first = rules.extract_date.replace(year=max(rules.extract_date.year - OLDEST, 1), day=1)
    faults = [(f"{name} < DATE '{first}'", f"over {OLDEST} years ago")]
    if table.name == "gp_registration":
        index_date = f"DATE '{rules.index_date}'"
        return [*faults, (f"{name} > {index_date} AND {table.date} <= {index_date}", "after the index date")]
    return [(f"{name} > {table.date}", f"after {table.date}"), *faults] if table.date else faults


def _checked_columns(table: Table, fields: list[Field], rules: RowRules) -> str:
    columns = ", ".join(f"CASE WHEN fault_{f.name} IS NULL THEN {f.name} END AS {f.name}" for f in fields)
    withheld = _withheld(fields, rules)
    reasons = [f"WHEN {condition} THEN {reason}" for condition, reason in withheld]
    reasons += [
        f"WHEN fault_{f.name} IS NOT NULL THEN fault_{f.name} WHEN {f.name} IS NULL THEN '{f.name}:missing'"
        for f in fields
        if f.column.required
    ]
    if table.date:
        reasons.append(f"WHEN {table.date} > DATE '{rules.extract_date}' THEN '{table.date}:after the extract'")
    reason = f"CASE {' '.join(reasons)} END" if reasons else "CAST(NULL AS VARCHAR)"
    only_key = f"WHEN {' OR '.join(c for c, _ in withheld)} THEN {_as_json(table.key, fields)} " if withheld else ""
    shown = "true" if rules.original else f"{reason} IS NOT NULL"
    soft = [f for f in fields if not f.column.required]
    coded = [f for f in soft if f.column.code_system and not f.column.withholds_row]
    return (
        f"{columns}, {_faults_of(soft, restricted=False)} AS nulled_fields, "
        f"{_faults_of(coded, restricted=True)} AS restricted_fields, "
        f"{_joined([f'null_{f.name}' for f in fields])} AS documented, {reason} AS reason, "
        f"CASE {only_key}WHEN {shown} THEN {_as_json([f.name for f in fields], fields)} END AS original, "
        f"CASE WHEN {shown} THEN parse_filename(file_path, true) END AS file"
    )


def _withheld(fields: list[Field], rules: RowRules) -> list[tuple[str, str]]:
    """Pairs of SQL condition and reason for rows of which only the key may be kept: opt-outs, restricted codes."""
    person = next((f.name for f in fields if f.name in ("token_person_id", "nhs_number")), None)
    found = [(_is_restricted(f), f"'{f.name}:{RESTRICTED}'") for f in fields if f.column.withholds_row]
    if rules.withheld and person:
        found.insert(0, (f"{person} IN (SELECT person FROM {OPT_OUT_TABLE})", f"'{person}:opted out'"))
    return found


def _is_restricted(field: Field) -> str:
    return f"coalesce(fault_{field.name} = '{field.name}:{RESTRICTED}', false)"


def _as_json(names: Sequence[str], fields: list[Field]) -> str:
    """The fields as received, as one JSON text; a field with a legally restricted code is null."""
    raw = {f.name: f"raw_{f.name}" for f in fields}
    raw |= {f.name: f"CASE WHEN NOT {_is_restricted(f)} THEN raw_{f.name} END" for f in fields if f.column.code_system}
    return "CAST(json_object(" + ", ".join(f"'{n}', CAST({raw[n]} AS VARCHAR)" for n in names) + ") AS VARCHAR)"


def _faults_of(fields: list[Field], *, restricted: bool) -> str:
    """The faults of some fields: the legally restricted codes among them, or all others."""
    flags = [f"fault_{f.name}" for f in fields]
    wanted = [
        f"CASE WHEN {'' if restricted else 'NOT '}{_is_restricted(f)} THEN fault_{f.name} END"
        if f.column.code_system
        else f"fault_{f.name}"
        for f in fields
    ]
    return _joined(flags, wanted)


def _joined(flags: list[str], wanted: list[str] | None = None) -> str:
    """Those of some flags that are not null, as one text, null where there is none.

    wanted: what to take of each flag: worked out only where one of them is not null, in few rows.
    """
    if not flags:
        return "CAST(NULL AS VARCHAR)"
    some = " OR ".join(f"{flag} IS NOT NULL" for flag in flags)
    return f"CASE WHEN {some} THEN nullif(concat_ws(';', {', '.join(wanted or flags)}), '') END"
