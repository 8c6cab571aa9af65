"""Latent classes of yes/no columns, such as conditions, and their stability over resamples.

Latent classes and not k-means: on 0/1 columns k-means splits on the commonest
column and does so again in every resample. Of 20,000 simulated people with 26
conditions drawn independently it finds three clusters with Jaccard
similarities of .61 to .91; latent classes find one class, so nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from phm_utils.errors import InputError

STABLE, PATTERN = 0.75, 0.60  # mean Jaccard of a cluster: above, stable; from, a pattern; below, none. Hennig 2007
TRIED = (2, 3, 4, 5)
REFITS = 20  # resamples by which stability is judged
STARTS = 4  # random starts of a fit: the likelihood has local peaks. Too few can only make clusters look less stable
STEPS, TOLERANCE = 200, 1e-6  # of one start: until the log-likelihood gains less than this part of itself
PRIOR = 0.5  # pseudo-people added to each class, with and without a column: no probability becomes 0 or 1


@dataclass(frozen=True)
class Classes:
    """Latent classes: within one, columns are independent.

    share: of everybody, one per class, adding up to 1.
    chance: of each column, one row per class.
    bic: Bayesian information criterion; lower is better.
    """

    share: np.ndarray
    chance: np.ndarray
    bic: float

    def place(self, patterns: np.ndarray) -> np.ndarray:
        """The likeliest class of each pattern, counted from 0; the first of equals."""
        return _log_joint(np.asarray(patterns, dtype=float).T, self.share, self.chance).argmax(axis=0)


@dataclass(frozen=True)
class Clustering:
    """The chosen number of classes, and the stability of each.

    classes: None where no number of classes describes the data better than one class.
    jaccard: one per class, the mean over resamples.
    tried: one row per number: `clusters`, `bic_gain` over one class, `rand`
        (mean adjusted Rand index), `lowest`, `stable`, `pattern` (clusters so called).
    """

    classes: Classes | None
    jaccard: np.ndarray
    tried: pd.DataFrame

    @property
    def rand(self) -> float:
        """Mean adjusted Rand index of the number chosen: 1 is the same each time, 0 as alike as chance."""
        if self.classes is None:
            return float("nan")
        return float(self.tried.set_index("clusters").loc[len(self.classes.share), "rand"])


def stable_classes(
    patterns: np.ndarray,
    weights: np.ndarray,
    *,
    seed: int,
    tried: Sequence[int] = TRIED,
    refits: int = REFITS,
) -> Clustering:
    """Fit latent classes, refit them on resamples, and choose the number with the most stable classes.

    patterns: one row per distinct combination, columns 0 or 1; in any order.
    weights: people with each combination, whole numbers > 0.
    seed: of random starts and resamples. Same people and seed, same answer.
    tried: numbers of classes. Only those that describe the people better than
        one class does (BIC) are considered; of these the one with the most
        stable classes, then the most patterns, then the fewest classes.
    Classes are returned largest first. A class is compared with the most similar
    of each refit, over the people fitted to, by Jaccard's index: people in both
    over people in either.
    Raises InputError where patterns repeat or have values other than 0 and 1.
    Source: Hennig 2007, doi:10.1016/j.csda.2006.11.025; Hubert and Arabie 1985.

    >>> patterns = np.array([[0, 0, 1, 1], [1, 1, 0, 0]])
    >>> found = stable_classes(patterns, np.array([600, 400]), seed=1, tried=(2,), refits=3)
    >>> found.classes.share.round(2), found.jaccard.round(2)
    (array([0.6, 0.4]), array([1., 1.]))
    """
    patterns, weights = _sorted(patterns, weights)
    alone = latent_classes(patterns, weights, 1, seed=seed)
    rows, found = [], {}
    for count in tried:
        fitted = latent_classes(patterns, weights, count, seed=seed)
        gain = alone.bic - fitted.bic
        if gain > 0:
            jaccard, rand = _stability(patterns, weights, fitted, refits, seed)
            found[count] = fitted, jaccard
            stable = int((jaccard > STABLE).sum())
            rows.append((count, gain, rand, jaccard.min(), stable, int((jaccard >= PATTERN).sum()) - stable))
    table = pd.DataFrame(rows, columns=["clusters", "bic_gain", "rand", "lowest", "stable", "pattern"])
    if table.empty:
        return Clustering(None, np.array([]), table)
    best = table.sort_values(["stable", "pattern", "clusters"], ascending=[False, False, True])["clusters"].iloc[0]
    return Clustering(*found[best], table)


def latent_classes(patterns: np.ndarray, weights: np.ndarray, count: int, *, seed: int) -> Classes:
    """The likeliest of several fits by expectation and maximisation, classes in order of size, largest first.

    Source: Goodman 1974, doi:10.1093/biomet/61.2.215; Dempster, Laird and Rubin 1977.

    >>> patterns = np.array([[0.0, 0, 1, 1], [1, 1, 0, 0]])
    >>> latent_classes(patterns, np.array([600.0, 400]), 2, seed=1).share.round(2)
    array([0.6, 0.4])
    """
    random = np.random.default_rng([seed, count])
    fits = [_fit_once(patterns, weights, count, random) for _ in range(STARTS if count > 1 else 1)]
    likelihood, share, chance = max(fits, key=lambda fit: fit[0])
    order = np.argsort(-share, kind="stable")
    free = count - 1 + count * patterns.shape[1]
    return Classes(share[order], chance[order], float(free * np.log(weights.sum()) - 2 * likelihood))


def adjusted_rand(counts: np.ndarray) -> float:
    """Agreement of two clusterings beyond chance, from people by cluster of each.

    Two clusterings that both put everybody in one cluster agree: 1.

    >>> adjusted_rand(np.array([[30, 0], [0, 70]])), adjusted_rand(np.array([[25, 25], [25, 25]])) < 0
    (1.0, True)
    """
    pairs = (counts * (counts - 1) / 2).sum()
    first, second = (sums * (sums - 1) / 2 for sums in (counts.sum(axis=1), counts.sum(axis=0)))
    everybody = counts.sum() * (counts.sum() - 1) / 2
    expected = first.sum() * second.sum() / everybody if everybody else 0.0
    most = (first.sum() + second.sum()) / 2
    return 1.0 if most == expected else float((pairs - expected) / (most - expected))


def best_jaccard(counts: np.ndarray) -> np.ndarray:
    """For each cluster of the rows, the most similar of the columns: people in both over people in either.

    >>> best_jaccard(np.array([[30, 0], [10, 60]])).round(2)
    array([0.75, 0.86])
    """
    either = counts.sum(axis=1, keepdims=True) + counts.sum(axis=0) - counts
    return np.divide(counts, either, out=np.zeros(counts.shape), where=either > 0).max(axis=1)


def _stability(
    patterns: np.ndarray, weights: np.ndarray, fitted: Classes, refits: int, seed: int
) -> tuple[np.ndarray, float]:
    """Mean Jaccard of each class, and mean adjusted Rand index, over refits on resampled people."""
    own, count = fitted.place(patterns), len(fitted.share)
    jaccard, rand = [], []
    for number, drawn in enumerate(_resamples(weights, refits, seed)):
        some = drawn > 0
        # A refit starts anew: from the fit itself it would only find it again.
        again = latent_classes(patterns[some], drawn[some], count, seed=seed + 1 + number)
        counts = np.zeros((count, count))
        np.add.at(counts, (own, again.place(patterns)), weights)
        jaccard.append(best_jaccard(counts))
        rand.append(adjusted_rand(counts))
    return np.mean(jaccard, axis=0), float(np.mean(rand))


def _resamples(weights: np.ndarray, times: int, seed: int) -> Iterator[np.ndarray]:
    """As many people drawn anew with replacement, as counts of each pattern."""
    random = np.random.default_rng([seed, times])
    for _ in range(times):
        yield random.multinomial(int(weights.sum()), weights / weights.sum())


def _fit_once(
    patterns: np.ndarray, weights: np.ndarray, count: int, random: np.random.Generator
) -> tuple[float, np.ndarray, np.ndarray]:
    """One fit, from people drawn at random to a local maximum: log-likelihood, shares and chances."""
    overall = np.einsum("pc,p->c", patterns, weights) / weights.sum()
    drawn = random.choice(len(patterns), size=count, p=weights / weights.sum())
    share, chance = np.full(count, 1 / count), np.clip((overall + patterns[drawn]) / 2, 0.01, 0.99)
    across, before = np.ascontiguousarray(patterns.T), -np.inf
    for _ in range(STEPS):
        joint = _log_joint(across, share, chance)
        top = joint.max(axis=0)
        scaled = np.exp(joint - top)
        sums = scaled.sum(axis=0)
        likelihood = float(((top + np.log(sums)) * weights).sum())
        belongs = scaled * (weights / sums)
        size = belongs.sum(axis=1)
        share = (size + PRIOR) / (size.sum() + PRIOR * count)
        # einsum and not @: one thread and one order of adding, so the same bytes on any number of cores.
        chance = (np.einsum("kp,pc->kc", belongs, patterns) + PRIOR) / (size[:, None] + 2 * PRIOR)
        if likelihood - before < TOLERANCE * abs(likelihood):
            break
        before = likelihood
    return likelihood, share, chance


def _log_joint(across: np.ndarray, share: np.ndarray, chance: np.ndarray) -> np.ndarray:
    """Log of a class's share times the probability of a pattern in it: one row per class, one column per pattern."""
    odds = np.log(chance) - np.log1p(-chance)
    fixed = np.log1p(-chance).sum(axis=1) + np.log(share)
    return np.einsum("kc,cp->kp", odds, across) + fixed[:, None]


def _sorted(patterns: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Patterns in one fixed order: the result must not depend on the order of rows."""
    patterns, weights = np.asarray(patterns, dtype=float), np.asarray(weights, dtype=float)
    if patterns.ndim != 2 or not np.isin(patterns, (0, 1)).all() or not (weights > 0).all():
        raise InputError("Patterns to be clustered hold only 0 and 1, each with at least one person. Group them first.")
    if repeated := len(patterns) - len(np.unique(patterns, axis=0)):
        raise InputError(f"{repeated} of {len(patterns)} patterns to be clustered repeat another. Add up their people.")
    order = np.lexsort(patterns.T[::-1])
    return patterns[order], weights[order]
