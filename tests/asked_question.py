"""An open question for the explorer over a person table on a page: columns only, counted by their plain SQL."""

import duckdb
import pandas as pd

from phm_utils.engine import read_sql
from phm_utils.measures.definitions import Cohort, check_cohort
from phm_utils.rules.derived import person_columns
from phm_utils.rules.tree import compile_rule, describe
from phm_utils.topics.cohorts.cohort_releases import DIMENSIONS

LEVEL = {name: sql for name, (_, sql, _) in DIMENSIONS.items()} | {"PCN": "pcn_code", "Practice": "practice_code"}
CONCEPTS = [
    ("copd", "condition", "COPD", "event", "", ()),
    ("asthma", "condition", "Asthma", "event", "", ()),
    ("bmi", "value", "Body mass index", "event", "kg/m2", ()),
    ("ed_attendances", "activity", "Emergency department attendances", "event", "", ()),
]


class AskedPeople:
    """What `phm_utils.measures.asking` gives, for rules on columns of a table `person`.

    asked: how often anything was counted.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.con, self.known, self.asked = con, person_columns(), 0

    def _conditions(self, cohort: Cohort) -> list[str]:
        self.asked += 1
        check_cohort(cohort, self.known, "The definition")
        return [compile_rule(rule, self.known) for rule in cohort.criteria]

    def attrition(self, cohort: Cohort) -> pd.DataFrame:
        conditions = ["true", *self._conditions(cohort)]
        words = ["Registered on the index date", *(describe(rule, self.known) for rule in cohort.criteria)]
        rows = []
        for step in range(len(conditions)):
            before = " AND ".join(conditions[: max(step, 1)])
            people, unknown = self.con.execute(
                f"SELECT count(*) FILTER (WHERE {conditions[step]}), count(*) FILTER (WHERE ({conditions[step]}) IS NULL) "
                f"FROM person WHERE {before}"
            ).fetchone()
            rows.append((step, words[step], people, unknown))
        return pd.DataFrame(rows, columns=["step", "criterion", "people", "unknown"])

    def by(self, cohort: Cohort, dimension: str) -> pd.DataFrame:
        meets = " AND ".join(self._conditions(cohort))
        return read_sql(
            self.con,
            f"""
WITH judged AS (SELECT {LEVEL[dimension]} AS level, age_band, sex, coalesce({meets}, false) AS is_in FROM person),
strata AS (SELECT age_band, sex, avg(is_in::INT) AS rate FROM judged GROUP BY ALL)
SELECT level, count(*) FILTER (WHERE is_in) AS people, count(*) AS registered, sum(rate) AS expected
FROM judged INNER JOIN strata USING (age_band, sex) GROUP BY level ORDER BY level""",
        )

    def columns(self, word: str | None = None) -> pd.DataFrame:
        rows = [(c.name, "column", c.title, c.type, c.unit or "", c.words) for c in self.known.values()]
        names = ["name", "kind", "title", "type", "unit", "words"]
        frame = pd.DataFrame([*rows, *CONCEPTS], columns=names)
        fits = (frame["name"] + " " + frame["title"]).str.contains(word or "", case=False, regex=False)
        return frame[fits]

    def describe(self, cohort: Cohort) -> str:
        return "\n".join(describe(rule, self.known) for rule in cohort.criteria)

    def sql(self, cohort: Cohort) -> str:
        return " AND ".join(self._conditions(cohort))
