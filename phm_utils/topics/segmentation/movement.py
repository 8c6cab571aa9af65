"""Movement between segments: people's segment 24 months before the index date and on it."""

from collections.abc import Iterator
from functools import partial

import duckdb
import pandas as pd

from phm_utils.engine import Model, guarded, present_tables, read_sql
from phm_utils.measures.segments import ASSESSED, NEEDED_RULES, applicable, chosen, first_rule, rule_table, segment_sql
from phm_utils.methods.rates import with_shares
from phm_utils.params import Workbook
from phm_utils.privacy.blocks import Areas, by_area, counted
from phm_utils.privacy.relations import AcrossAreas, AtMost, Parts
from phm_utils.privacy.release import AREA, PLACE, SHARES, Release, counts, keys
from phm_utils.rules.derived import columns_missing, person_columns
from phm_utils.rules.tree import criteria

NOT_REGISTERED, DIED, LEFT = "Not registered then", "Died", "Left"
BY_AGE = ("age", "age_band")  # what changes in everybody

PART = "Movement between segments"
NEEDS = f"extracts with leavers and deaths that go back three years, or {NEEDED_RULES}"
MOVEMENT = Release(
    "segment_movement",
    "People by segment 24 months before the index date and on it, and their share of the segment they were in; "
    "people_by_age: moved because of their age alone",
    (AREA, PLACE, *keys("from_segment", "to_segment"), *counts("people", "people_by_age", "people_from"), *SHARES),
    relations=(
        AcrossAreas(("people", "people_by_age", "people_from"), exact=False),  # see `moved`
        *(Parts("people", ("to_segment",), "people_from"), AtMost("people_by_age", "people")),
    ),
    derive=partial(with_shares, of="people_from"),
    part=PART,
    needs=NEEDS,
)
LEFT_OUT = Release(
    "segment_movement_left_out",
    "Rules left out of the movement between segments, at both dates, because data at the earlier date are missing",
    (AREA, PLACE, *keys("segment", "reason", "needs")),
    may_be_empty=True,
    part=PART,
    needs=NEEDS,
)


def movement(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> Iterator[Model]:
    """The stage: `segment_earlier`, `segment_movement` and `segment_movement_left_out`; none without `person_earlier`.

    None, too, where too few rules can be assessed at both dates.

    A rule on a column that was null throughout at the earlier date is applied at
    neither date: people would seem to move because an extract
    began. `segment_movement` may then differ from `segment`, and
    `segment_movement_left_out` lists those rules.

    segment_movement: one row per PCN, `from_segment` and `to_segment`. People
        count where they are registered now; those who died or left the ICS,
        where they were then. `people_by_age`: of those who moved, people
        whose record of then would have put them there at their age of now.
        Born and joined since are both NOT_REGISTERED; LEFT are people not
        registered with a practice of the extract on the index date.
    """
    if not _has_people(con):
        return
    model, columns, missing = chosen(workbook), person_columns(), columns_missing(con)
    asked = sorted({c.column for s in model.segments for rule in s.rules for c in criteria(rule)} - set(missing))
    unknown = {name: columns[name].title for name in _null_then(con, asked)}
    rules, shared = rule_table(model, columns, missing), rule_table(model, columns, {**missing, **unknown})
    if not applicable(shared):
        return
    left_out = shared[(rules["state"] == ASSESSED) & (shared["state"] != ASSESSED)]
    yield Model("segment_movement_left_out", ("place",), frame=left_out[["place", "segment", "reason", "needs"]])
    yield Model(
        "segment_earlier",
        ("practice_code", "segment", "reason", "person_id"),
        segment_sql(shared, "person_earlier"),
        None,
        "pcn_code",
    )
    yield Model("segment_movement", ("pcn_code", "from_segment", "to_segment"), sql=movement_sql(shared, asked))


def _has_people(con: duckdb.DuckDBPyConnection) -> bool:
    if "person_earlier" not in present_tables(con):
        return False
    [(people,)] = con.execute("SELECT count(*) FROM person_earlier").fetchall()
    return people > 0


def _null_then(con: duckdb.DuckDBPyConnection, names: list[str]) -> list[str]:
    """The columns of `person_earlier` that are null for everybody."""
    if not names:
        return []
    with guarded("Reading what is known of the earlier date"):
        known = con.execute(f"SELECT {', '.join(f'count({name})' for name in names)} FROM person_earlier").fetchall()[0]
    return [name for name, people in zip(names, known, strict=True) if not people]


def movement_sql(rules: pd.DataFrame, asked: list[str]) -> str:
    """A SELECT of people by PCN, `from_segment` and `to_segment`. See `movement`.

    asked: the columns that the rules use.
    """
    place = first_rule(rules)
    record = [f"{'person' if name in BY_AGE else 'person_earlier'}.{name}" for name in asked]
    return f"""
SELECT
    everybody.pcn_code,
    coalesce(rule_before.segment, '{NOT_REGISTERED}') AS from_segment,
    CASE
        WHEN now.person_id IS NOT NULL THEN rule_now.segment WHEN death.person_id IS NOT NULL THEN '{DIED}'
        ELSE '{LEFT}'
    END AS to_segment,
    count(*) AS people,
    count(*) FILTER (
        WHERE rule_before.segment <> rule_now.segment AND rule_older.segment = rule_now.segment
    ) AS people_by_age
FROM (
    SELECT person_id, pcn_code FROM person
    UNION ALL
    SELECT person_earlier.person_id, person_earlier.pcn_code
    FROM person_earlier
    ANTI JOIN person ON person.person_id = person_earlier.person_id
) AS everybody
LEFT JOIN (SELECT person_id, {place} AS place FROM person_earlier) AS before ON before.person_id = everybody.person_id
LEFT JOIN (SELECT person_id, {place} AS place FROM person) AS now ON now.person_id = everybody.person_id
LEFT JOIN (
    SELECT person_id, {place} AS place
    FROM (
        SELECT {", ".join(["person_earlier.person_id", *record])}
        FROM person_earlier
        INNER JOIN person ON person.person_id = person_earlier.person_id
    )
) AS older ON older.person_id = everybody.person_id
LEFT JOIN (SELECT DISTINCT person_id FROM person_follow_up WHERE died) AS death ON death.person_id = everybody.person_id
LEFT JOIN segment_rule AS rule_before ON rule_before.place = before.place
LEFT JOIN segment_rule AS rule_now ON rule_now.place = now.place
LEFT JOIN segment_rule AS rule_older ON rule_older.place = older.place
GROUP BY ALL"""


def moved(con: duckdb.DuckDBPyConnection, areas: Areas) -> pd.DataFrame:
    """The true figures of MOVEMENT: everybody of either date.

    A PCN that has nobody registered now counts towards the ICS alone.
    """
    frame = counted(con, "SELECT * FROM segment_movement")
    frame["pcn_code"] = frame["pcn_code"].where(frame["pcn_code"].isin(areas.pcn_codes), None)
    # A segment none of whose rules was applied is not one without people.
    sql = (
        f"SELECT segment FROM segment_rule WHERE state = '{ASSESSED}' AND place NOT IN "
        "(SELECT place FROM segment_movement_left_out) GROUP BY segment ORDER BY min(place)"
    )
    names = read_sql(con, sql)["segment"].tolist()
    levels = pd.MultiIndex.from_product(
        [[*names, NOT_REGISTERED], [*names, DIED, LEFT]], names=["from_segment", "to_segment"]
    ).to_frame(index=False)
    impossible = levels["from_segment"].eq(NOT_REGISTERED) & levels["to_segment"].isin([DIED, LEFT])
    frame = by_area(frame, levels[~impossible], areas)
    frame["people_from"] = frame.groupby(["area_code", "from_segment"])["people"].transform("sum")
    return frame


def rules_left_out(con: duckdb.DuckDBPyConnection, areas: Areas) -> pd.DataFrame:
    """The rows of LEFT_OUT."""
    left_out = read_sql(con, "SELECT place, segment, reason, needs FROM segment_movement_left_out ORDER BY place")
    return left_out.assign(area_code=areas.ics_code)
