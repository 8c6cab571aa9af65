"""Opt-outs: whose rows are withheld when data enter.

A Type 1 opt-out that a registration carries withholds the person's rows from
every table. A national data opt-out does so for the sources whose entry in
governance.yml says `applied: here`. Neither applies to direct care.
"""

import duckdb

from phm_utils.engine import guarded
from phm_utils.inputs.governance import Permission
from phm_utils.inputs.judging import WITHHELD_TABLE
from phm_utils.inputs.validate import Extract

FLAGS = ("type_1_opt_out", "national_data_opt_out")


def list_opt_outs(con: duckdb.DuckDBPyConnection, registrations: Extract | None) -> None:
    """Make `opted_out` (flag, person) from the registrations; empty where the extract has none."""
    con.execute("CREATE OR REPLACE TEMP TABLE opted_out (flag VARCHAR, person VARCHAR)")
    if registrations is None:
        return
    person = "token_person_id" if registrations.form == "pseudonymised" else "nhs_number"
    with guarded("Reading opt-outs"):
        for file in registrations.files:
            for flag in FLAGS:
                con.execute(
                    f"INSERT INTO opted_out SELECT DISTINCT '{flag}', {person} FROM ({registrations.rows_sql(file)}) "
                    f"WHERE {flag} AND {person} IS NOT NULL"
                )


def withhold(con: duckdb.DuckDBPyConnection, source: str, permissions: dict[str, Permission], purpose: str) -> bool:
    """Name the people whose rows of one source are withheld; False where there are none."""
    entries = [p for name, p in permissions.items() if name.partition("/")[0] == source]
    flags = [FLAGS[0]] + [FLAGS[1]] * any(p.national_data_opt_out.applied == "here" for p in entries)
    chosen = " OR ".join(f"flag = '{flag}'" for flag in flags) if purpose != "direct_care" else "false"
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {WITHHELD_TABLE} AS SELECT DISTINCT person FROM opted_out WHERE {chosen}"
    )
    return con.execute(f"SELECT count(*) FROM {WITHHELD_TABLE}").fetchall()[0][0] > 0
