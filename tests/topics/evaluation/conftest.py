"""Small panels for the evaluation's tests: hand-made people, and a seeded world with a known effect."""

import duckdb
import numpy as np
import pandas as pd
import pytest
from checked_tables import nothing_silent

from phm_utils.topics.evaluation.interventions import Intervention, Money, Plausible
from phm_utils.topics.evaluation.panel import NEVER, Panel

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
    """A seeded world: rates differ and drift; half the frequent attenders of network U1 enrol at some time.

    Eight networks, U2 to U9, have no programme.
    """
    random = np.random.default_rng(seed)
    drift = np.zeros((people, months))
    for month in range(1, months):
        drift[:, month] = 0.75 * drift[:, month - 1] + 0.66 * random.normal(size=people)
    rate = random.gamma(0.4, 0.4, people)[:, None] * np.exp(0.7 * drift - 0.25)
    counts = random.poisson(rate)
    at_site = random.random(people) < 0.2
    enrolled = np.full(people, NEVER)
    for month in range(24, 30):
        ready = (counts[:, month - 12 : month].sum(axis=1) >= 7) & at_site & np.isinf(enrolled)
        chosen = random.random(people) < np.where(counts[:, month - 1] >= 2, 0.3, 0.08)  # after a bad month
        enrolled[ready & chosen] = month
    for person in np.flatnonzero(np.isfinite(enrolled)):
        ahead = slice(int(enrolled[person]), int(enrolled[person]) + 6)
        counts[person, ahead] = random.poisson(rate[person, ahead] * ratio)
    frame = pd.DataFrame(
        {
            "person_id": np.arange(people),
            "pcn_code": np.where(at_site, "U1", random.choice([f"U{n}" for n in range(2, 10)], people)),
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


@pytest.fixture(scope="session")
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


def _stored(con: duckdb.DuckDBPyConnection, drawn: Panel, programme: str = "HIU") -> None:
    """The store's tables of a drawn panel whose months end on 31 March 2025."""
    months, people = drawn.months, drawn.people
    token = [f"token{n:06d}" for n in range(len(people))]
    whole = np.minimum(np.floor(people["leaves"]).astype(int), len(months))
    ends = months.append(pd.DatetimeIndex([months[-1] + pd.offsets.MonthBegin(1)]))
    born = pd.to_datetime("2000-03-01") - pd.to_timedelta((people["age"] * 365).round(), unit="D")
    pcn = people["pcn_code"].str.replace("U", "U9900")
    follow_up = pd.DataFrame(
        {"person_id": token, "person_no": range(1, len(token) + 1), "pcn_code": pcn,
         "practice_code": pcn.str.replace("U", "A"), "sex": "Female", "birth_month": born.dt.date,
         "imd_quintile": 3, "start_date": months[0].date(), "died": False,
         "end_date": (ends[whole] - pd.Timedelta(days=1)).date}
    ).assign(palliative_from=pd.Series(pd.NaT, range(len(people)), dtype="datetime64[s]"))  # fmt: skip
    row, month = np.nonzero(drawn.counts["ed_attendances"])
    person_month = pd.DataFrame(
        {"person_no": row + 1, "pcn_code": pcn.to_numpy()[row], "month": months[month].date,
         "ed_attendances": drawn.counts["ed_attendances"][row, month], "emergency_admissions": 0}
    )  # fmt: skip
    enrolled = np.flatnonzero(np.isfinite(people["enrolled"]))
    enrolment = pd.DataFrame(
        {"enrolment_id": enrolled, "token_person_id": np.array(token)[enrolled], "sex": None, "programme": programme,
         "birth_month": born.dt.date.to_numpy()[enrolled],
         "enrolled_from": months[people["enrolled"].to_numpy()[enrolled].astype(int)].date}
    ).astype({"sex": "str"})  # fmt: skip
    index = enrolment[["token_person_id", "sex", "birth_month"]].assign(
        source="programme_enrolment", person_id=enrolment["token_person_id"]
    )
    practice = pd.DataFrame({"pcn_code": sorted(pcn.unique())}).assign(pcn_name=lambda t: "Network " + t["pcn_code"])
    left_out = pd.DataFrame(columns=["table_name", "column_name"]).astype("str")
    tables = {"person_follow_up": follow_up, "person_month": person_month, "programme_enrolment": enrolment,
              "person_index": index, "practice": practice, "person_left_out": left_out}  # fmt: skip
    nothing_silent(con)
    for name, frame in tables.items():
        con.register("frame", frame)
        con.execute(f"CREATE TABLE {name} AS SELECT * FROM frame")
        con.unregister("frame")


@pytest.fixture(scope="session")
def stored():
    """Writes a drawn panel into a connection as the store's tables: see `_stored`."""
    return _stored
