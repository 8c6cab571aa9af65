"""A person table on a page: only the columns that matter are given, the rest are plain."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from phm_utils import engine
from phm_utils.measures.topic import COHORTS, PLACE, SEGMENTS
from phm_utils.params import Workbook
from phm_utils.rules.concepts import concepts
from phm_utils.rules.derived import person_columns
from phm_utils.rules.event_concepts import event_concepts
from phm_utils.runs import StageWriter
from phm_utils.schema import SQL_TYPE
from phm_utils.topic import Stage, call
from phm_utils.topics.segmentation.topic import CLUSTERS, MOVEMENT, RULES, THRESHOLDS

PLAIN = {"int": 0, "float": None, "bool": False, "text": "?", "date": "2010-01-01"}
# A woman of 50 in the least deprived fifth, well and unknown to every service.
SOMEBODY = {
    "practice_code": "A99001",
    "pcn_code": "U99001",
    "imd_decile": 10,
    "imd_quintile": 5,
    "sex": "Female",
    "age": 50,
    "age_band": "50-54",
    "ethnic_group": "White",
    "core20": False,
    "smoking_status": "Never",
    "alcohol_risk": "Not recorded",
    "frailty_coded": "Not recorded",
    "efi_category": None,
    "hfrs_category": None,
    "bmi_months_ago": None,
}
STAGES = (SEGMENTS, COHORTS, PLACE, RULES, THRESHOLDS, MOVEMENT, CLUSTERS)  # each after those that it reads
FIRST_DAY = pd.Timestamp("2015-01-01")  # of every source of events
PRACTICES = pd.DataFrame(
    {
        "practice_code": ["A99001", "A99002", "A99003"],
        "practice_name": ["One", "Two", None],
        "pcn_code": ["U99001", "U99001", "U99002"],
        "pcn_name": ["North", "North", "South"],
    }
)


# Cohorts of several forms: on columns alone, and together quick to count.
USUAL_COHORTS = (
    *("diabetes_depression_deprived", "frequent_ed_attenders", "high_bmi_anxiety_depression_no_covid_vaccination"),
    *("polypharmacy_75_and_over", "severe_mental_illness_emergency_care"),
)


def stage_of(step: Stage) -> str:
    """The name of the stage that a step is one of."""
    return step.name.partition("/")[0]


class People:
    """A person table in DuckDB, and the stages run on it."""

    def __init__(self, con: duckdb.DuckDBPyConnection, folder: Path) -> None:
        self.con, self.folder = con, folder
        self.cohorts: tuple[str, ...] = ()  # those that are counted; USUAL_COHORTS are quick
        self.workbook = Workbook(
            name="tiny", title="Tiny", ics_code="QZZ", synthetic=True, index_date="2025-03-31", landing="landing"
        )

    def are(self, rows: list[dict], missing: Iterable[tuple[str, str]] = ()) -> None:
        """Make `person`: one row per dict; `count` repeats it. missing: (table, column) left out of this run."""
        self._make("person", rows, [name for _, name in missing])
        left = pd.DataFrame(list(missing), columns=["table_name", "column_name"]).astype("str")
        self.con.register("_left", left)
        self.con.execute("CREATE OR REPLACE TABLE person_left_out AS SELECT *, '' AS what FROM _left")
        self.con.register("_practices", PRACTICES)
        self.con.execute("CREATE OR REPLACE TABLE practice AS SELECT * FROM _practices")
        self.con.execute("CREATE OR REPLACE TABLE practice_caution (practice_code VARCHAR, why VARCHAR)")
        self.con.execute("CREATE TABLE IF NOT EXISTS code_list (list_name VARCHAR, place INTEGER, code VARCHAR)")
        if "person_follow_up" not in engine.present_tables(self.con):
            self.con.execute("CREATE TABLE person_follow_up AS SELECT person_id, false AS died FROM person")
        self.have([], without={table for table, _ in missing})

    def have(
        self, events: list[dict], without: Iterable[str] = (), sources: Mapping[str, Mapping[str, str]] | None = None
    ) -> None:
        """Make `person_event`: a dict per event with `person` (its number), `concept`, `day`, and `value` or `code`.

        without: tables that the run lacks. sources: by table, what of `first_date`, `to_date` and `silent` is unusual.
        """
        known, lacking = event_concepts(concepts()), set(without)
        usual = {"first_date": FIRST_DAY, "to_date": self.workbook.index_date, "silent": ""}
        rows = [
            {"concept_no": n, "concept": c.name, "source": c.table, "lacks": c.table * (c.table in lacking)}
            | usual
            | dict((sources or {}).get(c.table, {}))
            | ({"first_date": None} if c.name == "born" else {})
            for n, c in enumerate(known.values())
        ]
        self.con.register("_concepts", pd.DataFrame(rows).astype(object))
        self.con.execute(
            "CREATE OR REPLACE TABLE event_concept AS SELECT * REPLACE (CAST(concept_no AS SMALLINT) AS concept_no, "
            "CAST(first_date AS DATE) AS first_date, CAST(to_date AS DATE) AS to_date) FROM _concepts"
        )
        made = [
            (list(known).index(e["concept"]), e["concept"], e["person"], e["day"], e.get("value"), e.get("code"))
            for e in events
        ]
        columns = ["concept_no", "concept", "person_no", "day", "value", "code"]
        self.con.register("_events", pd.DataFrame(made, columns=columns).astype(object))
        self.con.execute(
            "CREATE OR REPLACE TABLE person_event AS SELECT CAST(concept_no AS SMALLINT) AS concept_no, "
            "CAST(concept AS VARCHAR) AS concept, CAST(person_no AS INTEGER) AS person_no, CAST(day AS DATE) AS day, "
            "CAST(value AS DOUBLE) AS value, CAST(code AS VARCHAR) AS code FROM _events"
        )

    def were(self, rows: list[dict], died: Iterable[str] = (), missing: Iterable[str] = ()) -> None:
        """Make `person_earlier`, in the same way, and follow-up: `died` are ids of those who died since."""
        self._make("person_earlier", rows, list(missing))
        followed = pd.DataFrame(list(died), columns=["person_id"]).astype("str")
        self.con.register("_died", followed)
        self.con.execute(
            "CREATE OR REPLACE TABLE person_follow_up AS SELECT person_id, true AS died FROM _died "
            "UNION ALL SELECT person_id, false FROM person_earlier WHERE person_id NOT IN (SELECT person_id FROM _died)"
        )

    def _make(self, table: str, rows: list[dict], missing: list[str]) -> None:
        columns = person_columns()
        full = []
        for row in rows:
            given = {name: PLAIN[c.type] for name, c in columns.items()} | SOMEBODY | row
            times = given.pop("count", 1)
            full += [{"person_id": None} | given | dict.fromkeys(missing)] * times
        frame = pd.DataFrame(full, columns=["person_id", *columns]).astype(object)
        numbered = pd.Series([f"person-{n:04d}" for n in range(len(frame))], dtype=object)
        frame["person_id"] = frame["person_id"].where(frame["person_id"].notna(), numbered)
        self.con.register("_people", frame.where(frame.notna(), None))
        typed = ", ".join(f"CAST(CAST({n} AS VARCHAR) AS {SQL_TYPE[c.type]}) AS {n}" for n, c in columns.items())
        self.con.execute(
            f"CREATE OR REPLACE TABLE {table} AS SELECT person_id, "
            f"CAST(row_number() OVER (ORDER BY person_id) AS INTEGER) AS person_no, {typed} FROM _people"
        )

    def choose(self, segmentation: str) -> None:
        """Let the workbook use another rule file."""
        changed = {"notebooks": {"02_segmentation": {"segmentation": segmentation}}}
        self.workbook = self.workbook.model_copy(update=changed)

    def made(self) -> dict[str, pd.DataFrame]:
        """Every table of the person-level stages of segments and cohorts; one of several steps has all their rows."""
        for table in (name for stage in STAGES for name in stage.makes):
            self.con.execute(f"DROP VIEW IF EXISTS {table}")
        found: dict[str, list[Path]] = {}
        for step in (step for stage in STAGES for step in stage.steps(self.workbook)):
            if stage_of(step) == COHORTS.name and step.item not in self.cohorts:
                continue
            writer = StageWriter(self.folder / step.name)
            writer.folder.mkdir(parents=True, exist_ok=True)
            item = {} if step.item is None else {"item": step.item}
            for model in call(step.function, self.con, self.workbook, **item):
                writer.add(self.con, model)
            for name, table in writer.tables.items():
                found.setdefault(name, []).extend(writer.folder / file for file in table["files"])
        for name, files in found.items():
            self.con.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT * FROM {engine.parquet_source(files)}")
        return {name: engine.read_sql(self.con, f"SELECT * FROM {name} ORDER BY ALL") for name in found}


@pytest.fixture
def people(tmp_path: Path):
    (tmp_path / "store").mkdir()
    with engine.session(tmp_path) as con:
        yield People(con, tmp_path / "store")
