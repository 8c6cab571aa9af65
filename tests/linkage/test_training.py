"""Training: m and u against counts by hand, the same in whatever order rows come, refused where it learns nothing."""

import json
from dataclasses import replace

import duckdb
import pytest

from phm_utils.errors import InputError
from phm_utils.linkage import training
from phm_utils.linkage.model import Thresholds, load_model
from phm_utils.linkage.queries import make
from phm_utils.linkage.scheme import Scheme, deterministic_links
from phm_utils.linkage.training import expected_reach, train, train_and_save, use_saved

PEOPLE = 1_200
EVERY_TENTH, EVERY_FIFTH = "i % 10 = 0", "i % 5 = 1"

# 1,200 people with valid numbers (every stem whose check digit is none is left out), 24 forenames, 60 surnames,
# 400 birthdays and 300 postcodes; in the other source every tenth has another surname, every fifth moved away.
NUMBERED = f"""
WITH stem AS (SELECT i, '999' || lpad(i::VARCHAR, 6, '0') AS d FROM range(20000) AS t(i)),
checked AS (
    SELECT i, d, (11 - list_sum([substr(d, p::INT, 1)::INT * (11 - p) FOR p IN range(1, 10)]) % 11) % 11 AS c
    FROM stem
)
SELECT row_number() OVER (ORDER BY i) - 1 AS i, d || c AS nhs FROM checked WHERE c < 10 ORDER BY i LIMIT {PEOPLE}
"""
PERSON = f"""
SELECT
    i,
    nhs AS nhs_number,
    chr(65 + i::INT % 24) || 'ODFREY' AS forename,
    chr(65 + i::INT % 20) || chr(65 + i::INT // 20 % 3 * 5) || 'WORTHY' AS surname,
    DATE '1950-01-01' + ((i * 7 % 400) * 61)::INT AS date_of_birth,
    CASE WHEN i % 2 = 0 THEN 'M' ELSE 'F' END AS sex,
    'ZA' || (1 + i // 30 % 9) || ' ' || (i % 10) || chr(65 + i::INT // 10 % 20) || 'A' AS postcode
FROM ({NUMBERED})
"""
RECORDS = f"""
SELECT
    source, id AS record_id, * EXCLUDE (source, id, i),
    NULL AS uprn, NULL AS line, true AS verified, NULL::DATE AS latest
FROM (
    SELECT 'gp' AS source, 'g' || i AS id, * FROM ({PERSON})
    UNION ALL
    SELECT 'ed', 'e' || i, * REPLACE (
        CASE WHEN {EVERY_TENTH} THEN 'XENOPHON' ELSE surname END AS surname,
        CASE WHEN {EVERY_FIFTH} THEN 'ZB1 1ZZ' ELSE postcode END AS postcode
    ) FROM ({PERSON})
)
"""


@pytest.fixture
def known(con):
    """The records above as they stand, or changed by SQL, after the deterministic rules."""

    def run(records=RECORDS):
        make(con, "record", records)
        deterministic_links(con, Scheme("gp"))
        return con

    return run


@pytest.fixture(autouse=True, scope="module")
def small_samples():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "SAMPLE", 400)
        yield


@pytest.fixture(scope="module")
def learnt(small_samples):
    """The model trained on the records above."""
    with duckdb.connect(":memory:") as con:
        make(con, "record", RECORDS)
        deterministic_links(con, Scheme("gp"))
        return trained(con)


def trained(con, **named):
    return train(con, Scheme("gp"), name="hand", thresholds=Thresholds(), drop_unseen=True, **named)


def chance(model, comparison, words, letter):
    [one] = [c for c in model.splink["comparisons"] if c["output_column_name"] == comparison]
    [level] = [level for level in one["comparison_levels"] if level["label_for_charts"] == words]
    return level[f"{letter}_probability"]


def test_m_and_u_are_the_shares_that_were_put_in(learnt):
    model = learnt
    assert model.trained_on == "identities whose NHS number settled them"
    assert chance(model, "family", "the same", "m") == pytest.approx(0.9)
    assert chance(model, "family", "different", "m") == pytest.approx(0.1)
    assert chance(model, "home", "different", "m") == pytest.approx(0.2)
    # 1,200 people share 400 birthdays evenly: two at random share theirs once in 400, exactly counted.
    assert chance(model, "born", "the same", "u") == pytest.approx(1 / 400)
    assert chance(model, "sex", "the same", "u") == pytest.approx(0.5, abs=0.02)
    assert chance(model, "given", "the same", "u") == pytest.approx(1 / 24, rel=0.1)
    assert model.frequency["given"] == pytest.approx(1 / 24)
    assert model.found == 0.9  # all are found; it is taken for no more


def test_rows_in_another_order_and_more_threads_give_the_same_model_byte_for_byte(known, tmp_path):
    texts = []
    asked = Thresholds(accept=-7, margin=0, review=-12, contrary=())
    for order, threads in (("record_id", 1), ("hash(record_id)", 2)):
        con = known(f"{RECORDS} ORDER BY {order}")
        con.execute(f"SET threads = {threads}")
        model = train_and_save(tmp_path / "hand.json", thresholds=asked, drop_unseen=True)(con, Scheme("gp"))
        assert con.execute("SELECT current_setting('threads')").fetchall() == [(threads,)]
        texts.append((tmp_path / "hand.json").read_bytes())
    assert texts[0] == texts[1]
    assert model.thresholds == asked
    assert load_model(tmp_path / "hand.json") == model == use_saved(tmp_path / "hand.json")(con, Scheme("gp"))


def test_a_level_that_no_pair_has_is_named_or_left_out(known, learnt, tmp_path):
    con = known()
    with pytest.raises(InputError, match=r"Training: .* missing: .*home: the same property \(m\)"):
        train_and_save(tmp_path / "none.json")(con, Scheme("gp"))
    assert not (tmp_path / "none.json").exists()
    words = {
        c["output_column_name"]: [x["label_for_charts"] for x in c["comparison_levels"]]
        for c in learnt.splink["comparisons"]
    }
    assert words["home"] == ["missing", "the same postcode", "different"]
    assert "address_line" not in words  # no source has it


def test_without_numbers_expectation_maximisation_finds_nearly_the_same(known, learnt):
    con = known(f"SELECT * REPLACE (NULL AS nhs_number) FROM ({RECORDS})")
    # The description alone would settle most of them; what is learnt is what all pairs show.
    by_maximisation = trained(con)
    assert by_maximisation.trained_on == "expectation maximisation"
    assert by_maximisation.found == 0.5
    for comparison in ("family", "home"):
        shares = [chance(m, comparison, "different", "m") for m in (learnt, by_maximisation)]
        assert shares[1] == pytest.approx(shares[0], abs=0.06)


def test_a_source_without_surnames_trains_on_what_it_has(known):
    con = known(f"SELECT * REPLACE (CASE WHEN source = 'gp' THEN surname END AS surname) FROM ({RECORDS})")
    model = trained(con)
    assert model.comparisons == ("given", "born", "home", "sex")
    assert set(model.frequency) == {"given"}


def test_too_few_fields_to_compare_are_refused(known):
    blank = "NULL AS forename, NULL AS surname, NULL AS sex"
    con = known(f"SELECT * REPLACE ({blank}) FROM ({RECORDS})")
    with pytest.raises(InputError, match="Only 2 of names, date of birth, address and sex"):
        trained(con)


def test_records_that_share_nothing_with_the_spine_teach_nothing(known):
    con = known(
        "SELECT * REPLACE (NULL AS nhs_number, CASE WHEN source = 'gp' THEN date_of_birth ELSE DATE '2001-01-01' END"
        " AS date_of_birth, source || surname AS surname) FROM (" + RECORDS + ")"
    )
    with pytest.raises(InputError, match="there is nothing to train on"):
        trained(con)


def test_records_that_share_no_person_give_no_model_and_no_program_error(known, tmp_path):
    con = known(
        "SELECT * REPLACE (NULL AS nhs_number, source || forename AS forename, source || surname AS surname,"
        f" CASE WHEN source = 'gp' THEN sex WHEN sex = 'M' THEN 'F' ELSE 'M' END AS sex) FROM ({RECORDS})"
    )
    for drop_unseen in (False, True):
        with pytest.raises(InputError, match=r"Training: .*(born|given|family|home)"):
            train_and_save(tmp_path / "none.json", drop_unseen=drop_unseen)(con, Scheme("gp"))
    assert not (tmp_path / "none.json").exists()


def test_a_threshold_that_one_persons_pairs_do_not_reach_fails_the_models_own_test(known, tmp_path):
    con = known()
    strict = Thresholds(accept=30)
    with pytest.raises(InputError, match=r"fails its own test and was not saved.* reach the threshold of 30 bits"):
        train_and_save(tmp_path / "none.json", thresholds=strict, drop_unseen=True)(con, Scheme("gp"))
    assert not (tmp_path / "none.json").exists()


def test_expected_reach_is_the_share_of_levels_whose_weights_suffice(learnt):
    # Prior 0.9/100,000: -16.76 bits. One comparison, of which 0.8 of one person's pairs agree, for log2(0.8/2**-20).
    level = {"label_for_charts": "the same", "m_probability": 0.8, "u_probability": 2**-20}
    other = {"label_for_charts": "different", "m_probability": 0.2, "u_probability": 1 - 2**-20}
    one = {"output_column_name": "born", "comparison_levels": [level, other]}
    model = replace(learnt, splink={"comparisons": [one]})
    assert expected_reach(model, 1_000) == pytest.approx(0.8)
    assert expected_reach(replace(model, thresholds=Thresholds(accept=4)), 1_000) == 0


def test_nothing_of_anybody_is_in_a_model(learnt):
    text = json.dumps(learnt.splink).upper()
    assert not any(value in text for value in ("ODFREY", "WORTHY", "XENOPHON", "ZB1", "9990", "1950"))
