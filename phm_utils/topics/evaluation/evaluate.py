"""The evaluation stage: every programme of parameters/interventions, fitted once for the whole ICS."""

from collections.abc import Iterator, Mapping

import duckdb
import pandas as pd

from phm_utils.engine import Model
from phm_utils.errors import InputError
from phm_utils.params import Workbook
from phm_utils.rules.unit_costs import unit_costs
from phm_utils.runs import project_root
from phm_utils.topics.evaluation.analysis import COLUMNS, analyse, typed
from phm_utils.topics.evaluation.interventions import HISTORY_MONTHS, Intervention, load_interventions
from phm_utils.topics.evaluation.load_panel import absent_tables, calendar, load_panel, uncounted
from phm_utils.wording import joined

KEYS = {
    "effect": ("intervention", "position"),
    "check": ("intervention", "position"),
    "balance": ("intervention", "position"),
    "trend": ("intervention", "people_group", "month"),
    "people": ("intervention", "pcn_code", "step"),
    "contacts": ("intervention", "pcn_code"),
    "return": ("intervention", "position"),
}
PROGRAMME_TYPES = {
    "intervention": "str", "title": "str", "programme": "str", "rule": "str", "follow_up_months": "int64",
    "plausible_ratio": "float64", "plausible_lower": "float64", "plausible_upper": "float64",
    "plausible_source": "str", "cost_gbp_per_year": "float64", "unmatched": "int64", "reason": "str",
    "silent_months": "str",
}  # fmt: skip


def evaluate(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> Iterator[Model]:
    """Make `evaluation_programme` and `evaluation_<table>` for each table of `analysis.COLUMNS`.

    One row per programme in `evaluation_programme`, with `reason` where it
    could not be evaluated at all; the other tables then have no rows of it.
    A gate that failed is a reason in `evaluation_effect` instead.
    """
    programmes, costs = list(load_interventions(project_root() / "parameters" / "interventions")), unit_costs()
    months = calendar(con, workbook.index_date)
    rows = []
    found: dict[str, list[pd.DataFrame]] = {name: [] for name in COLUMNS}
    for programme in programmes:
        unmatched, silent, reason = 0, "", _no_data(con, programme, months)
        if not reason:
            kind = [p.programme for p in programmes if p.kind == programme.kind]
            panel = load_panel(con, programme, kind, months)
            unmatched = panel.unmatched
            silent = joined([f"{months[number]:%B %Y}" for number in panel.silent])
            for name, table in analyse(panel, programme, unit_cost(costs, programme)).items():
                found[name].append(table.assign(intervention=programme.code))
        rows.append(_described(programme, unmatched, silent, reason))
    described = pd.DataFrame(rows, columns=list(PROGRAMME_TYPES)).astype(PROGRAMME_TYPES)
    yield Model("evaluation_programme", ("intervention",), frame=described)
    for name, key in KEYS.items():
        empty = typed(pd.DataFrame(), name).assign(intervention=pd.Series(dtype="str"))
        table = pd.concat(found[name], ignore_index=True) if found[name] else empty
        yield Model(f"evaluation_{name}", key, frame=table)


def unit_cost(costs: Mapping[str, int], programme: Intervention) -> float:
    """GBP per event avoided; `costs` are in pence."""
    item = programme.money.unit_cost_item
    if item not in costs:
        raise InputError(f"{programme.code}.yml: no unit cost is called {item}. There are: {', '.join(costs)}.")
    return costs[item] / 100


def _no_data(con: duckdb.DuckDBPyConnection, programme: Intervention, months: pd.DatetimeIndex) -> str:
    """Why a programme cannot be evaluated with these tables; empty where it can."""
    if absent := [*absent_tables(con), *uncounted(con, programme)]:
        return f"needs {', '.join(absent)}, which this run does not have"
    if len(months) <= HISTORY_MONTHS:
        return f"needs more than {HISTORY_MONTHS} whole months of activity; this run has {len(months)}"
    return ""


def _described(programme: Intervention, unmatched: int, silent: str, reason: str) -> dict[str, object]:
    """The definition in words and numbers, for the report."""
    rule, plausible = programme.eligibility, programme.plausible
    count = rule.column.replace("ed_", "emergency department ").replace("_", " ")
    return {
        "intervention": programme.code,
        "title": programme.title,
        "programme": programme.programme,
        "rule": f"{rule.minimum} or more {count} in the {rule.from_month - rule.to_month + 1} months before",
        "follow_up_months": programme.follow_up_months,
        "plausible_ratio": plausible.rate_ratio,
        "plausible_lower": plausible.lower,
        "plausible_upper": plausible.upper,
        "plausible_source": plausible.source.strip(),
        "cost_gbp_per_year": programme.money.cost_gbp_per_year,
        "unmatched": unmatched,
        "reason": reason,
        "silent_months": silent,
    }
