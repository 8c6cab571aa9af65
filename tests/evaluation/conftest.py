"""Small panels for the evaluation's tests: hand-made people, and a seeded world with a known effect."""

import numpy as np
import pandas as pd
import pytest

from phm_utils.evaluation.definitions import Intervention, Money, Plausible
from phm_utils.evaluation.panel import NEVER, Panel

PROGRAMME = Intervention(
    code="a_service",
    programme="HIU",
    title="A service",
    kind="support",
    money=Money(cost_gbp_per_year=80_000),
    plausible=Plausible(rate_ratio=0.86, lower=0.63, upper=1.16, source="somebody"),
)


def _panel(counts: dict[str, dict[int, int]], months: int = 36, **people: dict) -> Panel:
    """A panel of named people: `counts` gives each one's events by month, `people` what differs from the default."""
    default = {
        "pcn_code": "U2",
        "joins": 0.0,
        "leaves": float(months),
        "palliative": NEVER,
        "enrolled": NEVER,
        "enrolled_any": NEVER,
    }
    rows = [{"person_id": name} | default | people.get(name, {}) for name in counts]
    grid = np.zeros((len(counts), months), int)
    for row, events in enumerate(counts.values()):
        for month, number in events.items():
            grid[row, month] = number
    frame = pd.DataFrame(rows)
    return Panel(frame, {"ed_attendances": grid}, pd.date_range("2022-04-01", periods=months, freq="MS"))


def _drawn_panel(seed: int, ratio: float, people: int = 30_000, months: int = 36) -> Panel:
    """A seeded world: rates differ and drift; half the frequent attenders of network U1 enrol at some time."""
    random = np.random.default_rng(seed)
    drift = np.zeros((people, months))
    for month in range(1, months):
        drift[:, month] = 0.75 * drift[:, month - 1] + 0.66 * random.normal(size=people)
    rate = random.gamma(0.5, 0.5, people)[:, None] * np.exp(0.7 * drift - 0.25)
    counts = random.poisson(rate)
    at_site = random.random(people) < 0.2
    enrolled = np.full(people, NEVER)
    for month in range(24, 30):
        ready = (counts[:, month - 12 : month].sum(axis=1) >= 7) & at_site & np.isinf(enrolled)
        enrolled[ready & (random.random(people) < 0.15)] = month
    for person in np.flatnonzero(np.isfinite(enrolled)):
        ahead = slice(int(enrolled[person]), int(enrolled[person]) + 6)
        counts[person, ahead] = random.poisson(rate[person, ahead] * ratio)
    frame = pd.DataFrame(
        {
            "person_id": np.arange(people),
            "pcn_code": np.where(at_site, "U1", random.choice(["U2", "U3", "U4"], people)),
            "joins": 0.0,
            "leaves": np.where(random.random(people) < 0.05, random.uniform(24, 36, people), 36.0),
            "palliative": NEVER,
            "enrolled": enrolled,
            "enrolled_any": enrolled,
            "age": random.normal(50, 15, people),
        }
    )
    counts[np.arange(months) >= frame["leaves"].to_numpy()[:, None]] = 0
    keep = np.array([(counts[:, m - 12 : m].sum(axis=1) >= 7) for m in range(24, 36)]).any(axis=0)
    keep |= np.isfinite(enrolled)
    return Panel(
        frame[keep].reset_index(drop=True),
        {"ed_attendances": counts[keep]},
        pd.date_range("2022-04-01", periods=months, freq="MS"),
    )


@pytest.fixture
def programme() -> Intervention:
    """Seven attendances in a year, six months of follow-up."""
    return PROGRAMME


@pytest.fixture
def panel():
    """Makes a hand-made panel: see `_panel`."""
    return _panel


@pytest.fixture(scope="session")
def drawn_panel():
    """Makes a seeded world: see `_drawn_panel`."""
    return _drawn_panel
