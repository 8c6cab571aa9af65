"""Nothing small and nobody's token leaves: every released table, CSV file and page."""

import re

import pandas as pd
import pytest
from bs4 import BeautifulSoup

from phm_utils.batch.route import route_of
from phm_utils.reports.notebook import read_released
from phm_utils.runs import Store, resolve

WORD = re.compile(rb"[A-Za-z0-9_-]{6,64}")
PICTURE = re.compile(rb"data:image/[a-z+]+;base64,[A-Za-z0-9+/=]+")
COUNTED = {  # column heads of pages under which people, records or events are counted
    "People", "Registered", "In the cohort", "With the condition", "Admissions", "Records", "Attached", "Not attached",
    "Not in extract", "No token", "Conflict", "Households", "People admitted", "People analysed", "Died",
    "People on them", "People listed", "Tried", "Contacted", "Reached", "Not yet tried", "Died or moved",
    "Tried three times, not reached", "Contact in this month", "People reached here",
}  # fmt: skip


@pytest.fixture(scope="module")
def store(tiny_run) -> Store:
    return Store(tiny_run.folder / "store")


@pytest.fixture(scope="module")
def declared(store) -> pd.DataFrame:
    """Released tables with the columns that count, by name."""
    catalogue = store.read("released_table").set_index("name")
    return catalogue[catalogue["made"]]


@pytest.fixture(scope="module")
def tokens(tiny_run, monkeypatch_module) -> set[bytes]:
    """Every pseudonym of a person or household that the extracts hold."""
    monkeypatch_module.setenv("PHM_ROOT", str(tiny_run.root))
    found: set[str] = set()
    for path in resolve(tiny_run.workbook.landing).rglob("*.parquet"):
        frame = pd.read_parquet(path)
        for column in {"token_person_id", "household_token"} & set(frame):
            found |= set(frame[column].dropna())
    return {token.encode() for token in found}


@pytest.fixture(scope="module")
def monkeypatch_module():
    with pytest.MonkeyPatch.context() as patched:
        yield patched


def small(values: pd.Series) -> list[int]:
    return [v for v in values.dropna().tolist() if 0 < v < 8]


def test_every_room_has_released_something(declared):
    assert len(declared) >= 20
    assert declared["counts"].str.len().gt(0).sum() >= 10


def test_no_released_table_holds_a_count_of_one_to_seven_or_one_not_rounded(store, declared):
    faults = []
    for name, row in declared.iterrows():
        frame = read_released(store.files(f"release_{name}"))
        for column in filter(None, row["counts"].split(",")):
            if not row["published"] and (small(frame[column]) or (frame[column].dropna() % 5 != 0).any()):
                faults.append(f"{name}.{column}")
    assert faults == []


def test_no_limit_is_negative_but_of_a_difference_or_of_money(store, declared):
    seen = 0
    for name in declared.index.difference(["evaluation_return", "evaluation_balance", "emergency_gap_parts"]):
        frame = read_released(store.files(f"release_{name}"))
        for column in (c for c in frame if c.endswith("lower") and not c.startswith("sii")):
            seen += frame[column].notna().sum()
            assert not (frame[column].astype(float) < 0).any(), f"{name}.{column}"
    assert seen > 100


def test_estimates_from_events_name_the_people_who_had_them():
    releases = [r for r in route_of("person_level").releases if not r.published]
    counted = {(r.name, c.behind): c.people for r in releases for c in r.columns if c.kind == "estimate"}
    of_people = {"evaluation_check", "evaluation_balance", "condition_units", "condition_groups", "condition_gradient"}
    of_people |= {"cohort_unit", "cohort_size", "cohort_profile", "rising_contacts", "rising_steadiness", "list_time"}
    of_people |= {"vulnerable_beyond"}
    of_people |= {name for name, _ in counted if name.startswith(("segment_", "link"))}
    assert {name for (name, _), people in counted.items() if not people} <= of_people
    assert {name for name, _ in counted} - of_people == {
        *("emergency_areas", "emergency_units", "emergency_deprivation", "emergency_gradient", "emergency_gap_parts"),
        *("small_areas", "cohort_use"),
        *("evaluation_effect", "evaluation_trend", "evaluation_return"),
    }


def test_no_csv_file_holds_one_either_and_suppressed_counts_are_stars(tiny_run, declared):
    stars, files = 0, list(tiny_run.release.glob("*/*.csv"))
    assert files
    for path in files:
        frame = pd.read_csv(path, encoding="utf-8-sig", dtype=str)
        for column in filter(None, declared.loc[path.stem, "counts"].split(",")):
            shown = frame[column].dropna()
            stars += (shown == "*").sum()
            assert not small(pd.to_numeric(shown[shown != "*"])), f"{path.name}: {column}"
            assert len(shown) == len(frame), f"{path.name}: {column} has an empty cell"
    assert stars > 0


def test_no_table_of_a_page_holds_one(tiny_run):
    seen = 0
    for path in tiny_run.release.glob("*/*.html"):
        for table in BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser").find_all("table"):
            heads = [head.get_text() for head in table.select("thead th")]
            for row in table.select("tbody tr"):
                cells = [cell.get_text().replace(",", "") for cell in row.find_all(["th", "td"])]
                counts = [cell for head, cell in zip(heads, cells, strict=True) if head in COUNTED and cell.isdecimal()]
                seen += len(counts)
                assert not [c for c in counts if 0 < int(c) < 8], f"{path.name}: {cells}"
    assert seen > 100


def test_no_token_is_in_any_released_file_or_table(tiny_run, tokens, store, declared):
    assert len(tokens) > 1000
    files = [path for path in tiny_run.release.rglob("*") if path.is_file()]
    tables = [path for name in declared.index for path in store.files(f"release_{name}")]
    for path in [*files, tiny_run.folder / "run.json", tiny_run.folder / "manifest.json"]:
        assert not tokens & set(WORD.findall(PICTURE.sub(b"", path.read_bytes()))), path.name
    for path in tables:
        text = pd.read_parquet(path).to_csv(index=False).encode()
        assert not tokens & set(WORD.findall(text)), path


def test_findings_quote_no_small_count_of_people(tiny_run):
    # "3 people more than at the ICS's share" is a difference between shares, not a count of anybody.
    counted = re.compile(r"(?<![\d.,])([1-7]) (?:people|patients|children|adults)\b(?! more| fewer)")
    for path in tiny_run.folder.rglob("*.findings.json"):
        assert not counted.findall(path.read_text(encoding="utf-8")), path
