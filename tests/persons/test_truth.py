"""The person table of a make-believe PCN against the truth that it was made from."""

from pathlib import Path

import pytest

from phm_utils import engine
from phm_utils.linkage.link import link
from phm_utils.params import Workbook
from phm_utils.persons import persons
from phm_utils.rules.concepts import concepts
from phm_utils.runs import StageWriter
from phm_utils.synthetic import simulate
from phm_utils.tables import SQL_TYPE, TABLES

NEVER_RESOLVED = [c.concept for c in concepts() if c.kind == "condition" and c.resolved_by is None]


@pytest.fixture(scope="module")
def con(tmp_path_factory):
    """A tiny PCN, its extracts read as they are (dates that are none are null), linked and put together."""
    folder = tmp_path_factory.mktemp("truth")
    root = simulate(folder / "landing", pcns=1, people_per_pcn=4_000, seed=11, form="pseudonymised", workers=1)
    with engine.session(folder) as connection:
        checks = []
        for name, table in TABLES.items():
            source = _landing(root / "pseudonymised", name)
            if source:
                present = {row[0] for row in connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()}
                typed = [
                    f"TRY_CAST({c.name if c.name in present else 'NULL'} AS {SQL_TYPE[c.type]}) AS {c.name}"
                    for c in table.for_form("pseudonymised")
                ]
                connection.execute(f"CREATE VIEW {name} AS SELECT {', '.join(typed)} FROM {source}")
                checks.append(f"('{name}', 'present', DATE '2020-04-01', DATE '2025-04-30')")
        connection.execute(
            "CREATE TABLE check_table AS SELECT * FROM "
            f"(VALUES {', '.join(checks)}) AS t (table_name, state, first_date, last_date)"
        )
        workbook = Workbook(
            name="tiny", title="Tiny", ics_code="QZZ", synthetic=True, index_date="2025-03-31", landing="landing"
        )
        writer = StageWriter(folder / "store")
        writer.folder.mkdir()
        for stage in (link, persons):
            for model in stage(connection, workbook):
                writer.add(connection, model)
        truth = engine.parquet_source(sorted((root / "truth" / "person").glob("*.parquet")))
        connection.execute(f"CREATE VIEW truth AS SELECT * FROM {truth}")
        yield connection


def _landing(folder: Path, name: str) -> str | None:
    files = sorted((folder / name).glob("*.parquet")) or [p for p in [folder / f"{name}.parquet"] if p.exists()]
    return engine.parquet_source(files) if files else None


def test_everybody_due_is_there_once(con):
    # Registered by the index date, not gone or dead by then, and not opted out. A few wrong
    # leaving dates leave somebody on a list whom the truth has gone.
    [(due, there, extra)] = con.execute(
        """WITH t AS (SELECT *, registered AND NOT type_1_opt_out AND joined <= DATE '2025-03-31'
                AND coalesce("left", DATE '2030-01-01') >= DATE '2025-03-31'
                AND coalesce(died, DATE '2030-01-01') > DATE '2025-03-31' AS due FROM truth)
        SELECT count(*) FILTER (due), count(*) FILTER (due AND p.person_id IS NOT NULL),
            count(*) FILTER (NOT due AND NOT type_1_opt_out AND p.person_id IS NOT NULL)
        FROM t LEFT JOIN person AS p ON p.person_id = t.token_person_id"""
    ).fetchall()
    assert there == due > 3_000
    assert extra <= due / 1_000


def test_nobody_has_a_condition_that_the_truth_does_not_give_and_few_are_missed(con):
    for name in NEVER_RESOLVED:
        [(false, missed, has)] = con.execute(
            f"""SELECT count(*) FILTER ({name} AND NOT has_{name}), count(*) FILTER (has_{name} AND NOT {name}),
                count(*) FILTER (has_{name})
            FROM person INNER JOIN truth ON truth.token_person_id = person.person_id"""
        ).fetchall()
        assert false == 0, name
        # Codes spoilt on purpose, and one practice's stale extract; palliative care comes late in life.
        assert missed <= 0.03 * has + 5, name


def test_ages_are_those_of_the_truth(con):
    [(wrong,)] = con.execute(
        """SELECT count(*) FROM person INNER JOIN truth ON truth.token_person_id = person.person_id
        WHERE person.age <> date_diff('month', date_trunc('month', date_of_birth), DATE '2025-03-31') // 12"""
    ).fetchall()
    assert wrong == 0


def test_attendances_follow_the_planted_rates(con):
    [(expected, seen)] = con.execute(
        """SELECT avg(ed_rate), avg(ed_attendances_12m)
        FROM person INNER JOIN truth ON truth.token_person_id = person.person_id WHERE NOT enrolled"""
    ).fetchall()
    assert seen == pytest.approx(expected, rel=0.15)
