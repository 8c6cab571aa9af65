"""The stage that counts what changed in each cohort since an earlier run."""

from collections.abc import Iterator

import duckdb

from phm_utils.engine import Model, read_sql
from phm_utils.measures.change_counts import by_criterion, by_reason
from phm_utils.measures.cohort_change import compared, earlier_run
from phm_utils.params import Workbook
from phm_utils.privacy.blocks import Areas
from phm_utils.privacy.release import aggregate
from phm_utils.topics.cohorts.change_releases import CHANGE, CRITERION


def cohort_change(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> Iterator[Model]:
    """The stage: true figures of the changes; none without an earlier run that this one can be compared with."""
    kept = earlier_run(workbook)
    if kept is None or (found := compared(con, kept)) is None or found.cohorts.empty:
        return
    codes = read_sql(con, "SELECT DISTINCT pcn_code FROM person_place ORDER BY pcn_code")["pcn_code"]
    areas = Areas(tuple(codes), workbook.ics_code)
    yield aggregate(CHANGE, by_reason(found, areas))
    yield aggregate(CRITERION, by_criterion(found, areas))
