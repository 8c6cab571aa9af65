"""The value of attendances avoided, and the programme's cost, over one horizon."""

import numpy as np
import pandas as pd

from phm_utils.methods.effects import NORMAL
from phm_utils.methods.roi import break_even_share, return_ratios, return_uncertainty, split_saving
from phm_utils.topics.evaluation.interventions import Intervention
from phm_utils.topics.evaluation.networks import Effect
from phm_utils.topics.evaluation.trials import Trials
from phm_utils.topics.evaluation.users import fewest_users

POINTS = ("value", "lower", "upper")


def return_table(effect: Effect, trials: Trials, programme: Intervention, unit_cost_gbp: float) -> pd.DataFrame:
    """Return on investment: one row per measure; of an effect with a verdict.

    Columns `position`, `part`, `measure`, `definition`, `unit`, `value`, `lower`, `upper`, `events`, `users` (people
    behind the effect). Saving and cost are of the same calendar months, `horizon`: from the first enrolment to the
    end of the last follow-up. Limits are those of the effect, networks allowed for; under Uncertainty costs vary too.
    """
    months = horizon(trials)
    cost = programme.money.cost_gbp_per_year * months / 12
    avoided = _avoided(effect)
    saving = {name: number * unit_cost_gbp for name, number in avoided.items()}
    rows = [
        ("Amounts", "Months", "from the first enrolment to the end of the last follow-up", "months", {"value": months}),
        ("Amounts", "Attendances avoided", "expected without the programme, less observed", "attendances", avoided),
        ("Amounts", "Saving", f"attendances avoided x £{unit_cost_gbp:.2f}; no other contact is priced", "£", saving),
        ("Amounts", "Cost", f"of the whole programme in these {months} months", "£", {"value": cost}),
        *_ratios(saving, months, programme),
        *_parts(saving, programme),
        *_uncertainty(effect, cost, unit_cost_gbp, programme),
    ]
    named = [dict(zip(("part", "measure", "definition", "unit"), row[:4], strict=True)) | row[4] for row in rows]
    table = pd.DataFrame(named, columns=["part", "measure", "definition", "unit", *POINTS])
    behind = {"events": int(effect.people.events), "users": fewest_users(trials.rows)}
    return table.assign(position=range(1, len(table) + 1), **behind)


def horizon(trials: Trials) -> int:
    """Whole months from the first enrolment to the end of the last follow-up."""
    treated = trials.rows[trials.rows["treated"]]
    return int(np.ceil(treated["end"].max()) - treated["month"].min())


def _avoided(effect: Effect) -> dict[str, float]:
    """Attendances avoided, with limits: the upper limit of the ratio gives the lower one of what is avoided."""
    ratio = effect.judged
    limits = {"value": ratio.rate_ratio, "lower": ratio.upper, "upper": ratio.lower}
    return {name: ratio.events * (1 / limit - 1) for name, limit in limits.items()}


def _ratios(saving: dict[str, float], months: int, programme: Intervention) -> list[tuple]:
    found = {name: return_ratios(gbp, months, programme.money.cost_gbp_per_year) for name, gbp in saving.items()}
    return [
        ("Ratios", row.measure, row.definition, "£ per £", {name: found[name]["ratio"].iloc[place] for name in POINTS})
        for place, row in enumerate(found["value"].itertuples())
    ]


def _parts(saving: dict[str, float], programme: Intervention) -> list[tuple]:
    shares = {"cashable": programme.money.cashable, "cost_shifted": programme.money.cost_shifted}
    found = {name: split_saving(gbp, **shares) for name, gbp in saving.items()}
    return [
        ("Parts of the saving", row.part, row.meaning, "£", {name: found[name]["gbp"].iloc[place] for name in POINTS})
        for place, row in enumerate(found["value"].itertuples())
    ]


def _uncertainty(effect: Effect, cost: float, unit_cost_gbp: float, programme: Intervention) -> list[tuple]:
    """The return when effect, unit cost and programme cost vary together."""
    ratio = effect.judged
    drawn = return_uncertainty(
        rate_ratio=ratio.rate_ratio,
        log_se=float(np.log(ratio.upper / ratio.lower)) / 2 / NORMAL.inv_cdf(0.975),  # as wide as the effect's limits
        events=ratio.events,
        unit_cost_gbp=unit_cost_gbp,
        cost_gbp=cost,
        seed=programme.money.seed,
    )
    given = {"value": drawn["ratio"], "lower": drawn["ratio_lower"], "upper": drawn["ratio_upper"]}
    shares = {"value": given["value"], "lower": given["upper"], "upper": given["lower"]}
    needed = {name: break_even_share(each, 1) for name, each in shares.items()}
    together = "effect, unit cost and programme cost varied together"
    return [
        ("Uncertainty", "Return on £1", f"saving / cost of the same months; {together}", "£ per £", given),
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
            "cost / saving of the same months; above 1 it cannot; no limit where there may be no saving",
            "share",
            needed,
        ),
    ]
