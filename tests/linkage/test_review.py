"""Pairs for a person to judge: drawn without a hint, read back with care."""

import os
import stat

import pandas as pd
import pytest

from phm_utils.errors import InputError
from phm_utils.linkage import review
from phm_utils.linkage.review import KEY_CONTENT, KEY_FILE, PAIRS_FILE, by_band, has_verdicts, suggest_thresholds
from phm_utils.privacy import vault
from phm_utils.privacy.pseudonyms import demo_key


@pytest.fixture
def pairs(con):
    """30 pairs of 3 bits, 10 of 9.5 bits and 5 that are probes."""
    con.execute(
        """
        CREATE TABLE identity AS
            SELECT i AS identity_id, CASE WHEN i < 100 THEN 'partner_list' ELSE 'gp_registration' END AS source,
                'P' || i AS first_id, '9990000018' AS nhs_number, '=ANN' AS forename, 'BELL' AS surname,
                DATE '1950-06-10' AS date_of_birth, '2' AS sex, 'ZA1 1AA' AS postcode, NULL::VARCHAR AS uprn
            FROM range(1, 201) AS t(i);
        CREATE TABLE candidate AS
            SELECT i AS identity_id, 'nhs|' || i AS person, 100 + i AS gp_identity_id,
                CASE WHEN i <= 30 THEN 3.0 ELSE 9.5 END AS match_weight, 1 AS place_in_order, 'linked' AS decision,
                i > 40 AS probe
            FROM range(1, 46) AS t(i)
        """
    )
    return con


KEY = demo_key(1)


def sample(con, folder, **named):
    return review.sample(con, folder, KEY, **named)


def read_back(folder, file):
    return review.read_back(folder, file, KEY)


def opened(folder):
    """The key to the pairs, out of the vault."""
    return vault.read_table(folder / KEY_FILE, KEY, KEY_CONTENT).to_pandas()


def fill(path, word):
    """The reviewer's file with a word in every row, or one by pair."""
    frame = pd.read_csv(path, dtype=str, encoding="utf-8-sig")
    frame["same_person"] = frame["pair_id"].map(word) if isinstance(word, dict) else word
    frame.to_csv(path, index=False)
    return path


def test_each_band_gives_its_share_and_no_probe_is_drawn(pairs, tmp_path):
    sample(pairs, tmp_path, per_band=8)
    key = opened(tmp_path)
    assert key["band"].value_counts().to_dict() == {2: 8, 8: 8}
    assert key["first_id"].str[1:].astype(int).max() <= 40


def test_the_reviewer_sees_both_sides_and_no_weight_and_the_key_has_no_name(pairs, tmp_path):
    path = sample(pairs, tmp_path)
    frame = pd.read_csv(path, dtype=str, encoding="utf-8-sig")
    assert path == tmp_path / PAIRS_FILE
    assert {"record_forename", "gp_forename", "record_postcode", "gp_postcode", "same_person"} <= set(frame)
    assert not {"match_weight", "band", "decision", "first_id"} & set(frame)
    assert frame["same_person"].isna().all()
    assert frame["record_forename"].iloc[0] == "'=ANN"  # no spreadsheet runs it
    locked, text = (tmp_path / KEY_FILE).read_bytes(), opened(tmp_path).to_csv()
    for hidden in ("BELL", "9990000018"):
        assert hidden not in text
        assert hidden.encode() not in locked
    for file in (path, tmp_path / KEY_FILE):
        assert os.name == "nt" or stat.S_IMODE(file.stat().st_mode) & 0o077 == 0  # Windows has no such modes


def test_the_order_shows_nothing_and_the_same_seed_gives_the_same_bytes(pairs, tmp_path):
    first = sample(pairs, tmp_path / "a", seed=5).read_bytes()
    pairs.execute("CREATE OR REPLACE TABLE candidate AS FROM candidate ORDER BY identity_id DESC")
    assert sample(pairs, tmp_path / "b", seed=5).read_bytes() == first
    assert sample(pairs, tmp_path / "c", seed=6).read_bytes() != first
    bands = opened(tmp_path / "a")["band"].tolist()
    assert bands != sorted(bands)


def test_verdicts_come_back_with_their_bands_and_unsure_is_no_match(pairs, tmp_path):
    path = sample(pairs, tmp_path, per_band=10)
    key = opened(tmp_path).set_index("pair_id")
    words = {pair: "Yes " if band == 8 else "unsure" for pair, band in key["band"].items()}
    words[key.index[key["band"] == 2][0]] = None
    back = read_back(tmp_path, fill(path, words))
    assert by_band(back).to_numpy().tolist() == [[2, 9, 0], [8, 10, 10]]
    assert set(back["verdict"]) == {"yes", "unsure"}


def test_a_review_that_has_begun_is_known(pairs, tmp_path):
    assert not has_verdicts(tmp_path)
    path = sample(pairs, tmp_path)
    assert not has_verdicts(tmp_path)
    key = opened(tmp_path)["pair_id"]
    fill(path, {key[0]: "no"})
    assert has_verdicts(tmp_path)


def test_a_file_saved_by_a_spreadsheet_elsewhere_is_read(pairs, tmp_path):
    path = fill(sample(pairs, tmp_path), "no")
    path.write_text(path.read_text(encoding="utf-8-sig").replace(",", ";"), encoding="utf-8")
    assert (read_back(tmp_path, path)["verdict"] == "no").all()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text.replace("yes", "perhaps"), "40 of 40 pairs have another word"),
        (lambda text: text.replace("yes", ""), "no pair is judged"),
        (lambda text: text + text.splitlines()[1] + "\n", "appear twice"),
        (lambda text: text.replace("-0003,", "-9999,"), "1 of 40 pairs are not in the sample"),
        (lambda text: text.replace("pair_id", "id"), "lacks rows or the columns"),
        (lambda _: "", "lacks rows or the columns"),
    ],
)
def test_a_file_that_cannot_be_trusted_is_refused(pairs, tmp_path, change, said):
    path = fill(sample(pairs, tmp_path), "yes")
    path.write_text(change(path.read_text(encoding="utf-8-sig")), encoding="utf-8")
    with pytest.raises(InputError, match=said) as refusal:
        read_back(tmp_path, path)
    assert "BELL" not in str(refusal.value)


def test_a_file_of_another_run_is_refused(pairs, tmp_path):
    old = fill(sample(pairs, tmp_path / "old", seed=1), "yes")
    sample(pairs, tmp_path, seed=2)
    with pytest.raises(InputError, match="40 of 40 pairs do not belong to the sample"):
        read_back(tmp_path, old)
    with pytest.raises(InputError, match="draw a sample"):
        read_back(tmp_path / "nowhere", old)


def test_the_threshold_is_the_lowest_at_which_the_lower_limit_is_high_enough():
    # From 6 bits up 400 of 400 are right: Wilson's lower limit is 0.9905. With the band of 4, 430 of 440: 0.959.
    reviewed = pd.DataFrame({"band": [4] * 40 + [6] * 200 + [8] * 200, "verdict": ["no"] * 10 + ["yes"] * 430})
    reviewed["decision"] = "linked"
    found = suggest_thresholds(reviewed)
    assert found.threshold == 6
    # Pairs that no threshold would link say nothing of thresholds.
    twins = reviewed.assign(decision="contrary", verdict="no", band=8)
    assert suggest_thresholds(pd.concat([reviewed, twins])).threshold == 6
    assert found.bands.set_index("band").loc[4, "value"] == pytest.approx(0.75)
    assert suggest_thresholds(reviewed, target=0.95).threshold == 4
    assert suggest_thresholds(reviewed, target=0.999).threshold is None
    with pytest.raises(InputError, match=r"target is 99"):
        suggest_thresholds(reviewed, target=99)
