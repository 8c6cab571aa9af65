"""Small runs and rules about them, made by chance from a seed: what property tests of the rule language draw."""

import random
from datetime import date, timedelta
from functools import cache

import pandas as pd

INDEX_DATES = (date(2025, 3, 31), date(2024, 2, 29), date(2025, 2, 28), date(2023, 1, 15), date(2024, 12, 30))
PLAIN, VALUED, AMOUNTS = (
    ("diabetes", "ed_attendances", "stay_fall"),
    ("bmi", "hba1c"),
    ("asthma_medicines", "stay_fall"),
)
EVENTFUL = (*PLAIN, *VALUED, "asthma_medicines", "born")
TABLES = ("gp_event", "gp_medication", "apc_episode", "ecds_attendance")
LISTED = {
    "partner_list": ("Warm homes", "it's a list"),
    "address_list": ("energy_band/E", "energy_band/F", "energy_band", "it's 10% of homes/a/b"),
    "programme": ("P1", "P2"),
}
AT_ADDRESSES = (*LISTED["address_list"], "it's 10% of homes")
IDS = "people.csv"
NUMBER_OPS = ("is", "is not", "at least", "more than", "at most", "less than")


@cache
def edge_days(index_date: date) -> list[date]:
    """Days at the edges of windows."""
    back = [0, 1, 27, 28, 29, 30, 31, 58, 59, 60, 89, 90, 91, 180, 364, 365, 366, 367, 730, 731]
    edges = [index_date - timedelta(days=n) for n in back]
    firsts = [(pd.Timestamp(index_date).replace(day=1) - pd.DateOffset(months=n)).date() for n in range(26)]
    lasts = [day - timedelta(days=1) for day in firsts]
    return [day for day in (*edges, *firsts, *lasts, date(2024, 2, 29)) if day <= index_date]


COLUMNS = {
    "age": ("INTEGER", [None, 0, 17, 18, 64, 65, 90]),
    "bmi": ("DOUBLE", [None, 29.9, 30.0, 30.1]),
    "smi": ("BOOLEAN", [None, True, False]),
    "sex": ("VARCHAR", [None, "Female", "Male"]),
    "registered_from": ("DATE", [None, date(2010, 1, 1), date(2024, 2, 29), date(2024, 3, 31), date(2023, 3, 1)]),
    "household_token": ("VARCHAR", [None, "h1", "h1", "h2", "h2", "h3"]),
}
PLACES = {"household_size": "INTEGER", "practice_code": "VARCHAR", "pcn_code": "VARCHAR", "person_id": "VARCHAR",
          "person_no": "INTEGER", "lsoa": "VARCHAR"}  # fmt: skip


def small_run(seed: int) -> dict:
    """The rows of a small run: some people, their events, and how far each source reaches."""
    rng = random.Random(seed)
    index_date = rng.choice(INDEX_DATES)
    people = [{name: rng.choice(values) for name, (_, values) in COLUMNS.items()} for _ in range(rng.randint(2, 9))]
    communal = rng.choice([None, None, "h2"])
    for n, person in enumerate(people):
        home = person["household_token"]
        size = None if home is None else 11 if home == communal else sum(p["household_token"] == home for p in people)
        person |= {"household_size": size, "practice_code": rng.choice(["A99001", "A99003"]), "pcn_code": "U99001",
                   "person_id": f"person-{n:04d}", "person_no": n + 1}  # fmt: skip
    sources = {table: _source(rng, index_date) for table in TABLES}
    usual = rng.sample((*EVENTFUL[:-1], *LISTED), 4)  # so that some people have several of a kind
    events = [_event(rng, index_date, len(people), usual) for _ in range(rng.randint(0, 80))]
    events += [
        {"concept": "born", "person": n, "day": rng.choice([date(1960, 2, 1), date(2022, 3, 1), date(2023, 1, 1)])}
        for n in range(1, len(people))  # the month of birth of the last is not known
    ]
    areas = {home: rng.choice([["E1"], ["E1", None], ["E1", "E2"]]) for home in ("h1", "h2", "h3", None)}
    for person in people:
        person["lsoa"] = rng.choice(areas[person["household_token"]])
    return {"index_date": index_date, "people": people, "events": events, "sources": sources}


def _source(rng: random.Random, index_date: date) -> dict:
    firsts = pd.date_range(end=index_date, periods=14, freq="MS").strftime("%Y-%m-%d").tolist()
    return {
        "to_date": rng.choice([index_date, date(index_date.year, index_date.month, 1) - timedelta(days=1)]),
        "first_date": rng.choice([None, None, date(2015, 1, 1), index_date - timedelta(days=500)]),
        "silent": " ".join(sorted(rng.sample(firsts, rng.choice([0, 0, 1, 2, 3])))),
    }


def _event(rng: random.Random, index_date: date, people: int, usual: list[str]) -> dict:
    concept = rng.choice(usual if rng.random() < 0.7 else [*EVENTFUL[:-1], *LISTED])
    day = rng.choice(edge_days(index_date)) if rng.random() < 0.6 else index_date - timedelta(days=rng.randint(0, 900))
    found = {"concept": concept, "person": rng.randint(1, people), "day": day}
    if concept in LISTED:
        return found | {"code": rng.choice(LISTED[concept])}
    if concept in VALUED:
        found["value"] = rng.choice([None, 0.0, 29.5, 30.0, 30.3, 30.4, 33.0, 33.44])
    if concept in AMOUNTS:
        found["value"] = rng.choice([None, 0, 1, 7, 14, 28, 28, 7])
    return found | {"code": rng.choice([None, "c1", "c2"]) if concept in PLAIN else None}


# Rules of every form, about such people.


def _span(rng: random.Random, most: int = 30) -> dict:
    length = {"months": rng.randint(1, most), "days": rng.choice([1, 2, 28, 90, 365]), "years": rng.randint(1, 2)}
    unit = rng.choice(["months", "months", "days", "years"])
    return {unit: length[unit]}


def _back(rng: random.Random) -> dict:
    """A look back from the end of the data, of some length, or that ends some time before."""
    ending = {"ending": _span(rng, 12)}
    return rng.choice([_span(rng), _span(rng) | ending, ending])


def _dated(rng: random.Random, index_date: date) -> dict:
    first, last = sorted(rng.choices(edge_days(index_date), k=2))
    return rng.choice([{"from": first, "to": last}, {"from": first}, {"to": last}])


def _from_event(rng: random.Random) -> dict:
    """A look ahead or back from an event of the person's own."""
    found = {rng.choice(["after", "before"]): rng.choice(EVENTFUL)} | rng.choice([{}, {"which": "first"}])
    if rng.random() < 0.3:
        return found | rng.choice([{}, {"starting": {"months": 1}}, {"starting": {"days": 30}}])
    length = _span(rng)
    longer = length.get("months", 0) > 1 or "years" in length
    return found | length | ({"starting": rng.choice([{"months": 1}, {"days": 20}])} if longer else {})


def window(rng: random.Random, index_date: date) -> dict:
    """A window of any kind."""
    return rng.choice([_back(rng), _dated(rng, index_date), _from_event(rng)])


def _within(rng: random.Random, index_date: date) -> dict:
    return {} if rng.random() < 0.2 else {"within": window(rng, index_date)}


def _asked(rng: random.Random, numbers: list) -> dict:
    op = rng.choice([*NUMBER_OPS, "between"])
    return {"op": op, "value": sorted(rng.choices(numbers, k=2)) if op == "between" else rng.choice(numbers)}


def _several(rng: random.Random, names: tuple[str, ...]) -> str | list[str]:
    return rng.choice(names) if rng.random() < 0.5 else rng.choices(names, k=rng.randint(1, 3))


ASKED = {
    "age": [0, 17, 18, 64.5, 65, -1, 2**62, 1e-7, 1e300, 17.123456789012345],
    "bmi": [29.9, 30, 30.1, 0.1, -(10**15)],
    "smi": [True, False],
    "sex": ["Female", "Male"],
    "registered_from": [date(2010, 1, 1), date(2024, 2, 29), "1 year ago", "12 months ago", "366 days ago"],
}


def _column(rng: random.Random) -> dict:
    name = rng.choice(list(ASKED))
    ops = ["is", "is not"] if name in ("smi", "sex") else [*NUMBER_OPS, *["between"] * (name != "registered_from")]
    op = rng.choice([*ops, "one of", "none of", "is known", "is missing"])
    if op.startswith("is ") and op != "is not":
        return {"column": name, "op": op}
    if op in ("one of", "none of"):
        return {"column": name, "op": op, "value": rng.choices(ASKED[name], k=rng.randint(1, 3))}
    return {"column": name, "op": op} | (
        {"value": sorted(rng.choices(ASKED[name], k=2))} if op == "between" else {"value": rng.choice(ASKED[name])}
    )


def _latest(rng: random.Random, index_date: date) -> dict:
    value = _asked(rng, [0, 29.5, 30, 30.3, 33, -0.5, 1e300])
    age = {"age": {"op": rng.choice(NUMBER_OPS), "months": rng.choice([0, 1, 2, 11, 12, 13, 24])}}
    return {"latest": rng.choice(VALUED)} | rng.choice([value, age, value | age]) | _within(rng, index_date)


def _counted(rng: random.Random, index_date: date) -> dict:
    asked = _asked(rng, [0, 1, 2, 3, 1.5, -1, 10**12]) | _within(rng, index_date)
    if rng.random() < 0.3:
        return {"events": _several(rng, ("diabetes", "stay_fall")), "distinct": "code"} | asked
    return {"events": _several(rng, EVENTFUL)} | rng.choice([{}, {"distinct": "day"}]) | asked


def _change(rng: random.Random, index_date: date) -> dict:
    of = rng.choice([{"change": rng.choice(EVENTFUL)}, {"change": rng.choice(VALUED), "of": "latest"}])
    difference, ratio = _asked(rng, [-2, -1, 0, 0.1, 1, 3]), _asked(rng, [0, 0.5, 1, 1.1, 2, 2**62])
    by = rng.choice([difference, difference | {"by": "difference"}, ratio | {"by": "ratio"}])
    return of | by | {"from": window(rng, index_date), "to": window(rng, index_date)}


CRITERIA = {
    "column": lambda rng, day: _column(rng),
    "has": lambda rng, day: {"has": _several(rng, EVENTFUL)} | _within(rng, day),
    "has not": lambda rng, day: {"has not": _several(rng, EVENTFUL)} | _within(rng, day),
    "latest": _latest,
    "events": _counted,
    "sum": lambda rng, day: {"sum": rng.choice(AMOUNTS)} | _asked(rng, [0, 1, 7, 8, 14, 28, 13.5]) | _within(rng, day),
    "change": _change,
    "list": lambda rng, day: {"list": _several(rng, LISTED["partner_list"])} | _within(rng, day),
    "address": lambda rng, day: {"address": _several(rng, AT_ADDRESSES)} | _within(rng, day),
    "programme": lambda rng, day: {"programme": _several(rng, LISTED["programme"])} | _within(rng, day),
    "others": lambda rng, day: rng.choice(
        [{"segment": "Ill"}, {"segment": ["Ill", "Well"]}, {"cohort": "other"}, {"ids": IDS}]
    ),
}


def criterion(rng: random.Random, index_date: date) -> dict:
    """A criterion of any form."""
    return CRITERIA[rng.choice(list(CRITERIA))](rng, index_date)


def rule(rng: random.Random, index_date: date, depth: int = 0) -> dict:
    """A rule that joins others, of which some join others too."""
    kind = rng.choice(["all", "any", "not", "count", "household"] if depth < 2 else ["criterion"])
    if kind == "criterion" or (depth and rng.random() < 0.4):
        return criterion(rng, index_date)
    if kind in ("not", "household"):
        part = rule(rng, index_date, depth + 1)
        return part if kind == "household" and "household" in str(part) else {kind: part}
    parts = [rule(rng, index_date, depth + 1) for _ in range(rng.randint(1, 3))]
    number = {"op": rng.choice(NUMBER_OPS), "value": rng.randint(0, 3)} if kind == "count" else {}
    return {kind: parts} | number
