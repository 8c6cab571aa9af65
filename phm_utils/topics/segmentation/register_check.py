"""People on each register here, and published figures."""

import duckdb
import pandas as pd

from phm_utils.engine import read_sql
from phm_utils.privacy.blocks import Areas
from phm_utils.privacy.relations import AcrossAreas
from phm_utils.privacy.release import AREA, Release, count, derived, key, keys


def _with_ratio(shown: pd.DataFrame) -> pd.DataFrame:
    """Protected counts with `difference` (people) and `ratio` to what was published."""
    published = shown["published"].astype("Float64")
    return shown.assign(
        difference=shown["counted"] - shown["published"], ratio=shown["counted"] / published.mask(published == 0)
    )


REGISTERS = Release(
    "register_reconciled",
    "People on each register and list here, and published figures; one row per practice and register",
    (
        *(AREA, *keys("practice_code", "practice_name", "register", "title", "as_at"), key("published", "int")),
        *(count("counted"), derived("difference", "int"), derived("ratio")),
    ),
    relations=(AcrossAreas(("counted",)),),
    derive=_with_ratio,
    part="Registers against published figures",
    needs="the table of published registers",
)


def registers(con: duckdb.DuckDBPyConnection, areas: Areas) -> pd.DataFrame:
    """The true figures of REGISTERS: one row per area, practice and register for which a figure was published."""
    frame = read_sql(
        con,
        "SELECT reconciled.pcn_code, reconciled.practice_code, "
        "coalesce(practice.practice_name, reconciled.practice_code) AS practice_name, reconciled.register, "
        "reconciled.title, strftime(reconciled.as_at, '%Y-%m-%d') AS as_at, reconciled.published, reconciled.counted "
        "FROM register_reconciled AS reconciled LEFT JOIN practice USING (practice_code)",
    )
    blocks = [frame.rename(columns={"pcn_code": "area_code"}), frame.assign(area_code=areas.ics_code)]
    return pd.concat([block.drop(columns="pcn_code", errors="ignore") for block in blocks], ignore_index=True)
