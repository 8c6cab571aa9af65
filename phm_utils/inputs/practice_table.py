"""The practice table of a run, read, settled and written; and the names of its networks."""

from datetime import date

import duckdb
import pandas as pd

from phm_utils.engine import Model, guarded, present_tables, read_sql, session
from phm_utils.inputs.date_order import with_date_order
from phm_utils.inputs.extract import Extract
from phm_utils.inputs.landing import open_file
from phm_utils.inputs.landing_files import present_tables as tables_of_landing
from phm_utils.inputs.mapping import load_mapping
from phm_utils.inputs.practices import DAYS, NO_PCN, settled_practices
from phm_utils.inputs.tally import Tally
from phm_utils.params import Workbook
from phm_utils.runs import StageWriter
from phm_utils.schema import PCN_NOT_KNOWN
from phm_utils.tables import TABLES


def settle_practices(
    con: duckdb.DuckDBPyConnection, workbook: Workbook, writer: StageWriter, tally: Tally
) -> pd.DataFrame:
    """Write `practice`, one row per practice, in place of the table as it came; see `settled_practices`."""
    listed = _listed_practices(con)
    tally.count_unlisted_practices(listed["practice_code"])
    registered = pd.Series(dtype="int64")
    if "gp_registration" in present_tables(con):
        counted = read_sql(con, "SELECT practice_code, count(*) AS n FROM gp_registration GROUP BY ALL ORDER BY ALL")
        registered = counted.set_index("practice_code")["n"]
    settled = settled_practices(listed, registered, workbook)
    others = len(listed) - int((settled["memberships"] > 0).sum())
    tally.count_kept("practice", "pcn_code", "membership of another time", others)
    tally.count_kept("practice", "pcn_code", "in no network", int((settled["standing"] == NO_PCN).sum()))
    con.register("_settled", settled)
    days = ", ".join(f"CAST({day} AS DATE) AS {day}" for day in DAYS)
    writer.replace(con, Model("practice", ("practice_code",), sql=f"SELECT * REPLACE ({days}) FROM _settled"))
    con.unregister("_settled")
    return settled


def _listed_practices(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """The practice table as it came, typed; no rows where there is none."""
    source = "practice" if "practice" in present_tables(con) else f"({TABLES['practice'].empty_sql()})"
    return read_sql(con, f"SELECT * FROM {source} ORDER BY ALL")


def areas(workbook: Workbook) -> dict[str, str]:
    """Names of the ICS and its PCNs by code, from the practice table alone; the ICS alone where there is none."""
    mapping = load_mapping(workbook)
    found, _ = tables_of_landing(workbook, mapping)
    names = {workbook.ics_code: workbook.title}
    if "practice" not in found:
        return names
    with session() as con, guarded("Reading the practice table"):
        entry = mapping.of("practice")
        files = [open_file(con, TABLES["practice"], path, entry, workbook.form) for path in found["practice"]]
        extract = with_date_order(con, Extract(TABLES["practice"], files, entry, workbook.form, date.max, False))
        extract.list_valid_values(con)
        rows = pd.concat([read_sql(con, extract.rows_sql(file)) for file in files])
    settled = settled_practices(rows[rows["reason"].isna()], pd.Series(dtype="int64"), workbook)
    own = settled[settled["of_ics"] & (settled["pcn_code"] != PCN_NOT_KNOWN)]
    pcns = own.groupby("pcn_code")["pcn_name"].first()
    return names | {code: name if isinstance(name, str) else code for code, name in pcns.items()}
