"""Limits that allow for differences between networks: those that the control networks show among themselves."""

from dataclasses import dataclass, replace

import pandas as pd

from phm_utils.methods.counterfactual import Arm, Counterfactual
from phm_utils.methods.effects import RateRatio
from phm_utils.methods.network_variance import (
    MIN_CONTROLS,
    NetworkRatio,
    between_networks,
    network_differences,
    network_ratio,
)

MIN_PEOPLE = 10  # control people of a network: fewer say nothing about it, and it is not counted


@dataclass(frozen=True)
class Networks:
    """The networks behind an effect.

    treated, controls: events expected of those enrolled, and of the weighted controls, by network: what each counts.
    variance: between networks, of the logarithm of a rate; None with fewer than MIN_CONTROLS control networks.
    """

    treated: pd.Series
    controls: pd.Series
    variance: float | None

    def allow(self, result: RateRatio) -> "Effect":
        """An estimate with limits that allow for differences between networks."""
        found = network_ratio(
            result.rate_ratio, result.log_se, treated=self.treated, controls=self.controls, variance=self.variance
        )
        return Effect(result, found, int((self.treated > 0).sum()))


@dataclass(frozen=True)
class Effect:
    """An estimate with limits from chance among people alone (`people`), and with those for networks (`networks`)."""

    people: RateRatio
    networks: NetworkRatio
    treated_networks: int

    @property
    def judged(self) -> RateRatio:
        """The estimate with the limits that decide; they are missing where there is no verdict."""
        found = self.networks
        return replace(self.people, lower=found.lower, upper=found.upper, log_se=found.error)

    @property
    def excludes_one(self) -> bool:
        """Do the limits leave out 1? False without a verdict."""
        return self.networks.verdict and not self.networks.lower <= 1 <= self.networks.upper


def networks_of(
    found: Counterfactual, controls: Arm, treated_network: pd.Series, control_network: pd.Series
) -> Networks:
    """The networks behind an effect, and how much control networks differ by anyhow.

    treated_network, control_network: the network of each row of the arms that `found` was made from.
    """
    treated = pd.Series(found.treated).groupby(treated_network.to_numpy()).sum()
    placebo = network_differences(
        controls.events, found.controls, found.weights, person=controls.person, network=control_network.to_numpy()
    )
    placebo = placebo[(placebo["people"] >= MIN_PEOPLE) & (placebo["expected"] > 0)]
    if len(placebo) < MIN_CONTROLS:
        return Networks(treated, placebo["expected"], None)
    variance = between_networks(placebo["difference"], placebo["error"], against_others=False)
    return Networks(treated, placebo["expected"], variance)
