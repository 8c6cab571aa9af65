"""Gates before an effect is shown, and checks of a shown effect.

Gates use people and weights, not the result: a failed gate withholds the effect
and gives the reason. A failed check becomes a warning.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from phm_utils.methods.effects import (
    RateRatio,
    e_value,
    e_value_of_limit,
    minimum_detectable_rate_ratio,
    power_to_detect,
)
from phm_utils.methods.weighting import effective_sample
from phm_utils.topics.evaluation.interventions import Intervention
from phm_utils.topics.evaluation.trials import Trials

SIMILAR = 0.25  # share by which a control's count may differ from a treated person's to be like them
SIMILAR_CONTROLS = 10  # so many like controls in the same month make a treated person comparable
DISCORDANCE = 0.10  # between the two estimators
NEGATIVE_SHARE = 0.5  # a negative control that moves half as far as the outcome, on the log scale


@dataclass(frozen=True)
class Check:
    """One gate or check: the requirement, the value, and a sentence for readers."""

    name: str
    requirement: str
    value: float
    passed: bool
    sentence: str


def overlap(trials: Trials) -> float:
    """Share of the treated with enough similar controls in their month: a count within a quarter of theirs."""
    rows, found = trials.rows, []
    counts = {month: np.sort(part.to_numpy()) for month, part in rows[~rows["treated"]].groupby("month")["rule_count"]}
    treated = rows.loc[rows["treated"], ["month", "rule_count"]]
    for month, part in treated.groupby("month")["rule_count"]:
        pool, count = counts.get(month, np.array([])), part.to_numpy(float)
        low = np.searchsorted(pool, count * (1 - SIMILAR), side="left")
        found.append(np.searchsorted(pool, count * (1 + SIMILAR), side="right") - low >= SIMILAR_CONTROLS)
    # In steps of a twentieth, downwards: a finer share could give away one person without anybody like them.
    return float(np.floor(np.concatenate(found).mean() * 20) / 20)


def overlap_gate(trials: Trials, programme: Intervention) -> Check:
    """Are there controls like the treated? Checked before weighting."""
    share, least = overlap(trials), programme.gates.min_overlap
    return Check(
        "Overlap",
        f"at least {least:.0%} of those enrolled have {SIMILAR_CONTROLS} or more similar controls in their month",
        share,
        share >= least,
        f"At least {share:.0%} of those enrolled have {SIMILAR_CONTROLS} or more controls in the same month whose "
        f"earlier attendances differ by no more than a quarter; {least:.0%} are needed.",
    )


def weight_gates(trials: Trials, weights: np.ndarray, balance: pd.DataFrame, programme: Intervention) -> list[Check]:
    """Balance, enough effective controls, and no dominant control."""
    gates, treated = programme.gates, int(trials.rows["treated"].sum())
    worst = float(balance["smd_after"].abs().max())
    per_treated = effective_sample(weights) / treated
    person = trials.rows.loc[~trials.rows["treated"], "person"].to_numpy()
    largest = float(pd.Series(weights).groupby(person).sum().max() / weights.sum())
    return [
        Check(
            "Balance",
            f"largest standardised difference at most {gates.max_smd:g}",
            worst,
            worst <= gates.max_smd,
            f"After weighting the largest standardised difference is {worst:.2f}; {gates.max_smd:g} is allowed.",
        ),
        Check(
            "Effective sample",
            f"at least {gates.min_effective_per_treated:g} effective control months per enrolled person",
            per_treated,
            per_treated >= gates.min_effective_per_treated,
            f"After weighting there are {per_treated:.1f} effective control months for each person enrolled; "
            f"{gates.min_effective_per_treated:g} are needed.",
        ),
        Check(
            "No dominant control",
            f"no one person carries more than {gates.max_person_share:.0%} of the weight",
            largest,
            largest <= gates.max_person_share,
            f"The heaviest control carries {largest:.1%} of the weight; {gates.max_person_share:.0%} is allowed.",
        ),
    ]


def impossible_balance(balance: pd.DataFrame) -> Check:
    """The gate that fails where no weighting exists. Its sentence has no counts: they are released rounded."""
    worst = balance.loc[balance["smd_before"].abs().idxmax()]
    return Check(
        "Balance",
        "weights exist that make controls like the people enrolled",
        np.nan,
        False,
        "No weighting balances the controls and the people enrolled on every covariate. The largest difference is in "
        f"{worst['covariate']}: {abs(worst['smd_before']):.1f} standard deviations. More networks without the "
        "programme would be needed.",
    )


def no_estimate() -> Check:
    """The gate that fails where weights exist and no rate ratio does."""
    return Check(
        "Events",
        "both groups have events, and more of them than covariates",
        np.nan,
        False,
        "There are too few events in follow-up to estimate a rate ratio.",
    )


def few_users(least: int) -> Check:
    """The gate that fails where a few people had all events of a group. Its sentence has no count of them."""
    return Check(
        "People with events",
        f"{least} people or more of each group have events in follow-up",
        np.nan,
        False,
        f"Fewer than {least} people of a group have events in follow-up, so no rate ratio is given.",
    )


def power_gate(result: RateRatio, programme: Intervention) -> Check:
    """Could the strongest effect that is plausible have been seen?"""
    least, strongest = minimum_detectable_rate_ratio(result.log_se), programme.plausible.lower
    return Check(
        "Minimum detectable effect",
        f"a rate ratio of {strongest:g}, the strongest plausible, would be seen with 80% power",
        least,
        least >= strongest,
        f"With so many people a rate ratio of {least:.2f} or lower would be seen with 80% power; "
        f"the strongest that is plausible is {strongest:g}.",
    )


def checks_of(
    result: RateRatio, balance_only: RateRatio, negative: RateRatio | None, programme: Intervention
) -> list[Check]:
    """Checks of a result that passed the gates."""
    plausible = programme.plausible.rate_ratio
    power = power_to_detect(plausible, result.log_se)
    gap = abs(result.rate_ratio / balance_only.rate_ratio - 1)
    found = [
        Check(
            "Power for a plausible effect",
            "at least 80%",
            power,
            power >= 0.8,
            f"The chance to see a rate ratio of {plausible:g}, as found elsewhere, is {power:.0%}.",
        ),
        Check(
            "Two estimators agree",
            f"within {DISCORDANCE:.0%}",
            gap,
            gap <= DISCORDANCE,
            f"The doubly robust estimate and the plain entropy balance differ by {gap:.1%}.",
        ),
        _unmeasured(result),
    ]
    return found if negative is None else [*found, _negative(result, negative)]


def _unmeasured(result: RateRatio) -> Check:
    point, limit = e_value(result.rate_ratio), e_value_of_limit(result)
    return Check(
        "E-value",
        "none; for interpretation",
        point,
        True,
        "Something unmeasured that makes both enrolment and attendance more likely (or both less) by a ratio of "
        f"{point:.2f} could explain the estimate; {limit:.2f} would move its limit to no effect.",
    )


def _negative(result: RateRatio, negative: RateRatio) -> Check:
    """The programme cannot change this outcome: a change in it points to unrecorded differences."""
    excludes = not negative.lower <= 1 <= negative.upper
    moved, effect = np.log(negative.rate_ratio), np.log(result.rate_ratio)
    large = moved * effect > 0 and abs(moved) >= NEGATIVE_SHARE * abs(effect)
    verdict = (
        "People enrolled differ in something that is not recorded, so the estimate is unreliable."
        if excludes
        else "A difference that is not recorded could explain much of the estimate."
        if large
        else "It gives no sign of a difference that is not recorded."
    )
    return Check(
        "Negative control",
        "an outcome that the programme cannot change does not move, or moves less than half as far",
        negative.rate_ratio,
        not (excludes or large),
        f"An outcome that the programme cannot change has a rate ratio of {negative.rate_ratio:.2f} "
        f"({negative.lower:.2f} to {negative.upper:.2f}). {verdict}",
    )
