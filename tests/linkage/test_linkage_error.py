"""What `phm link` counts, on tables of a few people written here."""

import pandas as pd
import pytest

from phm_utils.linkage.quality_tables import quality_tables
from phm_utils.linkage.review import with_identities
from phm_utils.tables import TABLES

WORDS = {"given": {-1: "missing", 0: "different", 1: "the same"}, "sex": {-1: "missing", 0: "different", 1: "the same"}}


@pytest.fixture
def core(con, table):
    """The core's tables: 3 registered people, an ED source tested on 40 identities, and a list never tested."""
    table(
        "gp_registration",
        [
            {"registration_id": f"R{i}", "registered_from": "2024-01-01", "ethnicity": e}
            for i, e in enumerate("AHZ", start=1)
        ],
        "identified",
    )
    table("postcode_area", [{"postcode": "ZA1 1AA", "lsoa": "E01999001"}])
    table("area", [{"lsoa": "E01999001", "lsoa_vintage": 2021, "imd_decile": 2}])
    con.execute(
        """
        CREATE TABLE identity AS
            SELECT i AS identity_id, 'gp_registration' AS source, 'R' || i AS first_id, 1 AS records,
                'ZA1 1AA' AS postcode, DATE '1950-06-10' AS born, 'ZA11AA' AS place, '2' AS known_sex,
                '9990000018' AS nhs_number, 'ANNA' AS forename, 'BELL' AS surname, DATE '1950-06-10' AS date_of_birth,
                '2' AS sex, NULL::VARCHAR AS uprn
            FROM range(1, 4) AS t(i)
            UNION ALL
            SELECT 10 + i, 'ecds_attendance', 'E' || i, 2, CASE WHEN i = 1 THEN 'ZZ99 3VZ' ELSE 'ZA1 1AA' END,
                DATE '1950-06-10', CASE WHEN i > 1 THEN 'ZA11AA' END, '2',
                NULL, 'ANN', '=BELL', DATE '1950-06-10', '2', NULL
            FROM range(1, 101) AS t(i)
            UNION ALL
            SELECT 200 + i, 'partner_list', 'P' || i, 1, NULL, NULL, NULL, NULL, NULL, 'ANN', 'BALL', NULL, NULL, NULL
            FROM range(1, 21) AS t(i);

        -- ED: 60 identities joined by number, 30 by weight, 10 to nobody; the list: 15 by weight, 5 to nobody.
        CREATE TABLE person_of AS
            SELECT identity_id, source, first_id, records,
                CASE
                    WHEN source = 'gp_registration' THEN 'nhs|' || identity_id
                    WHEN identity_id BETWEEN 101 AND 110 OR identity_id > 215 THEN 'other|' || identity_id
                    WHEN identity_id BETWEEN 61 AND 70 THEN 'nhs|2'
                    ELSE 'nhs|1'
                END AS person,
                CASE
                    WHEN source = 'gp_registration' OR identity_id BETWEEN 11 AND 70 THEN 'NHS number'
                    WHEN identity_id BETWEEN 101 AND 110 OR identity_id > 215 THEN 'identity of its own'
                    ELSE 'probabilistic'
                END AS method,
                CASE
                    WHEN identity_id BETWEEN 71 AND 100 OR identity_id BETWEEN 201 AND 215 THEN 3.0::DOUBLE
                END AS match_weight,
                identity_id = 101 AS contradicted
            FROM identity;
        CREATE TABLE person_of_record AS
            SELECT source, first_id AS record_id, identity_id, person, method, match_weight FROM person_of;
        CREATE TABLE gp_person AS
            SELECT identity_id, first_id, person FROM person_of WHERE source = 'gp_registration';
        CREATE TABLE candidate AS
            SELECT identity_id, person, 1 AS gp_identity_id, coalesce(match_weight, -3.5)::DOUBLE AS match_weight,
                NULL::DOUBLE AS margin, 1 AS place_in_order,
                CASE WHEN match_weight IS NULL THEN 'too weak' ELSE 'linked' END AS decision,
                false AS probe, 1 AS gamma_given, 0 AS gamma_sex, 7.25 AS bits_given, -2.0 AS bits_sex
            FROM person_of WHERE method = 'probabilistic' OR contradicted
            UNION ALL SELECT 11, 'nhs|1', 1, 9.0, NULL, 1, 'linked', true, 1, 1, 7.25, 1.0;
        -- Of 40 tested, 1 is joined to another person and 3 to nobody.
        CREATE TABLE probe AS
            SELECT identity_id, source, records, person AS true_person,
                CASE WHEN identity_id = 11 THEN 'nhs|3' WHEN identity_id > 14 THEN person END AS found_person
            FROM person_of WHERE identity_id BETWEEN 11 AND 50;
        """
    )
    return con


def tables(con, **named_parts) -> dict[str, pd.DataFrame]:
    made = {}
    for model in quality_tables(con, {"model": "england"}, **named_parts):
        frame = model.frame
        assert list(frame) == [c.name for c in TABLES[model.name].columns]
        assert not frame.duplicated(list(model.key)).any()
        made[model.name] = frame
    return made


def row(frame, source, characteristic="All", category="All"):
    keyed = frame.set_index(["source", "characteristic", "category"])
    return keyed.loc[(source, characteristic, category)]


def test_every_record_is_in_one_step(core):
    steps = tables(core)["linkage_step"].set_index(["source", "method"])
    assert steps.loc[("ecds_attendance", "NHS number")].tolist() == [120, 60, 0]
    assert steps.loc[("ecds_attendance", "identity of its own")].tolist() == [20, 10, 2]
    assert steps["records"].sum() == 3 + 200 + 20


def test_weights_count_the_best_pair_of_each_identity_and_no_probe(core):
    weights = tables(core)["linkage_weight"].set_index(["source", "band", "decision"])["pairs"]
    assert weights.to_dict() == {
        ("ecds_attendance", -4, "too weak"): 1,
        ("ecds_attendance", 3, "linked"): 30,
        ("partner_list", 3, "linked"): 15,
    }


def test_false_and_missed_links_come_from_the_test_and_are_spread_over_all_links(core):
    found = row(tables(core)["linkage_error"], "ecds_attendance")
    assert found[["records", "linked", "tested"]].tolist() == [200, 180, 40]
    # 1 of 37 found links is false; a third of the links (60 of 180 records) had no number.
    assert found["false_share"] == pytest.approx(1 / 37 / 3)
    # Right among them: 60 x 36/37 = 58.378; missed 4 in 40, so 58.378 / 9 = 6.486 of 120 + 58.378 + 6.486.
    assert found["missed_share"] == pytest.approx(6.4865 / 184.8649, rel=1e-4)
    assert found["false_lower"] < found["false_share"] < found["false_upper"]
    assert found["missed_lower"] < found["missed_share"] < found["missed_upper"]
    assert found[["false_basis", "missed_basis"]].tolist() == ["test", "test"]


def test_a_number_that_contradicts_a_like_description_is_probably_wrong(core):
    plain = row(tables(core)["linkage_error"], "ecds_attendance")
    core.execute(
        "UPDATE candidate SET decision = 'contrary', match_weight = 40, person = 'nhs|1' WHERE identity_id = 101"
    )
    made = tables(core)["linkage_error"]
    assert row(made, "ecds_attendance")["missed_share"] > plain["missed_share"]
    assert row(made, "ecds_attendance")["missed_lower"] == plain["missed_lower"]
    assert row(made, "ecds_attendance", "Ethnicity", "White")[["records", "linked"]].tolist() == [162, 160]
    core.execute("UPDATE candidate SET gamma_given = 0 WHERE identity_id = 101")  # a twin: rightly not linked
    twin = row(tables(core)["linkage_error"], "ecds_attendance")
    assert twin["missed_share"] == plain["missed_share"]
    assert twin["missed_upper"] > plain["missed_upper"]


def test_a_source_that_was_not_tested_has_what_the_model_expects_and_no_limits(core):
    found = row(tables(core)["linkage_error"], "partner_list")
    assert found["tested"] == 0
    assert found["false_share"] == pytest.approx(1 / 9)  # a weight of 3 bits is odds of 8 to 1
    assert found["false_basis"] == "model"
    assert pd.isna(found[["false_lower", "false_upper", "missed_share", "missed_lower", "missed_upper"]]).all()
    assert found["missed_basis"] == "not known"


def test_where_no_limit_is_known_a_review_gives_one(core):
    verdicts = ["yes"] * 18 + ["no", "unsure"]
    reviewed = pd.DataFrame({"band": 2, "verdict": verdicts, "decision": "linked"})
    made = tables(core, reviewed=reviewed)
    assert made["linkage_review"].iloc[0].tolist() == [2, 20, 18]
    assert "none is sure enough" in set(made["linkage_setting"]["value"])
    found = row(made["linkage_error"], "partner_list")
    assert found["false_basis"] == "review"
    assert found["false_share"] == pytest.approx(0.1)
    assert found["false_upper"] == pytest.approx(0.301, abs=0.001)  # Wilson of 2 in 20: 0.028 to 0.301
    assert row(made["linkage_error"], "ecds_attendance")["false_basis"] == "test"


def test_groups_are_those_of_the_records_and_ethnicity_that_of_the_true_person(core):
    errors = tables(core)["linkage_error"]
    assert row(errors, "ecds_attendance", "Deprivation", "1 (most deprived)")["records"] == 198
    assert row(errors, "ecds_attendance", "No fixed abode", "Yes")["records"] == 2
    assert row(errors, "ecds_attendance", "Age", "65-79")["records"] == 200
    assert "No fixed abode" not in set(errors.loc[errors["source"] == "partner_list", "characteristic"])
    white = row(errors, "ecds_attendance", "Ethnicity", "White")
    assert white[["records", "linked", "tested"]].tolist() == [160, 160, 40]
    # People who are not joined have no ethnicity: what is missed is not cut to the records that are.
    assert white["missed_share"] > 0.03
    asian = row(errors, "ecds_attendance", "Ethnicity", "Asian")
    assert asian["tested"] == 0
    assert pd.isna(asian["missed_share"])


def test_without_small_areas_deprivation_is_left_out_and_said_so(core):
    core.execute("DROP TABLE area")
    made = tables(core)
    assert "Deprivation" not in set(made["linkage_error"]["characteristic"])
    setting = made["linkage_setting"].set_index("name")["value"]
    assert "area and postcode_area" in setting["left out"]
    assert setting["model"] == "england"


def test_examples_are_patterns_that_ten_pairs_share_and_their_bits_add_up(core):
    example = tables(core, words=WORDS)["linkage_example"]
    assert set(example["kind"]) == {"linked"}  # the one pair that is too weak is nobody's business
    assert example["pairs"].unique().tolist() == [45]
    assert example["comparison"].tolist() == ["Before any evidence", "Forename", "Sex"]
    assert example["level"].tolist()[1:] == ["the same", "different"]
    assert example["weight_bits"].sum() == pytest.approx(3.0)


def test_the_truth_counts_wrong_and_missed_links_by_the_true_persons_group(core):
    # Truth: R1 to R3 are persons 1 to 3; every ED record is person 1's, every list record that of 9, who is nowhere.
    core.execute(
        """
        CREATE TABLE truth AS
            SELECT source AS table_name, first_id AS record_id,
                CASE source WHEN 'gp_registration' THEN identity_id WHEN 'ecds_attendance' THEN 1 ELSE 9 END AS person
            FROM identity
        """
    )
    truth = tables(core, truth="truth")["linkage_truth"]
    found = row(truth, "ecds_attendance")
    assert found[["records", "findable", "links", "wrong", "missed"]].tolist() == [100, 100, 90, 10, 20]
    found = row(truth, "partner_list")
    assert found[["records", "findable", "links", "wrong", "missed"]].tolist() == [20, 0, 15, 15, 0]
    assert row(truth, "ecds_attendance", "Ethnicity", "White")["missed"] == 20


def test_a_core_without_candidates_and_probes_still_has_its_tables(core):
    core.execute("DELETE FROM candidate; DELETE FROM probe")
    made = tables(core, words=WORDS)
    assert made["linkage_weight"].empty
    assert made["linkage_example"].empty
    assert pd.isna(row(made["linkage_error"], "ecds_attendance")["missed_share"])


def test_no_table_holds_an_identifier(core):
    reviewed = pd.DataFrame({"band": [2], "verdict": ["yes"], "decision": ["linked"]})
    text = " ".join(frame.to_csv() for frame in tables(core, words=WORDS, reviewed=reviewed).values())
    for value in ("ANN", "BELL", "ZA1", "9990000018", "1950", "nhs|", "P1,"):
        assert value not in text


def test_verdicts_find_the_person_of_this_run(core):
    reviewed = pd.DataFrame({"source": ["partner_list"], "first_id": ["P1"], "gp_first_id": ["R2"], "verdict": ["yes"]})
    found = with_identities(core, reviewed)
    assert found.iloc[0].tolist() == [201, "partner_list", "P1", "nhs|2", "yes"]
