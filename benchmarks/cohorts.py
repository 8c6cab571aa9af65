"""How long a question about a cohort takes on a run's tables, and what the shared library adds to a run.

    python benchmarks/cohorts.py PARAMETERS     (make bench-cohorts: Demoshire with 15 PCNs, 805,000 people)

The run must have been made. Times are medians of wall seconds on an open question.
"""

import argparse
import resource
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from phm_utils.measures.asking import Asking, open_question
from phm_utils.measures.cohort_definitions import Cohort, cohort_names, load_cohort
from phm_utils.measures.cohort_groups import DIMENSIONS, PLACES
from phm_utils.measures.cohort_query import PLACED
from phm_utils.measures.evidence import evidence_sql
from phm_utils.rules.tree import parse
from phm_utils.runs import Store, resolve
from phm_utils.topics.registry import load_workbook

REPEATS = 9


def cohort_of(*rules: dict) -> Cohort:
    """A cohort of some criteria, its words of no matter."""
    criteria = tuple(parse(rule) for rule in rules)
    return Cohort(title="T", short="S", question="Q?", use="U", source="S", criteria=criteria)


def on_columns(bmi: float) -> Cohort:
    """The case study's question, with another threshold at each call."""
    low_mood = [{"column": name, "op": "is", "value": True} for name in ("anxiety", "depression")]
    return cohort_of(
        {"column": "age", "op": "at least", "value": 18},
        {"column": "bmi", "op": "at least", "value": bmi},
        {"any": low_mood},
        {"column": "covid_vaccinated", "op": "is", "value": False},
    )


def on_events(months: int, number: int) -> Cohort:
    """A question about events in windows of its own."""
    return cohort_of(
        {"column": "age", "op": "at least", "value": 18},
        {"events": "gp_appointments", "within": {"months": months}, "op": "at least", "value": number},
        {"has not": "systolic_bp", "within": {"months": months}},
        {"latest": "hba1c", "within": {"months": months + 12}, "op": "more than", "value": 48},
    )


def seconds(asked: Callable[[], object]) -> float:
    """Wall seconds of one call."""
    started = time.perf_counter()
    asked()
    return time.perf_counter() - started


def cpu_seconds() -> float:
    """CPU seconds of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def breakdowns(asking: Asking, cohort: Cohort) -> None:
    """Everything that the explorer shows at a change: attrition and every breakdown."""
    asking.attrition(cohort)
    for dimension in (*PLACES, *DIMENSIONS):
        asking.by(cohort, dimension)


def evidence(asking: Asking, cohort: Cohort) -> None:
    """The stored evidence of a cohort's members, made and not written."""
    asking.size(cohort)
    members = f"SELECT person_no FROM {PLACED} WHERE met = {len(cohort.criteria)}"
    sql = evidence_sql(cohort, asking.query, members, ["practice_code", "person_no"], met_only=True)
    asking.con.execute(f"CREATE OR REPLACE TEMP TABLE evidence AS {sql}")


def report(asking: Asking) -> None:
    """Print the table."""
    breakdowns(asking, on_columns(29.0))  # what is asked once for all questions: how many are registered
    changes: dict[str, Callable[[int], object]] = {
        "size, columns of person": lambda n: asking.size(on_columns(30 + n)),
        "and attrition and every breakdown": lambda n: breakdowns(asking, on_columns(20 + n)),
        "size, new windows of events": lambda n: asking.size(on_events(6 + n, 4)),
        "size, the same windows, new thresholds": lambda n: asking.size(on_events(6, 5 + n)),
    }
    for name, ask in changes.items():
        times = [seconds(partial(ask, n)) for n in range(REPEATS)]
        print(f"{name:<45} median {statistics.median(times):.3f} s, largest {max(times):.3f} s")
    for name in cohort_names():
        cohort = load_cohort(name)
        if asking.run.lacking(cohort.criteria):
            continue
        before = cpu_seconds()
        wall = seconds(partial(evidence, asking, cohort))
        used, members = cpu_seconds() - before, asking.size(cohort)
        print(f"evidence of {name:<45} {members:>7,} members, {wall:.2f} s, {used:.2f} CPU s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parameters", type=Path)
    workbook = load_workbook(parser.parse_args().parameters)
    store = Store(resolve(workbook.outputs) / workbook.name / "store")
    size = sum(path.stat().st_size for path in store.files("person_event"))
    rows = store.manifest()["stages"]["persons"]["tables"]["person_event"]["rows"]
    print(f"person_event: {rows:,} events, {size / 1e6:,.0f} MB, {size / rows:.2f} bytes an event")
    with open_question(workbook) as asking:
        people = asking.con.execute("SELECT count(*) FROM person").fetchall()[0][0]
        print(f"{people:,} people")
        report(asking)


if __name__ == "__main__":
    main()
