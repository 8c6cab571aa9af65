"""Who may stand on a list: nobody reaches a recipient whose agreement does not name their practice of the day."""

import random
from datetime import date, timedelta

import pandas as pd
import pytest

from phm_utils.privacy.permission import (
    DIED,
    ELSEWHERE,
    GRANTED,
    LEFT,
    NOT_CLEAR,
    NOT_FOUND,
    OF_THE_DAY,
    OPTED_OUT,
    SENSITIVE,
    decide,
)

DAY = date(2025, 3, 31)
CODES = ("A99001", "A99002", "A99003", "A99004", "A99005", "A99006")
NO_PRACTICES = {"close_date": None, "successor_code": None}
PLAIN = {
    "token": "p",
    "practice_code": "A99001",
    "registered_from": date(2020, 1, 1),
    "registered_to": None,
    "unreadable": False,
    "opted_out": False,
    "sensitive": False,
    "date_of_death": None,
}


def practices(**changed: dict) -> pd.DataFrame:
    return pd.DataFrame([{"practice_code": code} | NO_PRACTICES | changed.get(code, {}) for code in CODES])


def decision(*rows: dict, permitted=("A99001",), known: pd.DataFrame | None = None, day: date = DAY) -> str:
    frame = pd.DataFrame([PLAIN | row for row in rows], columns=list(PLAIN))
    found = decide(pd.Series(["p"]), frame, practices() if known is None else known, set(permitted), day)
    return found["decision"].iloc[0]


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([{}], GRANTED),
        ([], NOT_FOUND),
        ([{"registered_to": DAY}], GRANTED),
        ([{"registered_to": DAY - timedelta(days=1)}], LEFT),
        ([{"registered_from": DAY + timedelta(days=1)}], LEFT),
        ([{"date_of_death": DAY}], DIED),
        ([{"date_of_death": DAY + timedelta(days=1)}], GRANTED),
        ([{"opted_out": True}], OPTED_OUT),
        ([{"sensitive": True}], SENSITIVE),
        ([{"unreadable": True}], NOT_CLEAR),
        ([{"practice_code": "A99002"}], ELSEWHERE),
        ([{}, {"practice_code": "A99002", "registered_from": date(2024, 1, 1)}], ELSEWHERE),
        ([{"practice_code": "A99002"}, {"registered_from": date(2024, 1, 1)}], GRANTED),
        ([{}, {"practice_code": "A99002"}], NOT_CLEAR),
        ([{}, {"practice_code": "A99002", "unreadable": True}], NOT_CLEAR),
        ([{}, {"practice_code": "A99002", "registered_to": date(2021, 1, 1), "opted_out": True}], OPTED_OUT),
        ([{"practice_code": None}], LEFT),
        ([{"registered_from": None}], NOT_CLEAR),
    ],
)
def test_the_registrations_of_the_day_decide(rows, why):
    assert decision(*rows) == why


@pytest.mark.parametrize(
    ("closed", "permitted", "why"),
    [
        ({"A99001": {"close_date": date(2025, 1, 31), "successor_code": "A99002"}}, ["A99001"], ELSEWHERE),
        ({"A99001": {"close_date": date(2025, 1, 31), "successor_code": "A99002"}}, ["A99002"], GRANTED),
        ({"A99001": {"close_date": DAY, "successor_code": "A99002"}}, ["A99001"], GRANTED),
        ({"A99001": {"close_date": date(2025, 1, 31)}}, ["A99001"], LEFT),
        (
            {
                "A99001": {"close_date": date(2025, 1, 31), "successor_code": "A99002"},
                "A99002": {"close_date": date(2025, 2, 28), "successor_code": "A99001"},
            },
            ["A99001", "A99002"],
            LEFT,
        ),
    ],
)
def test_patients_of_a_merged_practice_are_those_of_its_successor(closed, permitted, why):
    assert decision({}, permitted=permitted, known=practices(**closed)) == why


def made_by_chance(rng: random.Random, number: int) -> list[dict]:
    """The registrations of one person: moves, overlaps, gaps, deaths, opt-outs, flags, what cannot be read."""
    token, start = f"person-{number}", date(2015, 1, 1)
    death = start + timedelta(days=rng.randint(0, 4_500)) if rng.random() < 0.1 else None
    rows = []
    for _ in range(rng.choice([0, 1, 1, 1, 2, 2, 3, 4])):
        start += timedelta(days=rng.randint(0, 1_500))
        end = start + timedelta(days=rng.randint(-30, 1_500)) if rng.random() < 0.6 else None
        rows.append(
            {
                "token": token,
                "practice_code": rng.choice([*CODES, None]) if rng.random() < 0.95 else "X99999",
                "registered_from": start if rng.random() < 0.98 else None,
                "registered_to": end,
                "unreadable": rng.random() < 0.03,
                "opted_out": rng.random() < 0.03,
                "sensitive": rng.random() < 0.03,
                "date_of_death": death,
            }
        )
    return rows


def permitted_by_hand(rows: list[dict], known: dict[str, dict], permitted: set[str], day: date) -> bool:
    """The rule again, for one person and row by row."""
    for row in rows:
        if row["unreadable"] or row["registered_from"] is None or row["opted_out"] or row["sensitive"]:
            return False
        if row["date_of_death"] is not None and row["date_of_death"] <= day:
            return False
    open_rows = [
        r for r in rows if r["registered_from"] <= day and (r["registered_to"] is None or r["registered_to"] >= day)
    ]
    newest = [r for r in open_rows if r["registered_from"] == max(r["registered_from"] for r in open_rows)]
    places = set()
    for row in newest:
        code, seen = row["practice_code"], []
        while code in known and known[code]["close_date"] is not None and known[code]["close_date"] < day:
            seen.append(code)
            code = known[code]["successor_code"]
            if code in seen:
                code = None
        places.add(code)
    return len(places) == 1 and None not in places and places <= permitted


@pytest.mark.parametrize("seed", range(4))
def test_of_ten_thousand_histories_nobody_is_listed_whom_the_agreement_does_not_name(seed):
    rng = random.Random(seed)
    people = {f"person-{n}": made_by_chance(rng, n) for n in range(2_500)}
    closed = {
        code: {"close_date": date(2024, 6, 30), "successor_code": rng.choice([*CODES, None])}
        for code in rng.sample(CODES, 3)
    }
    known = practices(**closed)
    permitted, day = set(rng.sample(CODES, 3)), date(2025, 3, 31) - timedelta(days=rng.randint(0, 700))
    rows = [row for rows in people.values() for row in rows]
    rng.shuffle(rows)
    found = decide(pd.Series(list(people)), pd.DataFrame(rows, columns=list(PLAIN)), known, permitted, day)
    by_hand = {
        name
        for name, rows in people.items()
        if permitted_by_hand(rows, {c: NO_PRACTICES | closed.get(c, {}) for c in CODES}, permitted, day)
    }
    granted = found[found["decision"] == GRANTED]
    assert set(granted["token"]) == by_hand
    assert granted["practice_code"].isin(permitted).all()
    assert found.loc[found["decision"] != GRANTED, "practice_code"].isna().all()
    assert list(found["token"]) == list(people)  # everybody asked about has an answer, in order
    assert set(found["decision"]) == {GRANTED, *OF_THE_DAY}
