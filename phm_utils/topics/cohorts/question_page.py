"""The register of questions in the cohort report: what each became here, and what came of it."""

from collections.abc import Mapping

import pandas as pd

from phm_utils.absent import Absent
from phm_utils.measures.cohort_definitions import Cohort
from phm_utils.measures.questions import SEPARATOR
from phm_utils.reports.findings import finding
from phm_utils.reports.words import day

OPEN = "not answered yet"


def _with_lists(questions: pd.DataFrame, lists: pd.DataFrame) -> pd.DataFrame:
    """With the lists of each question's cohorts in this area, and the people reached who were on them."""
    known = lists.set_index("cohort")
    names = questions["became"].str.split(SEPARATOR).map(lambda parts: [name for name in parts if name in known.index])
    reached = names.map(lambda found: known.loc[found, "reached"].sum(skipna=False) if found else 0)
    return questions.assign(
        lists=names.map(lambda found: int(known.loc[found, "lists"].sum())),
        reached=pd.array(reached.tolist(), dtype="Int64"),
    )


def register(
    questions: pd.DataFrame | Absent, lists: pd.DataFrame | Absent, cohorts: Mapping[str, Cohort]
) -> pd.DataFrame | Absent:
    """One row per question, the newest first.

    questions: of the release `question`. lists: of `list_people` in this area, or absent where nobody asked for one.
    People who are on the lists of several cohorts of one question count once for each.
    """
    if isinstance(questions, Absent):
        return questions
    counted = None if isinstance(lists, Absent) else _with_lists(questions, lists)
    shown = questions if counted is None else counted
    names = {name: cohort.short for name, cohort in cohorts.items()}
    made = {
        "Asked on": shown["day"].map(day),
        "By": shown["asked_by"],
        "Question": shown["question"],
        "Became": shown["became"].map(lambda text: "; ".join(names.get(n, n) for n in text.split(SEPARATOR)) or OPEN),
        "What came of it": shown["what_came_of_it"].where(shown["what_came_of_it"].ne(""), OPEN),
    }
    if counted is not None:
        made |= {"Lists here": counted["lists"], "People reached here": counted["reached"]}
    return pd.DataFrame(made)


@finding("detail")
def register_said(questions: pd.DataFrame) -> str:
    """How many questions were asked and by how many, and how many are open."""
    if questions.empty:
        return "Nobody has entered a question yet: `phm questions add` does."
    asked, still = len(questions), int(questions["what_came_of_it"].eq("").sum())
    one = asked == 1
    by = questions["asked_by"].nunique()
    lead = f"{asked} question{'' if one else 's'} of {by} organisation{'' if by == 1 else 's'}"
    return f"{lead} {'is' if one else 'are'} in the register; of {still} nothing is known to have come yet."
