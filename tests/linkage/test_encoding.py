"""What a council sends: alike where people are alike, and nothing in it that can be read."""

import base64
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from phm_utils.cli import DONE, REFUSED, main
from phm_utils.errors import InputError
from phm_utils.linkage.bloom import FIELDS, FILTER_BITS, WORDS, date_parts, filters, letter_pairs
from phm_utils.linkage.encoded_file import encoding_key, read_encoded
from phm_utils.linkage.encoded_file import settings as settings_of
from phm_utils.linkage.encoding import encode_list
from phm_utils.privacy.pseudonyms import make_key

KEY, OTHER_KEY = bytes(range(32)), bytes(range(1, 33))
BITS = {field.name: field.bits for field in FIELDS}
HASHES = {field.name: field.hashes for field in FIELDS}
MARY = {"given": "MARY", "root": "MARY", "family": "OBRIEN", "born": "1980-05-17", "known_sex": "2", "place": "ZA11AA",
        "address": "100", "address_line": "8 STANLEY STREET"}  # fmt: skip
PEOPLE = pd.DataFrame(
    [
        ["C-17", "Siân", "O’Brien", "1980-05-17", "F", "ZA1 1AA", "20099001234", "8 Quillfeather Lane"],
        ["C-18", "Zoë", "Ahmed", "1999-01-02", "2", "za2 2bb", None, None],
        ["C-19", "Ferdinand", "Ölafsson", None, None, None, None, None],
        ["C-20", "UNKNOWN", None, "1900-01-01", "X", "ZZ99 3VZ", None, None],
    ],
    columns=["record_id", "forename", "surname", "date_of_birth", "sex", "postcode", "uprn", "address"],
)
NAMES = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=5, max_size=12)


def bits(person, key=KEY):
    return filters(pd.DataFrame([person]), key)[0]


def size(words):
    return int(np.bitwise_count(words).sum())


def dice(one, other):
    return 2 * size(one & other) / (size(one) + size(other))


def field(name, value, key=KEY):
    """The words of one field, alone."""
    return bits({name: value}, key)[WORDS[name]]


def encode(tmp_path, frame=PEOPLE, name="sent.parquet", key=KEY, **options):
    frame.to_csv(tmp_path / "list.csv", index=False)
    return tmp_path / name, encode_list(tmp_path / "list.csv", tmp_path / name, key, **options)


def test_the_fields_lie_side_by_side_in_1024_bits():
    assert FILTER_BITS == sum(BITS.values()) == 1024
    assert [WORDS[f.name].stop - WORDS[f.name].start for f in FIELDS] == [f.bits // 64 for f in FIELDS]
    assert bits(MARY).shape == (16,)


@pytest.mark.parametrize("name", list(BITS))
def test_a_field_sets_about_its_hashes_and_no_bit_outside_its_place(name):
    whole = bits({name: MARY[name]})
    set_bits = size(whole)
    assert size(whole[WORDS[name]]) == set_bits
    # n hashes into m places fill m (1 - (1 - 1/m)^n) of them on average.
    expected = BITS[name] * (1 - (1 - 1 / BITS[name]) ** HASHES[name])
    assert 0.75 * expected <= set_bits <= HASHES[name]


def test_long_and_short_names_weigh_the_same():
    sizes = [size(field("given", name)) for name in ("JO", "MARY", "CHRISTOPHER", "MARYANNELOUISE")]
    assert max(sizes) <= HASHES["given"]
    assert min(sizes) >= 0.8 * HASHES["given"]


def test_tokens_are_pairs_of_letters_and_parts_of_dates_whichever_way_round():
    assert letter_pairs("ANNAN") == ["^A", "AN", "NN", "NA", "N$"]
    assert sorted(date_parts("1980-05-07")) == sorted(date_parts("1980-07-05")) == ["05", "07", "Y1980"]
    assert len(set(date_parts("1980-05-05"))) == 3


def test_a_missing_value_sets_no_bit_and_an_absent_column_is_missing():
    assert not bits({"given": None, "family": np.nan}).any()
    assert (bits(MARY) == filters(pd.DataFrame([{**MARY, "shoe_size": "5"}]), KEY)[0]).all()


def test_dates_as_text_and_as_dates_are_one():
    typed = pd.DataFrame({"born": pd.to_datetime(["1980-05-17"])})
    assert (filters(typed, KEY)[0] == bits({"born": "1980-05-17"})).all()
    assert (filters(typed.assign(born=typed["born"].dt.date), KEY)[0] == bits({"born": "1980-05-17"})).all()


@settings(max_examples=60, deadline=None)
@given(NAMES, st.data())
def test_one_mistyped_letter_keeps_a_name_alike(name, data):
    at = data.draw(st.integers(0, len(name) - 1))
    letter = data.draw(st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    typed = name[:at] + letter + name[at + 1 :]
    # Of the n + 1 pairs of a name of n letters one letter touches two at most.
    pairs, others = set(letter_pairs(name)), set(letter_pairs(typed))
    assume(len(pairs & others) >= len(name) - 1)
    assert dice(field("family", name), field("family", typed)) >= 0.5
    assert dice(bits(MARY | {"family": name}), bits(MARY | {"family": typed})) >= 0.9


@settings(max_examples=30, deadline=None)
@given(st.binary(min_size=32, max_size=40), st.binary(min_size=32, max_size=40))
def test_filters_of_another_key_are_as_alike_as_random_ones(one, other):
    assume(one != other)
    # Background: each of n bits of one is among the other's with the chance that a place is filled, 0.2 to 0.35.
    assert dice(bits(MARY, one), bits(MARY, other)) < 0.5


def test_each_field_has_a_key_of_its_own():
    # The same word as forename and as surname, fields of one length, sets different bits.
    assert dice(field("given", "KELLY"), field("family", "KELLY")) < 0.5


def test_the_same_list_gives_the_same_bytes_in_whatever_order(tmp_path):
    for name in ("sent.parquet", "sent.csv"):
        first, _ = encode(tmp_path, name=name)
        before = first.read_bytes()
        again, _ = encode(tmp_path, PEOPLE.sample(frac=1, random_state=3), name=name)
        assert again.read_bytes() == before


def test_csv_and_parquet_hold_the_same_and_open_with_the_key(tmp_path):
    (one, _), (other, _) = encode(tmp_path, name="a.parquet"), encode(tmp_path, name="b.csv")
    ids, words = read_encoded(one, KEY, "nhs")
    ids_of_csv, words_of_csv = read_encoded(other, KEY, "nhs")
    assert ids == ids_of_csv == sorted(ids)
    assert (words == words_of_csv).all()
    assert words.shape == (4, 16)


def test_nothing_that_identifies_is_in_the_file(tmp_path):
    values = [v for v in PEOPLE.drop(columns="record_id").to_numpy().ravel() if isinstance(v, str) and len(v) > 2]
    cleaned = ["SIAN", "OBRIEN", "AHMED", "FERDINAND", "OLAFSSON", "ZA11AA", "ZA22BB", "QUILLFEATHER", "19800517"]
    for name in ("sent.parquet", "sent.csv"):
        path, _ = encode(tmp_path, name=name)
        raw = path.read_bytes()
        text = pq.read_table(path).to_pandas().to_csv() if name.endswith("parquet") else raw.decode()
        for value in [*values, *cleaned, *PEOPLE["record_id"]]:
            assert value.encode() not in raw
            assert value.lower() not in text.lower()


def test_equal_people_are_not_equal_in_the_file_and_all_entries_are_of_one_length(tmp_path):
    twice = pd.concat([PEOPLE, PEOPLE.assign(record_id=[f"D-{i}" for i in range(4)])])
    path, _ = encode(tmp_path, twice)
    sealed = pq.read_table(path).to_pandas()["clk"]
    assert sealed.is_unique
    assert {len(base64.b64decode(s)) for s in sealed} == {16 + 128}  # the seal, and 1,024 bits
    _, words = read_encoded(path, KEY, "nhs")
    assert len(np.unique(words, axis=0)) == 4


def test_sealed_bits_show_nothing_of_who_is_who(tmp_path):
    # Half of any two sealed entries agree, whether the people are the same, or nothing alike.
    same = pd.concat([PEOPLE.head(1).assign(record_id=str(i)) for i in range(60)])
    path, _ = encode(tmp_path, same)
    sealed = [base64.b64decode(s) for s in pq.read_table(path).to_pandas()["clk"]]
    bits_of = np.unpackbits(np.array([list(s) for s in sealed], dtype=np.uint8), axis=1)
    assert abs((bits_of[1:] == bits_of[:-1]).mean() - 0.5) < 0.02


def test_settings_say_how_the_file_was_made(tmp_path):
    path, summary = encode(tmp_path, name="sent.csv")
    said = json.loads(path.read_text("utf-8").splitlines()[0].removeprefix("# "))
    assert said == settings_of(KEY, "nhs")
    assert said["bits"] == 1024
    assert said["fields"]["given"] == {"bits": 192, "hashes": 48}
    assert said["key_id"] == summary.key_id
    assert KEY.hex() not in path.read_text("utf-8")


def test_both_ways_of_writing_a_name_give_one_filter(tmp_path):
    plain = PEOPLE.assign(forename=["SIAN", "zoe", "Ferdinand", None], surname=["Obrien", "AHMED", "Olafsson", None])
    _, words = read_encoded(encode(tmp_path)[0], KEY, "nhs")
    _, again = read_encoded(encode(tmp_path, plain)[0], KEY, "nhs")
    assert (words == again).all()


def test_what_was_done_counts_what_is_missing_and_quotes_nobody(tmp_path):
    _, summary = encode(tmp_path)
    assert (summary.records, summary.empty, summary.unreadable_births) == (4, 1, 0)
    assert summary.usable == {
        "forename": 3,
        "surname": 3,
        "date_of_birth": 2,
        "sex": 2,
        "postcode": 2,
        "uprn": 1,
        "address": 1,
    }
    assert "Ferdinand" not in str(summary)


def test_record_ids_are_pseudonyms_unless_kept_and_the_look_up_joins_them(tmp_path):
    path, _ = encode(tmp_path, lookup=tmp_path / "ours.csv")
    ids, _ = read_encoded(path, KEY, "nhs")
    look_up = pd.read_csv(tmp_path / "ours.csv", dtype=str)
    assert list(look_up["record_id"]) == list(PEOPLE["record_id"])
    assert set(look_up["written"]) == set(ids)
    assert all(len(i) == 32 for i in ids)
    kept, _ = encode(tmp_path, keep_ids=True)
    assert read_encoded(kept, KEY, "nhs")[0] == list(PEOPLE["record_id"])
    other, _ = encode(tmp_path, key=OTHER_KEY)
    assert not set(read_encoded(other, OTHER_KEY, "nhs")[0]) & set(ids)


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (PEOPLE.drop(columns="record_id"), "no column record_id"),
        (PEOPLE[["record_id", "postcode"]], "none of the columns"),
        (PEOPLE.tail(1), "none of 1 records has anything usable"),
        (PEOPLE.head(0), "none of 0 records"),
        (PEOPLE.assign(record_id="C-1"), "3 repeat another's"),
        (PEOPLE.assign(date_of_birth="29358"), "4 of 4 dates of birth cannot be read"),
    ],
)
def test_a_list_that_cannot_be_encoded_is_refused_and_nothing_is_written(tmp_path, frame, said):
    with pytest.raises(InputError, match=said) as refused:
        encode(tmp_path, frame)
    assert [p.name for p in tmp_path.iterdir()] == ["list.csv"]
    assert "Ferdinand" not in str(refused.value)


def test_names_of_files_are_checked_before_anything_is_read(tmp_path):
    with pytest.raises(InputError, match=r"\.parquet or \.csv"):
        encode(tmp_path, name="sent.xlsx")
    with pytest.raises(InputError, match="overwrite"):
        encode(tmp_path, name="list.csv")
    with pytest.raises(InputError, match="no CSV or Parquet file"):
        encode_list(tmp_path / "none.csv", tmp_path / "sent.csv", KEY)


@pytest.mark.parametrize("name", ["sent.parquet", "sent.csv"])
def test_another_key_cleaning_or_schema_is_refused(tmp_path, name, monkeypatch):
    path, _ = encode(tmp_path, name=name)
    with pytest.raises(InputError, match="was encoded with key"):
        read_encoded(path, OTHER_KEY, "nhs")
    with pytest.raises(InputError, match="other rules"):
        read_encoded(path, KEY, "any")
    monkeypatch.setattr("phm_utils.linkage.encoded_file.SCHEMA", 3)
    with pytest.raises(InputError, match="schema 2 and this version reads schema 3"):
        read_encoded(path, KEY, "nhs")


def test_an_edited_file_is_refused(tmp_path):
    path, _ = encode(tmp_path, name="sent.csv")
    comment, header, *rows = path.read_text("utf-8").splitlines()
    first, second = (row.split(",") for row in rows[:2])

    def write(*lines):
        path.write_text("\n".join(lines) + "\n", "utf-8")

    write(comment, header, f"{second[0]},{first[1]}", f"{first[0]},{second[1]}", *rows[2:])  # two ids exchanged
    with pytest.raises(InputError, match="2 of 4 encodings are not as"):
        read_encoded(path, KEY, "nhs")
    write(comment, header, f"{first[0]},{first[1][:-4]}", *rows[1:])
    with pytest.raises(InputError, match="1 of 4 encodings"):
        read_encoded(path, KEY, "nhs")
    write(header, *rows)
    with pytest.raises(InputError, match="lacks the settings"):
        read_encoded(path, KEY, "nhs")


@pytest.mark.parametrize("name", ["list.csv", "list.parquet"])
def test_a_file_that_was_never_encoded_is_refused_and_not_quoted(tmp_path, name):
    plain = tmp_path / name
    PEOPLE.to_csv(plain, index=False) if name.endswith("csv") else PEOPLE.to_parquet(plain)
    with pytest.raises(InputError, match="not an encoded list") as refused:
        read_encoded(plain, KEY, "nhs")
    assert "Ferdinand" not in str(refused.value)
    with pytest.raises(InputError, match="does not exist"):
        read_encoded(tmp_path / "none.csv", KEY, "nhs")


def test_the_command_needs_a_key_that_keeps_a_secret(tmp_path, capsys):
    PEOPLE.to_csv(tmp_path / "list.csv", index=False)
    command = ["encode", str(tmp_path / "list.csv"), str(tmp_path / "sent.parquet"), "--key-file"]
    (tmp_path / "short.key").write_bytes(bytes(range(20)))
    assert main([*command, str(tmp_path / "short.key")]) == REFUSED
    assert "32 or more" in capsys.readouterr().err
    assert main([*command, str(Path(__file__).parents[2] / "pyproject.toml")]) == REFUSED
    assert "inside the workbook's folder" in capsys.readouterr().err
    make_key(tmp_path / "shared.key")
    assert main([*command, str(tmp_path / "shared.key"), "--keep-ids"]) == DONE
    assert "4 records encoded with key" in capsys.readouterr().out
    assert (tmp_path / "sent.parquet").is_file()


def test_the_key_of_encoding_is_not_the_key_given():
    assert encoding_key(KEY) != KEY
    assert encoding_key(KEY) != encoding_key(OTHER_KEY)
