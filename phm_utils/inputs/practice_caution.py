"""Practices that are shown on every report and compared with no other, each by a declared rule and with why.

A practice whose extract is old looks as if its patients were well, one whose list is short as if they were
few, and one for students or care homes differs from all others because of whom it is for. Each rule has a
threshold, set before results are seen: a practice is never listed for its figures.
"""

from collections.abc import Iterator

import duckdb
import pandas as pd

from phm_utils.engine import Model, read_sql
from phm_utils.inputs.quality_params import DataQualityParams
from phm_utils.params import Workbook
from phm_utils.privacy.release import AREA, Release, aggregate, keys

FEWEST = 100  # people of known age: with fewer, their ages would tell of single people
MOST_OF_ONE_AGE = 0.5  # of a practice's people, from which it is for them
AGES = {"aged 18 to 24": (18, 24), "aged 75 or over": (75, 200)}
CAUTION = Release(
    "practice_caution",
    "Practices that are not compared with others: of an old extract, of a list unlike the published one, or of another "
    "kind",
    (AREA, *keys("unit_code", "unit_name", "why")),
    may_be_empty=True,
)


def practice_caution(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> Iterator[Model]:
    """The stage: `practice_caution`, one row per practice that a rule lists, and its release."""
    practices = read_sql(con, "SELECT * FROM check_practice ORDER BY practice_code")
    listed = cautions(practices, _ages(con), workbook)
    yield Model("practice_caution", ("practice_code",), frame=listed)
    units = listed.rename(columns={"practice_code": "unit_code", "practice_name": "unit_name"})
    of_networks = units.dropna(subset="pcn_code").assign(area_code=units["pcn_code"])
    yield aggregate(CAUTION, pd.concat([of_networks, units.assign(area_code=workbook.ics_code)]))


def cautions(practices: pd.DataFrame, ages: pd.DataFrame, workbook: Workbook) -> pd.DataFrame:
    """One row per practice that a rule lists: `practice_code`, `practice_name`, `pcn_code`, and `why` in words.

    practices: `check_practice`. ages: one row per `practice_code`: `people` of known age, and of them those of each
        of AGES.
    """
    run = DataQualityParams.run_values(workbook)
    behind = days_behind(practices["last_event_date"], workbook)
    gap = _gap(practices)
    people = practices[["practice_code"]].merge(ages, on="practice_code", how="left").set_axis(practices.index)
    days, share = run["stale_days"], f"{run['list_size_gap']:.0%}"
    rules = {
        f"no GP event in the last {days} days of the extract": (behind > days) | _without_events(practices),
        f"its list is over {share} shorter than the published one": gap < -run["list_size_gap"],
        f"its list is over {share} longer than the published one": gap > run["list_size_gap"],
        "it is for a special group of patients": practices["practice_code"].isin(run["other_kind"]),
    }
    for words in AGES:
        enough = people["people"] >= FEWEST
        rules[f"half or more of its patients are {words}"] = enough & (
            people[words] >= MOST_OF_ONE_AGE * people["people"]
        )
    broken = pd.DataFrame({why: met.fillna(False).astype(bool) for why, met in rules.items()})
    why = [" and ".join(rule for rule in broken if row[rule]) for _, row in broken.iterrows()]
    names = practices["practice_name"].fillna(practices["practice_code"])
    found = practices[["practice_code", "pcn_code"]].assign(practice_name=names, why=pd.Series(why, practices.index))
    found = found[["practice_code", "practice_name", "pcn_code", "why"]].astype("str").where(found.notna(), None)
    return found[found["why"] != ""].reset_index(drop=True)


def days_behind(last_event: pd.Series, workbook: Workbook) -> pd.Series:
    """Days from each practice's last GP event to the newest of all, or to the index date where that is earlier."""
    last = pd.to_datetime(last_event)
    newest = min(last.max(), pd.Timestamp(workbook.index_date)) if last.notna().any() else pd.NaT
    return (newest - last).dt.days.clip(lower=0).astype("Int64")


def _without_events(practices: pd.DataFrame) -> pd.Series:
    """Practices with people and without any event, where others have some."""
    last = practices["last_event_date"]
    return last.isna() & last.notna().any() & (practices["registered"].fillna(0) > 0)


def _gap(practices: pd.DataFrame) -> pd.Series:
    """Registered in the extract over the published list size, less 1; missing without either."""
    published = practices["published_list_size"].astype("Float64")
    return practices["registered"].astype("Float64") / published.where(published > 0) - 1


def _ages(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """People of known age by practice, and of them those of each of AGES; none where no age is known."""
    sums = ", ".join(
        f'count(*) FILTER (WHERE age BETWEEN {low} AND {high}) AS "{words}"' for words, (low, high) in AGES.items()
    )
    return read_sql(con, f"SELECT practice_code, count(age) AS people, {sums} FROM person GROUP BY ALL ORDER BY ALL")
