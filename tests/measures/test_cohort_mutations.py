"""Files of cohorts changed at random: each is refused with an InputError, or can be described and counted."""

import copy
import random
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from rule_answers import make
from small_runs import small_run

from phm_utils.errors import InputError
from phm_utils.measures.cohort_definitions import load_cohorts, read_cohort
from phm_utils.measures.cohort_query import CohortQuery
from phm_utils.measures.cohort_run import run_words
from phm_utils.rules.describe import describe

SHIPPED = sorted(Path("parameters", "cohorts").glob("*.yml"))
WINDOWS = (
    *(
        {"months": 12},
        {"days": 0},
        {"years": 120},
        {"ending": {"months": 0}},
        {"months": 3, "ending": {"days": 45_000}},
    ),
    *({"from": date(2024, 1, 1)}, {"from": date(1, 1, 1), "to": date(2025, 3, 31)}, {"to": date(9999, 12, 31)}),
    *(
        {"after": "born"},
        {"before": "asthma", "years": 120, "starting": {"months": 1_440}},
        {"after": "diabetes", "days": 0},
    ),
)
RULES = (
    *({"has": "asthma"}, {"has not": ["asthma", "copd"]}, {"latest": "bmi", "op": "is", "value": -0.0}),
    *(
        {"sum": "stay_fall", "op": "between", "value": [1, 1e308]},
        {"cohort": "frequent_ed_attenders"},
        {"segment": "Age well"},
    ),
    *(
        {"list": ["x", "'"]},
        {"programme": "\\"},
        {"household": {"has": "asthma"}},
        {"count": [{"has": "copd"}], "op": "is", "value": 0},
    ),
    {
        "change": "bmi",
        "of": "latest",
        "by": "ratio",
        "op": "at least",
        "value": 2,
        "from": {"months": 1},
        "to": {"months": 2},
    },
)
SCALARS = (
    *(
        None,
        True,
        False,
        0,
        -1,
        1,
        2**62,
        -(2**62),
        0.1,
        -1e-300,
        1e300,
        "",
        " ",
        "asthma",
        "age",
        "$a",
        "$",
        "12 months ago",
    ),
    *("9999 months ago", "is", "between", "' OR 1=1 --", "\u00e4\u4e2d", "x" * 300, date(2025, 3, 31), date(1, 1, 1)),
    *([], {}, [[]], [1, 2], ["asthma"], {"a": 1}, {"has": None}),
)
NAMES = (
    *(
        "has",
        "has not",
        "within",
        "op",
        "value",
        "column",
        "any",
        "all",
        "not",
        "count",
        "says",
        "distinct",
        "of",
        "by",
    ),
    *("from", "to", "after", "which", "starting", "ending", "months", "age", "latest", "events", "sum", "household"),
    *("cohort", "valid", "parameters", "alternatives", "limits", "concept", "instead", "parameter", "written"),
)


def places(content: Any, at: tuple = ()) -> list[tuple]:
    """Every place of a part of a file, those within it among them."""
    inner = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    return [at, *(place for key, part in inner for place in places(part, (*at, key)))]


def changed(content: Any, rng: random.Random) -> Any:
    """The content with one thing changed: replaced, left out, renamed, repeated, wrapped or swapped."""
    place = rng.choice([place for place in places(content) if place])
    holder = content
    for key in place[:-1]:
        holder = holder[key]
    key, kind = (
        place[-1],
        rng.choice(["scalar", "scalar", "rule", "window", "leave out", "rename", "add", "wrap", "other"]),
    )
    match kind:
        case "scalar":
            holder[key] = rng.choice(SCALARS)
        case "rule":
            holder[key] = rng.choice(RULES)
        case "window":
            holder[key] = rng.choice(WINDOWS)
        case "leave out":
            holder.pop(key)
        case "rename" if isinstance(holder, dict):
            holder[rng.choice(NAMES)] = holder.pop(key)
        case "add" if isinstance(holder, dict):
            holder[rng.choice(NAMES)] = rng.choice([*SCALARS, *WINDOWS, *RULES])
        case "wrap":
            holder[key] = rng.choice([[holder[key]], {"not": holder[key]}, {"any": [holder[key], holder[key]]}])
        case _:
            part = content
            for step in rng.choice(places(content)):
                part = part[step]
            holder[key] = part
    return yaml.safe_load(yaml.safe_dump(content, sort_keys=False))


@pytest.fixture(scope="module")
def query(tables) -> CohortQuery:
    """A run of a few people with every column of `person`."""
    run = small_run(5) | {"index_date": date(2025, 3, 31), "sources": {}}
    make(tables, run)
    tables.are(run["people"])
    tables.have([event for event in run["events"] if event["day"] <= run["index_date"]])
    return CohortQuery(tables.con, run_words(tables.con, tables.workbook, load_cohorts()))


def counted(path: Path, query: CohortQuery) -> None:
    """Read a file, describe it and count it."""
    cohort = read_cohort(path, query.run.static)
    read_cohort(path)
    for variant in (cohort, *(cohort.with_alternative(other) for other in cohort.alternatives)):
        for rule in variant.criteria:
            describe(rule, query.run.words.titles)
        if not cohort.out_of_season(query.run.index_date) and not query.run.lacks_any(variant.criteria):
            query.place_people(variant)


def fault_of(path: Path, query: CohortQuery) -> str | None:
    """What a file is refused with, if it is."""
    try:
        counted(path, query)
    except InputError as error:
        return str(error)
    return None


@settings(max_examples=50)
@given(seed=st.integers(0, 2**32))
def test_a_changed_file_is_refused_as_a_file_or_counted(query, tmp_path_factory, seed):
    rng, path = random.Random(seed), tmp_path_factory.getbasetemp() / "mine.yml"
    content = yaml.safe_load(rng.choice(SHIPPED).read_text(encoding="utf-8"))
    for _ in range(4):
        before = copy.deepcopy(content)
        content = changed(content, rng)
        path.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")
        if (fault := fault_of(path, query)) is not None:  # any other error fails the test
            assert "mine.yml" in fault
            assert not re.search("pydantic|Input should|should be|validation", fault), fault
            content = before
