"""Trials of the linkage with made-up people: births of several kinds, and strangers who live in one hostel.

    python benchmarks/linkage_trials.py        (2,000 pairs of births of each kind, 20 hostels of each kind)

The tests run the same trials small.
"""

import random
import tempfile
from collections import Counter
from pathlib import Path

import pandas as pd

from phm_utils.linkage.standalone import Request, link_folder
from phm_utils.privacy.pseudonyms import demo_key

_FORENAMES = """
Adam Ahmed Alan Albert Alice Amy Andrew Anne Arthur Barbara Brian Carol Colin David Deborah Donald Doris Edith Emma Eric
Fatima Frank George Grace Hannah Harold Helen Ian Irene Jack James Jean Joan John Judith Karen Kevin Linda Lucy Margaret
Maria Martin Mary Neil Paul Peter Rita Robert Ruth Susan
"""
_SURNAMES = """
Adams Ahmed Allen Bailey Baker Begum Bell Bennett Brown Carter Clark Cook Cooper Cox Davies Edwards Evans Green Hall
Harris Hill Hughes Hussain Jackson James Johnson Jones Khan King Lee Lewis Martin Miller Moore Morgan Morris Parker
Patel Phillips Price Roberts Robinson Scott Shaw Singh Smith Taylor Turner Walker Ward
"""
FORENAMES, SURNAMES = _FORENAMES.split(), _SURNAMES.split()
PLAINLY_DIFFERENT = ("the year alone", "day and month alone", "nothing")
OTHERWISE_TYPED = (
    "day and month changed round",
    "one digit",
    "two digits changed round",
    "one year off",
    "another day",
)
NOBODY = {"record_id": "nobody", "forename": "Ferdinand", "surname": "Quillfeather", "date_of_birth": "1948-11-23"}
COLUMNS = ("record_id", "nhs_number", "forename", "surname", "date_of_birth", "sex", "postcode", "uprn")
STRANGERS, SEEDS, PAIRS = 200, 20, 2_000
HOSTELS = [
    (home, births_known, sources)
    for home in ("property and postcode", "postcode")
    for births_known in (0.0, 0.5, 1.0)
    for sources in (("ed",), ("gp", "ed"))
]


def linked(sources: dict[str, list[dict]]) -> dict[str, str]:
    """The person of each record by its id; a list `gp` without any of the others is added where there is none."""
    with tempfile.TemporaryDirectory() as scrap:
        folder = Path(scrap) / "in"
        folder.mkdir()
        for name, rows in ({"gp": [NOBODY]} | sources).items():
            pd.DataFrame(rows, columns=list(COLUMNS)).to_csv(folder / f"{name}.csv", index=False)
        out = Path(scrap) / "index.parquet"
        link_folder(Request(folder, out, demo_key(1), "population_health_management"))
        index = pd.read_parquet(out)
    return dict(zip(index["record_id"], index["person_id"], strict=True))


def joined_births(kind: str, *, pairs: int, seed: int, listed: bool) -> int:
    """Of pairs of records with one name, sex and postcode and births of this kind, those joined.

    listed: is one of each pair on the list (gp)?
    """
    rng = random.Random(f"{kind} {seed}")
    one, two = [], []
    for number in range(pairs):
        letters = "ABDEFGHJLN"
        home = f"Z{letters[number // 900 % 10]}{1 + number // 100 % 9} {number // 10 % 10}{letters[number % 10]}A"
        stem = letters[number % 10] + letters[number // 10 % 10] + letters[number // 100 % 10]
        person = {
            "forename": rng.choice(FORENAMES),
            "surname": rng.choice(SURNAMES) + stem.lower(),
            "sex": rng.choice("MF"),
            "postcode": home,
        }
        born, other = births(kind, rng)
        one.append(person | {"record_id": f"one {number}", "date_of_birth": born})
        two.append(person | {"record_id": f"two {number}", "date_of_birth": other})
    people = linked({"gp" if listed else "ed": one, "voluntary": two})
    return sum(people[f"one {number}"] == people[f"two {number}"] for number in range(pairs))


def births(kind: str, rng: random.Random) -> tuple[str, str]:
    """Two birth dates of one kind, as written."""
    while True:
        year, month, day = rng.randint(1931, 2009), rng.randint(1, 12), rng.randint(1, 28)
        other = _other(kind, rng, year, month, day)
        if other is not None:
            return f"{year}-{month:02d}-{day:02d}", "{}-{:02d}-{:02d}".format(*other)


def _other(kind: str, rng: random.Random, year: int, month: int, day: int) -> tuple[int, int, int] | None:
    """The second birth, or None where the first cannot have one of this kind."""
    year_2, month_2, day_2 = rng.randint(1931, 2009), rng.randint(1, 12), rng.randint(1, 28)
    unlike = month_2 != month and day_2 != day and (month_2, day_2) != (day, month)
    digits = sum(a != b for a, b in zip(str(year), str(year_2), strict=True))
    far = digits > 1 and Counter(str(year)) != Counter(str(year_2)) and abs(year - year_2) > 1
    if kind == "the year alone":
        return (year, month_2, day_2) if unlike else None
    if kind == "day and month alone":
        return (year_2, month, day) if far else None
    if kind == "nothing":
        return (year_2, month_2, day_2) if unlike and far else None
    if kind == "day and month changed round":
        return (year, day, month) if day <= 12 and day != month else None
    if kind == "one digit":
        return (year_2, month, day) if digits == 1 else None
    if kind == "two digits changed round":
        turned = int(str(year)[:2] + str(year)[:1:-1])
        return (turned, month, day) if turned != year and 1931 <= turned <= 2009 else None
    if kind == "one year off":
        return (year + 1, month, day)
    assert kind == "another day", kind
    return (year, month, day_2) if day_2 != day else None


def hostel(rng: random.Random, residents: int, home: str, births_known: float) -> list[dict]:
    """Strangers of one hostel with common names, each with one record. births_known: share of 1.

    home: 'property and postcode', or 'postcode' alone.
    """
    return [
        {
            "record_id": f"resident {number}",
            "forename": rng.choice(FORENAMES),
            "surname": rng.choice(SURNAMES),
            "sex": rng.choice("MF"),
            "date_of_birth": births("nothing", rng)[0] if rng.random() < births_known else None,
            "postcode": "ZA4 4HH",
            "uprn": "400" if home.startswith("property") else None,
        }
        for number in range(residents)
    ]


def merged_strangers(*, seed: int, home: str, births_known: float, sources: tuple[str, ...]) -> int:
    """Of 200 strangers of one hostel, spread over the sources, those that share a person with another."""
    rows = hostel(random.Random(f"hostel {seed}"), STRANGERS, home, births_known)
    people = linked({source: rows[place :: len(sources)] for place, source in enumerate(sources)})
    times = Counter(people[row["record_id"]] for row in rows)
    return sum(n for n in times.values() if n > 1)


def main() -> None:
    """Print pairs of births joined, by kind, on the list and on none; and merged strangers of each hostel."""
    for kind in (*PLAINLY_DIFFERENT, *OTHERWISE_TYPED):
        joined = [joined_births(kind, pairs=PAIRS, seed=1, listed=listed) for listed in (True, False)]
        print(f"{kind}: {joined[0]} joined on the list, {joined[1]} on none, of {PAIRS} pairs each", flush=True)
    for home, births_known, sources in HOSTELS:
        merged = [
            merged_strangers(seed=seed, home=home, births_known=births_known, sources=sources) for seed in range(SEEDS)
        ]
        print(
            f"{STRANGERS} strangers of one {home}, {births_known:.0%} with a birth date, in {' and '.join(sources)}: "
            f"{min(merged)} to {max(merged)} merged in {SEEDS} hostels",
            flush=True,
        )


if __name__ == "__main__":
    main()
