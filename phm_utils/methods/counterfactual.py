"""What the treated would have had without a programme: a model of the controls, corrected by weights.

Source: Zhao and Percival 2017, doi:10.1515/jci-2016-0010.
"""

from dataclasses import dataclass

import numpy as np

from phm_utils.errors import InputError
from phm_utils.methods.weighting import NoSolution, tilt


@dataclass(frozen=True)
class Arm:
    """Treated, or control, person-trials: one row per person and month in which a trial starts.

    events: counts in follow-up. exposure: time at risk, > 0.
    covariates: rows x columns on which controls are balanced.
    stratum: whole numbers from 0, the same numbering in both arms.
    person: identifier; a person may have several rows.
    predictors: rows x columns of the outcome model; the covariates if None.
    """

    events: np.ndarray
    exposure: np.ndarray
    covariates: np.ndarray
    stratum: np.ndarray
    person: np.ndarray
    predictors: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.events)

    @property
    def model(self) -> np.ndarray:
        return self.covariates if self.predictors is None else self.predictors


@dataclass(frozen=True)
class Counterfactual:
    """What the treated would have had without the programme, and what that rests on. Of the treated it uses who
    they are and how long they were observed, never their events.

    expected: their events. treated, controls: events of each row by the model alone.
    residual: of each control row, its events less the model's. fitted_treated, fitted_controls: the part
        of the residual that the covariates explain. on_model: each control row's influence on `expected` through
        the fitted model.
    """

    expected: float
    treated: np.ndarray
    controls: np.ndarray
    residual: np.ndarray
    fitted_treated: np.ndarray
    fitted_controls: np.ndarray
    on_model: np.ndarray
    weights: np.ndarray

    @property
    def on_controls(self) -> np.ndarray:
        """Each control row's influence on `expected`."""
        return self.weights * (self.residual - self.fitted_controls) + self.on_model


def without_programme(treated: Arm, controls: Arm, weights: np.ndarray) -> Counterfactual:
    """Events expected of the treated: a Poisson model of the controls, corrected by its weighted errors among them.

    weights: one per control row, from `entropy_balance` of the same arms. The model has an intercept per stratum and
    an exposure offset, and is fitted without weights.
    Raises InputError where the model has no solution, or expects nothing.

    >>> none, stratum = np.zeros((4, 1)), np.zeros(4, int)
    >>> treated = Arm(np.array([1, 0, 2, 1]), np.ones(4), none, stratum, person=np.arange(4))
    >>> controls = Arm(np.array([2, 1, 2, 3]), np.ones(4), none, stratum, person=np.arange(4, 8))
    >>> round(without_programme(treated, controls, weights=np.ones(4)).expected, 3)
    8.0
    """
    slopes, scale, mean_controls = _poisson(controls)
    mean_treated = treated.exposure * np.exp(treated.model @ slopes + scale[treated.stratum])
    residual = controls.events - mean_controls
    expected = float(mean_treated.sum() + weights @ residual)
    if expected <= 0:
        raise InputError("The model expects no events of the treated: the two groups are too unlike to compare.")
    fitted_controls, fitted_treated = calibrated(residual, controls, treated, weights)
    on_model = _model_influence(treated, controls, weights, mean_treated, mean_controls)
    return Counterfactual(
        expected, mean_treated, mean_controls, residual, fitted_treated, fitted_controls, on_model, weights
    )


def error_without_effect(found: Counterfactual, controls: Arm) -> float:
    """The standard error that the log rate ratio would have, had the programme no effect.

    It comes from the controls alone: how much the treated vary is taken from controls weighted to be
    like them. So whoever asks whether an effect could have been seen does not look at the effect.

    >>> none, stratum = np.zeros((4, 1)), np.zeros(4, int)
    >>> treated = Arm(np.full(4, np.nan), np.ones(4), none, stratum, person=np.arange(4))
    >>> controls = Arm(np.array([2, 1, 2, 3]), np.ones(4), none, stratum, person=np.arange(4, 8))
    >>> round(error_without_effect(without_programme(treated, controls, weights=np.ones(4)), controls), 3)
    0.27
    """
    of_treated = found.weights @ (found.residual - found.fitted_controls) ** 2 / found.expected**2
    return float(np.sqrt(of_treated + clustered_error(found.on_controls / found.expected, controls.person) ** 2))


def clustered_error(influence: np.ndarray, person: np.ndarray) -> float:
    """Standard error of an estimate from its rows' influences, summed by person first.

    >>> round(clustered_error(np.array([0.1, -0.1, 0.2, -0.2]), person=np.array([1, 1, 2, 3])), 3)
    0.346
    """
    _, group = np.unique(person, return_inverse=True)
    sums = np.bincount(group, weights=influence)
    return float(np.sqrt(len(sums) / max(len(sums) - 1, 1) * (sums**2).sum()))


def _poisson(controls: Arm) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Slopes, log intercept per stratum and fitted means of the controls' Poisson model."""
    size = controls.stratum.max() + 1
    totals = np.bincount(controls.stratum, weights=controls.events, minlength=size)
    used, compact = np.unique(controls.stratum, return_inverse=True)
    try:
        found = tilt(controls.model, controls.exposure, compact, totals[used], controls.events @ controls.model)
    except NoSolution:
        raise InputError(
            f"The Poisson model of {len(controls)} controls has no solution: a covariate predicts the outcome "
            "perfectly. Use fewer covariates."
        ) from None
    scale = np.full(size, -np.inf)
    scale[used] = found.log_scale
    return found.slopes, scale, found.mass


def calibrated(residual: np.ndarray, controls: Arm, treated: Arm, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The part of the residual that the covariates explain, in each arm (weighted least squares).

    >>> none, stratum = np.zeros((2, 1)), np.zeros(2, int)
    >>> arm = Arm(np.ones(2), np.ones(2), none, stratum, person=np.arange(2))
    >>> calibrated(np.array([1.0, 3.0]), arm, arm, weights=np.ones(2))[0]
    array([2., 2.])
    """
    total = np.bincount(controls.stratum, weights=weights)
    total = np.where(total > 0, total, 1.0)
    centre = _stratum_means(controls.covariates, controls.stratum, weights, total)
    level = np.bincount(controls.stratum, weights=weights * residual) / total
    centred = controls.covariates - centre[controls.stratum]
    slopes = _solve(centred.T @ (centred * weights[:, None]), centred.T @ (weights * residual))
    shift = treated.covariates - centre[treated.stratum]
    return level[controls.stratum] + centred @ slopes, level[treated.stratum] + shift @ slopes


def _model_influence(treated: Arm, controls: Arm, weights, mean_treated, mean_controls) -> np.ndarray:
    """Each control row's influence on the expected events through the fitted Poisson model."""
    size = controls.stratum.max() + 1
    total = np.bincount(controls.stratum, weights=mean_controls, minlength=size)
    safe = np.where(total > 0, total, 1.0)
    centre = _stratum_means(controls.model, controls.stratum, mean_controls, safe)
    by_intercept = np.bincount(treated.stratum, weights=mean_treated, minlength=size)
    by_intercept -= np.bincount(controls.stratum, weights=weights * mean_controls, minlength=size)
    by_slope = mean_treated @ treated.model - (weights * mean_controls) @ controls.model - by_intercept @ centre
    centred = controls.model - centre[controls.stratum]
    lever = _solve(centred.T @ (centred * mean_controls[:, None]), by_slope)
    return (controls.events - mean_controls) * (centred @ lever + (by_intercept / safe)[controls.stratum])


def _stratum_means(values, stratum, weights, total) -> np.ndarray:
    """Weighted mean of each column in each stratum: strata x columns."""
    columns = [np.bincount(stratum, weights=weights * column, minlength=len(total)) for column in values.T]
    return np.array(columns).reshape(values.shape[1], len(total)).T / total[:, None]


def _solve(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    return np.linalg.lstsq(matrix, right, rcond=1e-10)[0]
