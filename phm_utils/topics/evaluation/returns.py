"""The value of attendances avoided, and the programme's cost."""

import pandas as pd

from phm_utils.methods.effects import RateRatio
from phm_utils.methods.roi import break_even_share, return_ratios, return_uncertainty, split_saving
from phm_utils.topics.evaluation.interventions import Intervention
from phm_utils.topics.evaluation.trials import Trials
from phm_utils.topics.evaluation.users import fewest_users


def return_table(result: RateRatio, trials: Trials, programme: Intervention, unit_cost_gbp: float) -> pd.DataFrame:
    """Return on investment: one row per measure.

    Columns `position`, `part`, `measure`, `definition`, `unit`, `value`, `lower`,
    `upper`, `events`, `users` (people behind the effect). The saving counts the people analysed, from enrolment
    to the end of follow-up; the cost, the months from the first of their
    enrolments to the last.
    """
    months = trials.rows.loc[trials.rows["treated"], "month"]
    period = float(months.max() - months.min() + 1)
    cost = programme.money.cost_gbp_per_year * period / 12
    avoided = {name: result.events * (1 / ratio - 1) for name, ratio in _limits(result).items()}
    saving = avoided["value"] * unit_cost_gbp
    drawn = return_uncertainty(
        rate_ratio=result.rate_ratio,
        log_se=result.log_se,
        events=result.events,
        unit_cost_gbp=unit_cost_gbp,
        cost_gbp=cost,
        seed=programme.money.seed,
    )
    span = f"{period:g} months of enrolment"
    rows = [
        ("Amounts", "Attendances avoided", "expected without the programme, less observed", "attendances", avoided),
        ("Amounts", "Saving", f"attendances avoided x £{unit_cost_gbp:.2f}", "£", _times(avoided, unit_cost_gbp)),
        ("Amounts", "Cost", f"of {span}", "£", {"value": cost}),
    ]
    ratios = return_ratios(saving, period, programme.money.cost_gbp_per_year)
    rows += [("Ratios", r.measure, r.definition, "£ per £", {"value": r.ratio}) for r in ratios.itertuples()]
    parts = split_saving(saving, cashable=programme.money.cashable, cost_shifted=programme.money.cost_shifted)
    rows += [("Parts of the saving", p.part, p.meaning, "£", {"value": p.gbp}) for p in parts.itertuples()]
    rows += [
        (
            "Uncertainty",
            "Same-period ratio",
            "effect, unit cost and programme cost varied together",
            "£ per £",
            {"value": drawn["ratio"], "lower": drawn["ratio_lower"], "upper": drawn["ratio_upper"]},
        ),
        (
            "Uncertainty",
            "Chance that the whole saving exceeds the cost",
            "share of draws",
            "share",
            {"value": drawn["pays_back"]},
        ),
        (
            "Uncertainty",
            "Cashable share needed to break even",
            "cost / saving of the same period; above 1 it cannot",
            "share",
            {"value": break_even_share(saving, cost)},
        ),
    ]
    named = [dict(zip(("part", "measure", "definition", "unit"), row[:4], strict=True)) | row[4] for row in rows]
    table = pd.DataFrame(named, columns=["part", "measure", "definition", "unit", "value", "lower", "upper"])
    behind = {"events": int(result.events), "users": fewest_users(trials.rows)}
    return table.assign(position=range(1, len(table) + 1), **behind)


def _limits(result: RateRatio) -> dict[str, float]:
    """The ratio and its limits, so that lower and upper bound what is avoided."""
    return {"value": result.rate_ratio, "lower": result.upper, "upper": result.lower}


def _times(values: dict[str, float], by: float) -> dict[str, float]:
    return {name: value * by for name, value in values.items()}
