"""Changes of cohorts between two runs: everybody is counted once, with a reason, and everything adds up."""

from collections import Counter

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kept_run import kept_run

from phm_utils import engine
from phm_utils.errors import InputError
from phm_utils.measures.change_counts import REASONS_LEFT, REASONS_NEW, by_criterion, by_reason
from phm_utils.measures.cohort_change import CHANGED, SAME, compared
from phm_utils.measures.cohort_definitions import Cohort
from phm_utils.measures.definition_digest import definition_digest
from phm_utils.params import Workbook
from phm_utils.privacy.blocks import Areas
from phm_utils.rules.tree import parse

THEN = "2025-02-28"
AREAS = Areas(("U1", "U2"), "QZZ")
PRACTICES = {"P1": "U1", "P2": "U1", "P3": "U2"}
CRITERIA = ["Aged 18 or over", "Seven or more attendances"]
# Of the one cohort `c` of two criteria: practice, and how many are met; `?`: it is not known whether the next is.
Run = dict[str, tuple[str, str]]


def put(con, people: Run, digest: str = "a", practices: dict[str, str] = PRACTICES) -> None:
    """Make the tables of one run."""
    rows = [(n, name, at, practices[at]) for n, (name, (at, _)) in enumerate(people.items(), 1)]
    steps = [("c", n, int(met[0]), "?" in met) for n, (_, met) in enumerate(people.values(), 1) if met != "0"]
    definition = [("c", n, words, digest) for n, words in enumerate(CRITERIA, 1)]
    _table(con, "person_place", "person_no INTEGER, person_id VARCHAR, practice_code VARCHAR, pcn_code VARCHAR", rows)
    _table(con, "cohort_step", "cohort VARCHAR, person_no INTEGER, met TINYINT, unknown BOOLEAN", steps)
    _table(con, "cohort_definition", "cohort VARCHAR, step INTEGER, criterion VARCHAR, digest VARCHAR", definition)


def _table(con, name: str, columns: str, rows: list[tuple]) -> None:
    con.execute(f"CREATE OR REPLACE TABLE {name} ({columns})")
    if rows:
        con.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(rows[0]))})", rows)


@pytest.fixture
def change(tmp_path):
    """Compare two runs: what happened, by area and reason, and by area and criterion."""
    count = iter(range(1_000))

    def between(
        then: Run,
        now: Run,
        died: tuple[str, ...] = (),
        digest: str = "a",
        deaths_known: bool = True,
        practices: dict[str, str] = PRACTICES,
        followed: list[str] | None = None,
    ):
        with engine.session(tmp_path) as con:
            put(con, then)
            kept = kept_run(con, tmp_path / f"kept{next(count)}", THEN)
            put(con, now, digest, practices)
            _table(con, "practice", "practice_code VARCHAR, pcn_code VARCHAR", list(practices.items()))
            people = followed if followed is not None else sorted({*then, *now})
            rows = [(name, name in died if deaths_known else None) for name in people]
            _table(con, "person_follow_up", "person_id VARCHAR, died BOOLEAN", rows)
            found = compared(con, kept)
        return found and (by_reason(found, AREAS).set_index("area_code"), by_criterion(found, AREAS))

    return between


def reasons(frame: pd.DataFrame, area: str) -> dict[str, int]:
    """What is not 0 in an area's row."""
    row = frame.loc[area].drop(["cohort", "earlier", "definition", "place"])
    return {name: int(people) for name, people in row.items() if people}


def test_everybody_new_or_gone_has_one_reason(change):
    then = {
        "stays": ("P1", "2"), "was a child": ("P1", "0"), "attended less": ("P1", "1"), "unknown": ("P1", "1?"),
        "dies": ("P1", "2"), "leaves": ("P1", "2"), "attends less": ("P1", "2"), "cannot be judged": ("P1", "2"),
    }  # fmt: skip
    now = {
        "stays": ("P2", "2"), "was a child": ("P1", "2"), "attended less": ("P1", "2"), "unknown": ("P1", "2"),
        "joins": ("P1", "2"), "attends less": ("P1", "1"), "cannot be judged": ("P1", "0?"),
    }  # fmt: skip
    frame, criteria = change(then, now, died=("dies",))
    assert reasons(frame, "U1") == {
        "members_then": 5, "stayed": 1, "members_left": 4, "died": 1, "gone": 1, "ended": 2, "unmet": 1, "unknown": 1,
        "members_new": 4, "joined": 1, "met": 2, "known": 1, "members_now": 5,
    }  # fmt: skip
    assert reasons(frame, "U2") == {}
    assert frame.loc["U1", ["earlier", "definition"]].tolist() == [THEN, SAME]
    by_step = criteria[criteria["people"].gt(0) & criteria["area_code"].eq("U1")]
    assert by_step.set_index(["change", "criterion"])["people"].to_dict() == {
        ("met", "Aged 18 or over"): 1,
        ("met", "Seven or more attendances"): 1,
        ("known", "Seven or more attendances"): 1,
        ("unmet", "Seven or more attendances"): 1,
        ("unknown", "Aged 18 or over"): 1,
    }
    assert criteria.query("area_code == 'U1' and change == 'met'")["in_change"].tolist() == [2, 2]


def test_a_member_who_moves_is_new_here_and_left_there_and_stayed_in_the_ics(change):
    then = {"moves": ("P1", "2"), "moves and grows old": ("P1", "1"), "moves and recovers": ("P1", "2")}
    now = {"moves": ("P3", "2"), "moves and grows old": ("P3", "2"), "moves and recovers": ("P3", "1")}
    frame, _ = change(then, now)
    assert reasons(frame, "U1") == {"members_then": 2, "members_left": 2, "moved_out": 1, "unmet": 1}
    assert reasons(frame, "U2") == {"members_now": 2, "members_new": 2, "moved_in": 1, "met": 1}
    assert reasons(frame, "QZZ") == {
        "members_then": 2, "stayed": 1, "members_left": 1, "unmet": 1, "members_new": 1, "met": 1, "members_now": 2,
    }  # fmt: skip


def test_a_practice_that_changed_its_network_moves_nobody(change):
    people = {"one": ("P1", "2"), "two": ("P2", "2")}
    frame, _ = change(people, people, practices=PRACTICES | {"P2": "U2"})
    assert reasons(frame, "U1") == reasons(frame, "U2") == {"members_then": 1, "stayed": 1, "members_now": 1}


def test_members_of_a_network_that_is_gone_count_for_the_ics_alone(change):
    practices = {"P1": "U1", "P3": "U9"}
    frame, _ = change({"a": ("P3", "2"), "b": ("P3", "2")}, {"a": ("P1", "2")}, died=("b",), practices=practices)
    assert reasons(frame, "U1") == {"members_now": 1, "members_new": 1, "moved_in": 1}
    assert reasons(frame, "QZZ") == {
        "members_then": 2, "stayed": 1, "members_left": 1, "ended": 1, "died": 1, "members_now": 1,
    }  # fmt: skip


def test_a_changed_definition_is_said_and_no_criterion_is_blamed(change):
    then = {"in": ("P1", "1"), "out": ("P1", "2"), "dies": ("P1", "2"), "stays": ("P1", "2")}
    now = {"in": ("P1", "2"), "out": ("P1", "1"), "joins": ("P1", "2"), "stays": ("P1", "2")}
    frame, criteria = change(then, now, died=("dies",), digest="b")
    assert reasons(frame, "U1") == {
        "members_then": 3, "stayed": 1, "members_left": 2, "ended": 1, "died": 1, "redefined_out": 1,
        "members_new": 2, "joined": 1, "redefined_in": 1, "members_now": 3,
    }  # fmt: skip
    assert frame.loc["U1", "definition"] == CHANGED
    assert criteria.empty


def test_without_deaths_nobody_is_said_to_have_died(change):
    frame, _ = change({"a": ("P1", "2"), "b": ("P1", "2")}, {"a": ("P1", "2")}, deaths_known=False)
    assert frame.loc["U1", "ended"] == 1
    assert not {"died", "gone"} & set(frame)


def test_a_run_whose_pseudonyms_are_others_is_compared_with_nothing(change):
    then = {"a": ("P1", "2"), "b": ("P1", "2"), "c": ("P1", "2")}
    assert change(then, {"z": ("P1", "2")}, followed=["a", "z"]) is None
    assert change(then, {"z": ("P1", "2")}, followed=["a", "b", "z"]) is not None


def test_what_is_kept_and_cannot_be_read_is_refused_with_the_next_step(tmp_path):
    with engine.session(tmp_path) as con:
        put(con, {"a": ("P1", "2")})
        kept = kept_run(con, tmp_path / "kept", THEN)
        (kept.folder / "cohort_step" / "000.parquet").write_bytes(b"PAR1 cut short")
        with pytest.raises(InputError, match=r"run of 2025-02-28 that is kept failed .* Remove its folder"):
            compared(con, kept)


def reason(name: str, then: Run, now: Run, died: set[str], same: bool) -> str:
    """What happened to somebody, told one person at a time."""
    was, here = then.get(name, ("", "0"))[1] == "2", now.get(name, ("", "0"))[1] == "2"
    if was == here:
        return "stayed" if was else "never"
    if here:
        if name not in then:
            return "joined" if now[name][0] in {at for at, _ in then.values()} else "not_then"
        return "redefined_in" if not same else "known" if "?" in then[name][1] else "met"
    if name not in now:
        counted = then[name][0] in {at for at, _ in now.values()}
        return "died" if name in died else "gone" if counted else "not_now"
    return "redefined_out" if not same else "unknown" if "?" in now[name][1] else "unmet"


somebody = st.tuples(st.sampled_from(["P1", "P2", "P3"]), st.sampled_from(["0", "0?", "1", "1?", "2"]))
runs = st.dictionaries(st.sampled_from("abcdefghij"), somebody, max_size=10)


@given(then=runs, now=runs, died=st.sets(st.sampled_from("abcdefghij")), digest=st.sampled_from("ab"))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # every comparison has a folder of its own
def test_everything_adds_up_in_each_area_and_moves_cancel(change, then, now, died, digest):
    found = change(then, now, tuple(died), digest)
    if found is None:
        assert not then
        return
    frame, criteria = found
    networks, ics = frame.drop("QZZ"), frame.loc["QZZ"]
    happened = Counter(reason(name, then, now, died, digest == "a") for name in {*then, *now})
    others = {"place", "cohort", "earlier", "definition", "moved_in", "moved_out", "ended"}
    counted = {name: people for name, people in ics.items() if name not in others and not name.startswith("members_")}
    assert counted == {name: happened[name] for name in counted}
    assert set(happened) <= {*counted, "never"}
    for area, row in networks.iterrows():
        was, here = ({n for n, (at, met) in run.items() if met == "2" and PRACTICES[at] == area} for run in (then, now))
        assert (row["members_then"], row["members_now"]) == (len(was), len(here))
        assert row[["stayed", "members_left", "members_new"]].tolist() == [
            len(was & here), len(was - here), len(here - was),
        ]  # fmt: skip
    assert (frame["members_then"] + frame["members_new"] - frame["members_left"]).equals(frame["members_now"])
    assert frame[list(REASONS_NEW)].sum(axis=1).equals(frame["members_new"])
    assert frame[list(REASONS_LEFT)].sum(axis=1).equals(frame["members_left"])
    assert (frame["died"] + frame["gone"]).equals(frame["ended"])
    assert networks["moved_in"].sum() == networks["moved_out"].sum() == ics["stayed"] - networks["stayed"].sum()
    assert ics["moved_in"] == ics["moved_out"] == 0
    alike = ["members_then", "members_now", *set(REASONS_NEW) - {"moved_in"}, *set(REASONS_LEFT) - {"moved_out"}]
    assert (networks[alike].sum() == ics[alike]).all()
    assert criteria.empty == (digest == "b")
    for (area, way), people in criteria.groupby(["area_code", "change"])["people"].sum().items():
        assert people == frame.loc[area, way]


AGED = {"column": "age", "op": "at least", "value": 18}
SEEN = {"has": "asthma", "within": {"months": 12}}


@pytest.fixture
def digest(tmp_path):
    """The digest of a cohort of the criteria given, with a code list of asthma."""
    workbook = Workbook(
        name="tiny", title="Tiny", ics_code="QZZ", synthetic=True, index_date="2025-03-31", landing="landing"
    )

    def of(*criteria: dict, codes: tuple[str, ...] = ("1", "2"), **others: list[dict]) -> str:
        with engine.session(tmp_path) as con:
            rows = [("asthma", n, code) for n, code in enumerate(codes)] + [("copd", 1, "9")]
            _table(con, "code_list", "list_name VARCHAR, place INTEGER, code VARCHAR", rows)
            cohorts = {name: cohort(*rules) for name, rules in {"mine": list(criteria), **others}.items()}
            return definition_digest(con, workbook, cohorts)

    return of


def cohort(*criteria: dict) -> Cohort:
    rules = tuple(parse(rule) for rule in criteria)
    return Cohort(title="T", short="S", question="Q", use="U", source="S", criteria=rules)


def test_words_of_a_criterion_are_not_its_definition_and_anything_else_is(digest):
    before = digest(AGED, SEEN)
    assert digest(AGED | {"says": "Adult"}, SEEN) == before
    assert digest(AGED, SEEN, codes=("2", "1")) == before
    assert digest(AGED | {"value": 19}, SEEN) != before
    assert digest(SEEN, AGED) != before
    assert digest(AGED, SEEN | {"within": {"months": 24}}) != before
    assert digest(AGED, SEEN, codes=("1", "2", "3")) != before


def test_a_cohort_changes_with_one_that_it_refers_to_and_with_a_concept_that_is_a_column(digest):
    refers = {"cohort": "other"}
    assert digest(refers, other=[AGED]) != digest(refers, other=[AGED | {"value": 75}])
    column = {"column": "asthma", "op": "is", "value": True}
    assert digest(column) != digest(column, codes=("1",))
    assert digest(AGED) == digest(AGED, codes=("1",))


def test_a_cohort_changes_with_the_people_that_a_file_names(digest, tmp_path):
    named = {"ids": str(tmp_path / "mine.csv")}
    (tmp_path / "mine.csv").write_text("person_id\na\n")
    before = digest(named)
    (tmp_path / "mine.csv").write_text("person_id\na\nb\n")
    assert digest(named) != before
