"""When a scored pair becomes a link: weights are given here, so that only the decision is tested."""

from dataclasses import replace

import pandas as pd
import pytest

from phm_utils.errors import InputError
from phm_utils.linkage import linking
from phm_utils.linkage.linking import finish_linking
from phm_utils.linkage.model import load_model
from phm_utils.linkage.probabilistic import Options
from phm_utils.linkage.queries import make
from phm_utils.linkage.scheme import Scheme, deterministic_links

MODEL = load_model()  # linked from 2 bits, with a margin of 4; reviewed from -4
SAME = {"given": 5, "family": 4, "born": 4, "home": 4, "sex": 1}  # the closest level of each
NUMBERS = ("9990000018", "9990000026", "9990000034", "9990000042")


@pytest.fixture
def decide(con):
    """Link people of a spine and records, none of which any deterministic rule joins, whose pairs weigh what is said.

    pairs: (record, person on the spine) -> bits, or bits and the levels that differ from `SAME`.
    Pairs among records alike. Returns each record's person ('' for one of its own) and its decision.
    """

    def run(people, records, pairs, *, model=MODEL, twice=None, **options):
        rows = [("gp", name, number) for name, number in people.items()]
        rows += [("ed", name, number) for name, number in records.items()]
        frame = pd.DataFrame(rows, columns=["source", "record_id", "nhs_number"])
        con.register("_rows", frame.astype(object).where(frame.notna(), None))
        make(
            con,
            "record",
            "SELECT source, record_id, nhs_number::VARCHAR AS nhs_number, record_id AS forename, 'Bell' AS surname,"
            " NULL::DATE AS date_of_birth, NULL::VARCHAR AS sex, NULL::VARCHAR AS postcode, NULL::VARCHAR AS uprn,"
            " NULL::VARCHAR AS line, true AS verified, NULL::DATE AS latest FROM _rows",
        )
        con.unregister("_rows")
        deterministic_links(con, Scheme("gp"))
        scorer = scored(pairs, dict(con.execute("SELECT first_id, identity_id FROM identity").fetchall()))
        if verdicts := options.pop("verdicts", None):
            options["verdicts"] = named(con, verdicts)
        finish_linking(con, Scheme("gp"), model, Options(score=scorer, **options))
        return decisions(con)

    return run


def scored(pairs, identity):
    """A scorer that knows the weights, in place of Splink."""

    def score(con, left, right, settings, least_weight):
        sides = [{i for (i,) in con.execute(f"SELECT identity_id FROM {t}").fetchall()} for t in (left, right or left)]
        rows = []
        for (record, person), weight in pairs.items():
            bits, levels = weight if isinstance(weight, tuple) else (weight, {})
            left_id, right_id = identity[person], identity[record]
            if left_id in sides[0] and right_id in sides[1] and bits >= least_weight:
                found = SAME | levels
                rows.append((left_id, right_id, float(bits), *found.values(), *([0.0] * len(found))))
        names = [f"gamma_{n}" for n in SAME] + [f"bits_{n}" for n in SAME]
        columns = "left_id BIGINT, right_id BIGINT, match_weight DOUBLE, " + ", ".join(
            f"{n} {'INTEGER' if n.startswith('gamma') else 'DOUBLE'}" for n in names
        )
        con.execute(f"CREATE OR REPLACE TEMP TABLE scored ({columns})")
        if rows:
            con.executemany(f"INSERT INTO scored VALUES ({', '.join('?' * len(rows[0]))})", rows)

    return score


def named(con, verdicts):
    rows = [
        (identity, person, verdict)
        for (record, spine), verdict in verdicts.items()
        for (identity,) in con.execute("SELECT identity_id FROM identity WHERE first_id = ?", [record]).fetchall()
        for (person,) in con.execute("SELECT person FROM gp_person WHERE first_id = ?", [spine]).fetchall()
    ]
    return pd.DataFrame(rows, columns=["identity_id", "person", "verdict"])


def decisions(con):
    rows = con.execute(
        "SELECT found.record_id, coalesce(gp.first_id, ''), coalesce(candidate.decision, 'none'), found.method"
        " FROM person_of_record AS found"
        " LEFT JOIN (SELECT person, min(first_id) AS first_id FROM gp_person GROUP BY person) AS gp USING (person)"
        " LEFT JOIN candidate ON candidate.identity_id = found.identity_id AND NOT candidate.probe"
        " WHERE found.source <> 'gp'"
    ).fetchall()
    return {record: (person, decision, method) for record, person, decision, method in rows}


ANN_AND_BEA = {"ann": NUMBERS[0], "bea": NUMBERS[1]}


def test_a_link_needs_its_weight(decide):
    bits = {"a": 2.0, "b": 1.99, "c": -4.0, "d": -4.01, "e": -14.1, "f": 40.0}
    found = decide(ANN_AND_BEA, dict.fromkeys(bits), {(x, "ann"): weight for x, weight in bits.items()})
    assert found == {
        "a": ("ann", "linked", "probabilistic"),
        "b": ("", "review", "no usable identifier"),
        "c": ("", "review", "no usable identifier"),
        "d": ("", "too weak", "no usable identifier"),
        "e": ("", "none", "no usable identifier"),
        "f": ("ann", "linked", "probabilistic"),
    }


def test_a_link_must_be_clearly_better_than_the_next(decide):
    of_the_next = {"a": 16.0, "b": 16.01, "c": 20.0}
    pairs = {(x, "ann"): 20.0 for x in of_the_next} | {(x, "bea"): bits for x, bits in of_the_next.items()}
    found = decide(ANN_AND_BEA, dict.fromkeys(of_the_next), pairs)
    assert [found[x][:2] for x in "abc"] == [("ann", "linked"), ("", "too close"), ("", "too close")]


def test_the_margin_counts_people_and_not_their_registrations(decide):
    # Ann has two registrations with her number: she is her own runner-up, which is no doubt about who it is.
    people = {"ann": NUMBERS[0], "anne": NUMBERS[0], "bea": NUMBERS[1]}
    found = decide(people, {"x": None}, {("x", "ann"): 20.0, ("x", "anne"): 19.5, ("x", "bea"): 3.0})
    assert found["x"][:2] == ("ann", "linked")


def test_no_weight_makes_a_link_of_what_is_contrary_or_too_little(decide):
    levels = {
        "a twin": {"given": 0},
        "a namesake in the family": {"born": 0},
        "names alone": {"home": -1, "born": -1},
        "a surname and a birthday": {"home": -1, "given": -1},
        "a forename and a birthday": {"home": -1, "family": -1},
        "an unnamed newborn of the other sex": {"given": -1, "sex": 0},
    }
    pairs = {(record, "ann"): (40, differs) for record, differs in levels.items()}
    found = decide(ANN_AND_BEA, dict.fromkeys(levels), pairs)
    assert {record: row[:2] for record, row in found.items()} == dict.fromkeys(levels, ("", "contrary"))


def test_what_else_differs_or_lacks_is_left_to_the_weight(decide):
    differences = [{"family": 0}, {"home": 0}, {"sex": 0}, {"born": -1}, {"home": -1}, {"given": -1}]
    records = [f"r{n}" for n in range(len(differences))]
    pairs = {(record, "ann"): (9, differs) for record, differs in zip(records, differences, strict=True)}
    found = decide(ANN_AND_BEA, dict.fromkeys(records), pairs)
    assert {record: row[:2] for record, row in found.items()} == dict.fromkeys(records, ("ann", "linked"))


def test_without_a_birth_date_another_postcode_is_for_review_whatever_the_weight(decide):
    no_birth = {"born": -1}
    pairs = {
        ("elsewhere", "ann"): (40, no_birth | {"home": 0}),
        ("nearby", "ann"): (40, no_birth | {"home": 2}),
        ("at home", "ann"): (40, no_birth | {"home": 3}),
    }
    found = decide(ANN_AND_BEA, dict.fromkeys(["elsewhere", "nearby", "at home"]), pairs)
    assert {record: row[:2] for record, row in found.items()} == {
        "elsewhere": ("", "review"),
        "nearby": ("", "review"),
        "at home": ("ann", "linked"),
    }


def test_one_to_one_takes_nobody_who_is_for_review(decide):
    pairs = {("x", "ann"): (40, {"born": -1, "home": 0})}
    found = decide(ANN_AND_BEA, {"x": None}, pairs, one_to_one=frozenset({"ed"}))
    assert found["x"][0] == ""


def test_a_reviewers_yes_links_what_was_for_review(decide):
    pairs = {("x", "ann"): (40, {"born": -1, "home": 0})}
    found = decide(ANN_AND_BEA, {"x": None}, pairs, verdicts={("x", "ann"): "yes"})
    assert found["x"] == ("ann", "linked", "clerical review")


def test_somebody_contrary_gives_way_to_the_next_but_stays_a_rival(decide):
    twin = {"given": 0}
    pairs = {("x", "ann"): (20, twin), ("x", "bea"): 25.0, ("y", "ann"): (20, twin), ("y", "bea"): 10.0}
    found = decide(ANN_AND_BEA, {"x": None, "y": None}, pairs)
    assert found["x"][:2] == ("bea", "linked")
    assert found["y"][:2] == ("", "too close")


def test_two_different_numbers_are_never_joined(decide):
    found = decide(ANN_AND_BEA, {"x": NUMBERS[2]}, {("x", "ann"): 60.0})
    assert found["x"] == ("", "contrary", "identity of its own")


def test_a_reviewers_word_makes_a_link_and_prevents_one(decide):
    pairs = {("x", "ann"): -3.0, ("y", "bea"): 30.0, ("z", "ann"): 12.0, ("z", "bea"): 11.0}
    said = {("x", "ann"): "yes", ("y", "bea"): "no", ("z", "bea"): "yes"}
    found = decide(ANN_AND_BEA, {"x": None, "y": None, "z": None}, pairs, verdicts=said)
    assert found["x"] == ("ann", "linked", "clerical review")
    assert found["y"][:2] == ("", "contrary")
    assert found["z"] == ("bea", "linked", "clerical review")


def test_in_a_source_that_holds_each_person_once_nobody_is_taken_twice(decide):
    pairs = {("x", "ann"): 12.0, ("y", "ann"): 11.0, ("y", "bea"): 10.0, ("z", "bea"): 9.0}
    records = {"x": None, "y": None, "z": None}
    once = decide(ANN_AND_BEA, records, pairs, one_to_one=frozenset({"ed"}))
    assert {record: person for record, (person, *_) in once.items()} == {"x": "ann", "y": "bea", "z": ""}
    loose = replace(MODEL, thresholds=replace(MODEL.thresholds, margin=0.0))
    often = decide(ANN_AND_BEA, records, pairs, model=loose)
    assert {record: person for record, (person, *_) in often.items()} == {"x": "ann", "y": "ann", "z": "bea"}


def test_one_to_one_takes_nobody_whom_a_certain_rule_gave_away(decide, con):
    # x has Ann's number, no date of birth and her names: certain. y is nearly she, and somebody else of the list.
    people = {"ann": NUMBERS[0]}
    found = decide(people, {"ANN": NUMBERS[0], "y": None}, {("y", "ann"): 12.0}, one_to_one=frozenset({"ed"}))
    assert found["ANN"][0] == "ann"
    assert found["y"][0] == ""


def test_ties_and_the_order_of_rows_decide_nothing(decide):
    pairs = {("x", "ann"): 12.0, ("x", "bea"): 12.0, ("y", "bea"): 12.0}
    loose = replace(MODEL, thresholds=replace(MODEL.thresholds, margin=0.0))
    turned = dict(reversed(ANN_AND_BEA.items()))
    for people, records in ((ANN_AND_BEA, {"x": None, "y": None}), (turned, {"y": None, "x": None})):
        for one_to_one in (frozenset(), frozenset({"ed"})):
            found = decide(people, records, pairs, model=loose, one_to_one=one_to_one)
            assert {record: person for record, (person, *_) in found.items()} == {"x": "ann", "y": "bea"}


def test_a_person_of_the_spine_who_held_two_verified_numbers_would_stop_the_linkage(decide, con):
    decide(ANN_AND_BEA, {"x": None}, {})
    con.execute("UPDATE person_of SET person = 'nhs|1' WHERE source = 'gp'")
    with pytest.raises(InputError, match="1 people of the spine would have two verified NHS numbers"):
        linking._check_numbers(con)


def test_probes_hide_the_number_and_show_what_would_be_found_without(decide, con):
    people = {"ann": NUMBERS[0], "bea": NUMBERS[1]}
    decide(people, {"ANN": NUMBERS[0], "BEA": NUMBERS[1]}, {("ANN", "ann"): 12.0, ("BEA", "ann"): 30.0})
    rows = con.execute("SELECT true_person, found_person, method, match_weight FROM probe ORDER BY 1").fetchall()
    assert rows == [
        (f"nhs|{NUMBERS[0]}", f"nhs|{NUMBERS[0]}", "probabilistic", 12.0),
        (f"nhs|{NUMBERS[1]}", f"nhs|{NUMBERS[0]}", "probabilistic", 30.0),  # a false link, and seen as one
    ]
