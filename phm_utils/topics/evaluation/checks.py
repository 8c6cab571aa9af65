"""Checks of a shown effect: differences between networks, power, estimators, and what is not recorded.

A failed check becomes a warning.
"""

from phm_utils.methods.effects import e_value, e_value_of_limit
from phm_utils.methods.network_variance import MIN_CONTROLS, compatible_bias
from phm_utils.topics.evaluation.gates import Check
from phm_utils.topics.evaluation.interventions import Intervention
from phm_utils.topics.evaluation.networks import MIN_PEOPLE, Effect

DISCORDANCE = 0.10  # between the two estimators
CONFOUNDING = 0.85  # a bias of this ratio: with what power would the negative control show it?
NETWORKS = "Differences between networks"


def checks_of(result: Effect, balance_only: Effect, negative: Effect | None, programme: Intervention) -> list[Check]:
    """Checks of a result that passed the gates; without a verdict, those that need none."""
    gap = abs(result.people.rate_ratio / balance_only.people.rate_ratio - 1)
    found = [
        _networks(result),
        Check(
            "Two estimators agree",
            f"within {DISCORDANCE:.0%}",
            gap,
            gap <= DISCORDANCE,
            f"The doubly robust estimate and the plain entropy balance differ by {gap:.1%}.",
        ),
    ]
    if result.networks.verdict:
        found += [_power(result, programme), _unmeasured(result)]
    return found if negative is None or not negative.networks.verdict else [*found, _negative(result, negative)]


def _networks(result: Effect) -> Check:
    """Are there control networks enough to know how much networks differ, and how much would overturn the result?"""
    found = result.networks
    if not found.verdict:
        said = (
            f"{found.controls} networks without the programme have {MIN_PEOPLE} controls or more; {MIN_CONTROLS} are "
            "needed to know how much networks differ by anyhow. There is no verdict."
        )
    else:
        said = f"The {found.controls} networks without the programme differ from one another by {beyond(found.tau)}"
        if result.excludes_one:
            said += f"; a difference of {found.overturning_tau:.0%} would overturn the result"
        said += ". The limits allow for it."
    return Check(
        NETWORKS,
        f"{MIN_CONTROLS} networks or more without the programme",
        found.overturning_tau,
        found.verdict,
        said,
    )


def beyond(tau: float) -> str:
    """How much networks differ, in words. tau: standard deviation of the logarithm.

    >>> beyond(0.094), beyond(0.001)
    ('9% (standard deviation) beyond chance', 'no more than chance')
    """
    return f"{tau:.0%} (standard deviation) beyond chance" if tau >= 0.005 else "no more than chance"


def _power(result: Effect, programme: Intervention) -> Check:
    plausible = programme.plausible.rate_ratio
    power = result.networks.power(plausible)
    return Check(
        "Power for a plausible effect",
        "at least 80%",
        power,
        power >= 0.8,
        f"The chance to see a rate ratio of {plausible:g}, as found elsewhere, is {power:.0%}, differences between "
        "networks included.",
    )


def _unmeasured(result: Effect) -> Check:
    """The E-value. A ratio below 1 is inverted first: what explains it goes the opposite way on attendance."""
    ratio = result.people.rate_ratio
    point, limit = e_value(ratio), e_value_of_limit(result.judged)
    common, rare = ("lowers", "raises") if ratio < 1 else ("raises", "lowers")
    return Check(
        "E-value",
        "none; for interpretation",
        point,
        True,
        f"Something unmeasured that is more common among those enrolled and {common} attendance, or less common and "
        f"{rare} it, each by a ratio of {point:.2f}, could explain the estimate; {limit:.2f} would move its limit to "
        "no effect.",
    )


def _negative(result: Effect, negative: Effect) -> Check:
    """The programme cannot change this outcome: its rate ratio is bias, chance and differences between networks."""
    found, ratio = negative.networks, result.people.rate_ratio
    bias = compatible_bias(found.lower, found.upper)
    said = (
        f"An outcome that the programme cannot change has a rate ratio of {found.value:.2f} ({found.lower:.2f} to "
        f"{found.upper:.2f}): compatible with a bias of up to a factor of {bias:.2f}"
    )
    said += ", which could explain the whole estimate. " if max(ratio, 1 / ratio) <= bias else ". "
    said += f"A bias of {CONFOUNDING:g} would be seen with {found.power(CONFOUNDING):.0%} power."
    if negative.excludes_one:
        said += " The limits leave out 1: people enrolled differ in something not recorded; the estimate is unreliable."
    return Check(
        "Negative control",
        "an outcome that the programme cannot change has limits that include 1, networks allowed for",
        found.value,
        not negative.excludes_one,
        said,
    )
