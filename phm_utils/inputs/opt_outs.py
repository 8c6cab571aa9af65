"""Opt-outs and sensitive records at the door: whose rows are withheld, and what stops the check as nobody could know.

Fails closed: a flag that cannot be read as "no" withholds the person, or stops the check where the parameter
file says so; a flag that should be there and is not stops it; and a flag that the supplier should have acted
on is an incident. Whoever is flagged as sensitive stands on no list; their rows are kept, and they count in figures.
"""

import duckdb

from phm_utils.engine import guarded, quote
from phm_utils.errors import InputError
from phm_utils.inputs.extract import Extract
from phm_utils.inputs.fields import FALSE, TRUE
from phm_utils.inputs.governance import Permission, opt_out_policy
from phm_utils.inputs.landing import LandingFile
from phm_utils.inputs.portions import same_shape
from phm_utils.inputs.row_rules import OPT_OUT_TABLE
from phm_utils.params import Workbook

TYPE_1, NATIONAL = FLAGS = ("type_1_opt_out", "national_data_opt_out")
UNREADABLE = "cannot be read as no"
SENSITIVE = "sensitive"  # withholds a person from lists, not from figures
TAKEN_AS_SENSITIVE = f"{UNREADABLE}: taken as sensitive"


Permissions = list[tuple[str, Permission]]


def read_opt_outs(
    con: duckdb.DuckDBPyConnection, registrations: Extract | None, permissions: Permissions, workbook: Workbook
) -> dict[str, int]:
    """Make `opted_out` (flag, person) from the registrations; registrations by flag that cannot be read as "no".

    Raises InputError where a flag is needed and absent, is unreadable and the
    parameter file says to stop, or should have been acted on before arrival.
    """
    con.execute("CREATE OR REPLACE TEMP TABLE opted_out (flag VARCHAR, person VARCHAR)")
    if registrations is None:
        return {}
    entries = dict(permissions)
    applied: dict[str, set[str]] = {
        TYPE_1: {entries["gp_extract"].type_1_opt_out.applied},
        NATIONAL: {p.national_data_opt_out.applied for p in entries.values()},
    }
    unreadable, asked = {}, opt_out_policy(workbook).apply
    with guarded("Reading opt-outs"):
        for flag in (flag for flag in FLAGS if flag in asked):
            counts = _words(con, registrations, flag)
            _refuse(flag, applied[flag], counts, workbook)
            unreadable[flag] = _unreadable(counts)
        _list_people(con, registrations)
    return {flag: n for flag, n in unreadable.items() if n}


def unreadable_sensitive(con: duckdb.DuckDBPyConnection, registrations: Extract | None) -> int:
    """Registrations whose flag of a sensitive record can be read as neither yes nor no: they count as sensitive.

    Unlike an opt-out the flag may be absent: then nobody is known to have it.
    """
    if registrations is None:
        return 0
    with guarded("Reading flags of sensitive records"):
        return _unreadable(_words(con, registrations, SENSITIVE))


def withhold(con: duckdb.DuckDBPyConnection, source: str, permissions: Permissions, workbook: Workbook) -> bool:
    """Name the people whose rows of one source are withheld; False where there are none."""
    entries = [p for name, p in permissions if name.partition("/")[0] == source]
    chosen = {TYPE_1} | ({NATIONAL} if any(p.national_data_opt_out.applied == "here" for p in entries) else set())
    applied = chosen & set(opt_out_policy(workbook).apply)
    flags = [f"flag = '{flag}'" for flag in FLAGS if flag in applied]
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {OPT_OUT_TABLE} AS SELECT DISTINCT person FROM opted_out "
        f"WHERE {' OR '.join(flags) or 'false'}"
    )
    return con.execute(f"SELECT count(*) FROM {OPT_OUT_TABLE}").fetchall()[0][0] > 0


def _refuse(flag: str, applied: set[str], counts: dict[str, int], workbook: Workbook) -> None:
    """Refuse what nobody can be sure of. counts: registrations by word of the flag."""
    words = flag.replace("_", " ")
    # Of an identified extract the check of what `phm link` makes of it will ask.
    if "here" in applied and not counts and workbook.form == "pseudonymised":
        raise InputError(
            f"gp_registration says nothing of the {words}: no column {flag}, or nothing in it, and "
            f"{workbook.governance} says that it is applied here. Ask for the column; or, if the supplier left these "
            "people out, say `supplier`."
        )
    doubtful = sum(n for word, n in counts.items() if word not in FALSE)
    if "supplier" in applied and flag == TYPE_1 and doubtful:
        raise InputError(
            f"{doubtful:,} registrations carry a {words} that the supplier should have applied before they arrived "
            f"({workbook.governance}: `supplier`). This is an incident: tell the controller, and do not use the "
            "extract. If the agreement says that flags come to be applied here, say `here`."
        )
    unreadable = _unreadable(counts)
    if unreadable and workbook.unreadable_opt_outs == "stop":
        raise InputError(
            f"The {words} cannot be read as yes or no in {unreadable:,} of the registrations. Give its words in the "
            "mapping file (`values`), or let `unreadable_opt_outs: withhold` leave these people out."
        )


def _words(con: duckdb.DuckDBPyConnection, registrations: Extract, flag: str) -> dict[str, int]:
    """Registrations by word of a flag, in small letters; those without one are not counted."""
    counts: dict[str, int] = {}
    for file in same_shape(registrations.files):
        word = _word(registrations, file, flag)
        rows = con.execute(f"SELECT {word} AS word, count(*) FROM {file.scan} GROUP BY word").fetchall()
        for value, n in rows:
            if value is not None:
                counts[value] = counts.get(value, 0) + n
    return counts


def _unreadable(counts: dict[str, int]) -> int:
    """Registrations of which the flag has a word that is neither yes nor no."""
    return sum(n for word, n in counts.items() if word not in (*TRUE, *FALSE))


def _word(registrations: Extract, file: LandingFile, flag: str) -> str:
    """SQL over a file's own columns: the flag in small letters, null where it is empty or a documented null."""
    field = next(f for f in registrations.fields(file) if f.name == flag)
    text = f"CAST({field.tidy()} AS VARCHAR)"
    fillers = ", ".join(quote(filler) for filler in field.fillers)
    return f"CASE WHEN {text} NOT IN ({fillers}) THEN lower({text}) END"


def _list_people(con: duckdb.DuckDBPyConnection, registrations: Extract) -> None:
    person = "token_person_id" if registrations.form == "pseudonymised" else "nhs_number"
    flags = ", ".join(f"CASE WHEN {flag} THEN '{flag}' END" for flag in FLAGS)
    asked = [*FLAGS, person]
    registrations.list_valid_values(con, asked)
    for file in same_shape(registrations.files):
        given = registrations.values_sql(file, asked)
        rows = f"FROM ({given}) WHERE ({' OR '.join(FLAGS)}) AND {person} IS NOT NULL"
        con.execute(f"INSERT INTO opted_out SELECT DISTINCT unnest([{flags}]) AS flag, {person} {rows}")
    con.execute("DELETE FROM opted_out WHERE flag IS NULL")
