"""The stage that takes the register of questions into the run, so that a report can show it."""

from collections.abc import Iterator

import duckdb

from phm_utils.engine import Model
from phm_utils.measures.questions import load_questions, questions_frame, questions_path
from phm_utils.params import Workbook
from phm_utils.privacy.blocks import numbered
from phm_utils.privacy.release import aggregate
from phm_utils.topics.cohorts.list_releases import QUESTION


def question_tables(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> Iterator[Model]:
    """The stage: every question, the newest first, once for the ICS; nothing where there is no register."""
    if not questions_path().is_file():
        return
    newest_first = questions_frame(load_questions()).iloc[::-1].reset_index(drop=True)
    yield aggregate(QUESTION, numbered(newest_first).assign(area_code=workbook.ics_code))
