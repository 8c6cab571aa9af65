"""A saved model: whole, known again by its fingerprint, and refused where it is not what the program wrote."""

import json
from dataclasses import replace

import pytest

from phm_utils.errors import InputError
from phm_utils.linkage.comparisons import EVERY, ONE_SLIP, STANDARD
from phm_utils.linkage.model import LinkageModel, level_labels, level_number, load_model


@pytest.fixture
def edited(tmp_path):
    """The workbook's own model as a file, after a change to what it states."""

    def edit(change):
        load_model().save(tmp_path / "edited.json")
        stated = json.loads((tmp_path / "edited.json").read_text(encoding="utf-8"))
        change(stated)
        (tmp_path / "edited.json").write_text(json.dumps(stated), encoding="utf-8")
        return tmp_path / "edited.json"

    return edit


def level_of(stated, comparison, words):
    [one] = [c for c in stated["splink"]["comparisons"] if c["output_column_name"] == comparison]
    [level] = [level for level in one["comparison_levels"] if level["label_for_charts"] == words]
    return level


def test_the_workbooks_own_model_has_every_level_of_every_standard_comparison():
    model = load_model()
    assert model.comparisons == tuple(one.name for one in STANDARD)
    assert level_labels(model.splink) == {
        one.name: {-1: "missing", 0: "different"}
        | {n: level.words for n, level in enumerate(reversed(one.levels), start=1)}
        for one in STANDARD
    }


def test_agreement_counts_for_a_link_and_difference_against_it():
    for comparison in load_model().splink["comparisons"]:
        known = [level for level in comparison["comparison_levels"] if not level.get("is_null_level")]
        bayes_factors = [level["m_probability"] / level["u_probability"] for level in known]
        assert bayes_factors[0] > 1 > bayes_factors[-1]
        for letter in ("m_probability", "u_probability"):
            assert sum(level[letter] for level in known) == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize(
    ("comparison", "words", "m", "said"),
    [
        ("sex", "different", 0.9, r"sex: `different` weighs \+0\.8 bits, against its direction"),
        ("born", "the same", 0.00001, r"born: `the same` weighs -1\.7 bits"),
        ("born", "the year alone", 0.9, None),  # 6.4 bits: less than the same birth, so it may be
        ("home", "a postcode with one slip", 0.9, None),
        ("home", "the same sector", 1e-9, r"home: `the same sector` weighs -23\.1 bits"),
    ],
)
def test_weights_against_their_direction_are_never_saved(tmp_path, comparison, words, m, said):
    model = load_model()
    level_of({"splink": model.splink}, comparison, words)["m_probability"] = m
    if said is None:
        model.save(tmp_path / "own.json")
        return
    with pytest.raises(InputError, match=said):
        model.save(tmp_path / "own.json")
    assert not (tmp_path / "own.json").exists()


def test_a_saved_model_comes_back_the_same_and_keeps_its_fingerprint(tmp_path):
    model = load_model()
    model.save(tmp_path / "a.json")
    again = load_model(tmp_path / "a.json")
    assert again == model
    assert again.fingerprint == model.fingerprint
    assert replace(model, found=0.5).fingerprint != model.fingerprint
    again.save(tmp_path / "b.json")
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


@pytest.mark.parametrize("value", [None, 0, -0.1, 1.5, "0.5", float("nan")])
@pytest.mark.parametrize("letter", ["m", "u"])
def test_a_level_without_m_or_u_is_refused_and_named(edited, letter, value):
    def change(stated):
        level_of(stated, "home", "the same postcode")[f"{letter}_probability"] = value

    with pytest.raises(InputError, match=rf"1 prob.*missing: home: the same postcode \({letter}\)"):
        load_model(edited(change))


def test_every_level_that_lacks_something_is_named_at_once(edited):
    def change(stated):
        del level_of(stated, "given", "different")["u_probability"]
        del level_of(stated, "born", ONE_SLIP)["m_probability"]

    with pytest.raises(InputError, match=rf"given: different \(u\); born: {ONE_SLIP} \(m\)"):
        load_model(edited(change))


def test_a_model_that_is_not_whole_is_not_saved_either(tmp_path):
    model = load_model()
    del model.splink["comparisons"][0]["comparison_levels"][1]["m_probability"]
    with pytest.raises(InputError, match=r"given: the same \(m\)"):
        model.save(tmp_path / "broken.json")
    assert not (tmp_path / "broken.json").exists()


def test_probabilities_and_thresholds_may_be_edited(edited):
    def change(stated):
        level_of(stated, "sex", "different")["m_probability"] = 0.01
        stated["thresholds"] |= {"accept": -7, "review": -11, "contrary": []}

    model = load_model(edited(change))
    assert (model.thresholds.accept, model.thresholds.contrary) == (-7, ())
    assert model.fingerprint != load_model().fingerprint


@pytest.mark.parametrize(
    "sql", ["1 = 1", "given_l = given_r OR (SELECT count(*) FROM read_text('/etc/hosts')) > 0", "no SQL at all"]
)
def test_conditions_that_the_program_did_not_write_are_never_run(edited, sql):
    def change(stated):
        level_of(stated, "given", "the same")["sql_condition"] = sql

    with pytest.raises(InputError, match=r"1 comparison levels are not this version's: given: the same") as refusal:
        load_model(edited(change))
    assert sql not in str(refusal.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"found": 0},
        {"found": "0.9"},
        {"least_people": 0},
        {"frequency": {}},
        {"frequency": {"given": 0.002, "family": 0}},
        {"frequency": {"given": 0.002, "family": 0.001, "x FROM y": 0.1}},
        {"thresholds": {"accept": "2 OR true", "margin": 4, "review": -4, "contrary": []}},
        {"thresholds": {"accept": -7, "margin": 4, "review": -4, "contrary": []}},  # review would withhold links
        {"thresholds": {"accept": 2, "margin": -1, "review": -4, "contrary": []}},
        {"thresholds": {"accept": float("inf"), "margin": 4, "review": -4, "contrary": []}},
        {"thresholds": {"accept": 2, "margin": 4, "review": -4, "contrary": ["forename"]}},  # it would guard nothing
    ],
)
def test_numbers_that_are_none_and_contrary_comparisons_that_do_not_exist_are_refused(edited, changes):
    with pytest.raises(InputError, match="cannot be used"):
        load_model(edited(lambda stated: stated.update(changes)))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is not a linkage model"),
        ("[]", "is not a linkage model"),
        ("{}", "is not a linkage model"),
        ("accept: 2", "is not a linkage model"),
        ('{"format": 1}', "is not a linkage model"),
        ('{"format": 2}', "of another format; this version reads format 1"),
        (
            '{"format": 1, "splink": {"comparisons": [{}]}, "name": "x", "found": 1, "frequency": {}, "thresholds": 3}',
            "not a",
        ),
    ],
)
def test_what_is_no_model_is_refused(tmp_path, text, words):
    (tmp_path / "other.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=words):
        load_model(tmp_path / "other.json")


def test_a_model_that_is_not_there_or_not_text_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"No file .*none\.json"):
        load_model(tmp_path / "none.json")
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match=r"bytes\.json is UTF-16"):
        load_model(tmp_path / "bytes.json")


def test_a_small_spine_does_not_make_everybody_alike():
    model = replace(load_model(), found=0.9, least_people=100_000)
    assert model.prior(3) == model.prior(100_000) == 0.9 / 100_000
    assert model.prior(900_000) == pytest.approx(1e-6)


def test_the_number_of_a_level_that_a_model_lacks_is_the_next_closer_ones():
    model = load_model()
    assert level_number(model.splink, "born", ONE_SLIP) == 3
    [born] = [c for c in model.splink["comparisons"] if c["output_column_name"] == "born"]
    born["comparison_levels"] = [x for x in born["comparison_levels"] if x["label_for_charts"] != ONE_SLIP]
    assert level_labels(model.splink)["born"][3] == "the same"
    assert level_number(model.splink, "born", ONE_SLIP) == 3


def test_names_of_comparisons_and_levels_are_distinct():
    names = [one.name for one in EVERY]
    assert len(names) == len(set(names))
    assert all(len({level.words for level in one.levels}) == len(one.levels) for one in EVERY)
    assert isinstance(load_model(), LinkageModel)
