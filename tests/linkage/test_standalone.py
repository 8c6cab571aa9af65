"""`phm link INPUT_DIR OUT.parquet`, typed as users type it: nothing lost, nothing given away, the same bytes again."""

import random
import string
from collections import Counter
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phm_utils.cli import DONE, REFUSED, main
from phm_utils.linkage.standalone import Request, link_folder
from phm_utils.privacy.pseudonyms import demo_key, make_key
from phm_utils.runs import project_root

METHODS = {"NHS number", "same description", "probabilistic", "identity of its own", "no usable identifier"}
GP = [
    ("g1", "9990000018", "Ferdinand", "Quillfeather", "1948-11-23", "M", "ZA2 2BB", "20099001234"),
    ("g2", "9990000026", "Siân", "O’Brien", "1980-05-17", "F", "ZA1 1AA", "20099005678"),
]
COLUMNS = ["record_id", "nhs_number", "forename", "surname", "date_of_birth", "sex", "postcode", "uprn"]


def write(folder: Path, **sources) -> Path:
    """A folder with a CSV per source; each row is a tuple in the order of COLUMNS."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in sources.items():
        pd.DataFrame(rows, columns=COLUMNS).to_csv(folder / f"{name}.csv", index=False)
    return folder


def link(folder, out, **named) -> pd.DataFrame:
    """The index that the public function writes."""
    link_folder(Request(folder, out, demo_key(1), "population_health_management", **named))
    return pd.read_parquet(out)


@pytest.fixture
def key(tmp_path) -> Path:
    make_key(tmp_path / "phm.key")
    return tmp_path / "phm.key"


def altered(row, number, **changes):
    """A row under another record id, with some columns changed."""
    return tuple((dict(zip(COLUMNS, row, strict=True)) | {"record_id": number} | changes).values())


def test_the_command_writes_an_index_of_every_record_and_gives_nobody_away(tmp_path, key, monkeypatch, capfd):
    monkeypatch.setenv("PHM_TEMP", str(tmp_path / "temp"))
    ed = [
        GP[0],
        altered(GP[0], "e2", nhs_number=None, forename="Ferdie"),
        altered(GP[1], "e3", nhs_number=None),
        altered(GP[1], "e4", nhs_number=None, forename="Una", date_of_birth="2999-01-01"),
    ]
    folder = write(tmp_path / "in", gp=GP, ed=ed)
    out = tmp_path / "new" / "folder" / "index.parquet"
    assert main(["link", str(folder), str(out), "--key-file", str(key)]) == DONE
    assert pq.read_schema(out).names == ["source", "record_id", "person_id", "method", "match_weight"]
    index = pd.read_parquet(out)
    assert list(zip(index["source"], index["record_id"], strict=True)) == [
        ("ed", "e2"), ("ed", "e3"), ("ed", "e4"), ("ed", "g1"), ("gp", "g1"), ("gp", "g2"),
    ]  # fmt: skip
    assert index["person_id"].str.fullmatch("[0-9a-f]{32}").all()
    assert set(index["method"]) <= METHODS
    assert (index["match_weight"].notna() == (index["method"] == "probabilistic")).all()
    said = "".join(capfd.readouterr())
    assert "1 dates of birth are in the future or before 1890" in said
    hidden = [str(cell) for row in (*GP, *ed) for cell in row[1:5] + row[6:] if cell]
    for value in [*hidden, "QUILLFEATHER", "FERDINAND", "OBRIEN", "ZA22BB"]:
        assert value not in said
        assert value.encode() not in out.read_bytes()
        assert value.upper() not in index.to_csv().upper()
    left = [p for p in tmp_path.rglob("*") if p.is_file()]
    assert sorted(p.name for p in left) == ["ed.csv", "gp.csv", "index.parquet", "phm.key"]
    assert list((tmp_path / "temp").iterdir()) == []


def test_another_purpose_and_another_key_give_other_pseudonyms_and_the_same_people(tmp_path):
    folder = write(tmp_path / "in", gp=GP, ed=[altered(GP[0], "e1")])
    first = link(folder, tmp_path / "a.parquet")
    other = link_folder(Request(folder, tmp_path / "b.parquet", demo_key(1), "direct_care"))
    second = pd.read_parquet(other.out)
    assert not set(first["person_id"]) & set(second["person_id"])
    assert first["person_id"].factorize()[0].tolist() == second["person_id"].factorize()[0].tolist()


@pytest.mark.parametrize("name", ["gp", "voluntary"])
def test_one_list_is_deduplicated_whatever_its_name(tmp_path, key, capfd, name):
    rows = [
        *GP,
        altered(GP[0], "same number", postcode="ZB3 3XX", uprn=None),
        altered(GP[0], "no number", nhs_number=None, forename="Ferdinan"),
        altered(GP[0], "his son", nhs_number=None, date_of_birth="1979-04-02"),
        altered(GP[1], "typed wrongly", nhs_number=None, date_of_birth="1980-05-71", surname="OBrian"),
        altered(GP[1], "other number", nhs_number="9990000034"),
    ]
    folder = write(tmp_path / "in", **{name: rows})
    (folder / "notes.xlsx").write_bytes(b"PK")
    assert main(["link", str(folder), str(tmp_path / "out.parquet"), "--key-file", str(key)]) == DONE
    assert "not read: notes.xlsx" in capfd.readouterr().out
    index = pd.read_parquet(tmp_path / "out.parquet")
    people = index.groupby("person_id")["record_id"].apply(lambda ids: tuple(sorted(ids)))
    assert sorted(people) == [
        ("g1", "no number", "same number"),
        ("g2", "typed wrongly"),
        ("his son",),
        ("other number",),
    ]


SOUND = {"gp": GP, "ed": GP}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("IN", "Give the output file"),
        ("IN OUT.parquet", "Pseudonyms need a key"),
        ("IN OUT.parquet --key-file none.key", "none.key cannot be read"),
        ("IN OUT.parquet --key-file WORKBOOK", "inside the workbook's folder"),
        ("IN OUT.csv KEY", "a name that ends in .parquet"),
        ("IN IN/out.parquet KEY", "Write the output to another folder"),
        ("IN FILE/out.parquet KEY", "cannot be written"),
        ("IN FOLDER.parquet KEY", "is a folder"),
        ("IN OUT.parquet KEY --spine nobody", "no file nobody.csv"),
        ("IN OUT.parquet KEY --one-to-one edd gp", "--one-to-one names edd, gp"),
        ("IN OUT.parquet KEY --model none.json", "No file none.json"),
        ("IN OUT.parquet KEY --model IN/gp.csv", "not readable JSON. It is not a linkage model"),
        ("IN OUT.parquet KEY --accept 3", "need --train"),
        ("IN OUT.parquet KEY --train NEW.json", "Training"),  # two people teach nothing
        ("ALONE OUT.parquet KEY --train NEW.json", "Training needs two lists, and NEW would be trained on one"),
        ("NOBODY-ALONE OUT.parquet KEY", "gp.csv has no records. Export"),
        ("EMPTY OUT.parquet KEY", "has no file gp.csv"),
        ("NOBODY OUT.parquet KEY", "gp.csv has no records"),
        ("NONE OUT.parquet KEY", "No folder"),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_sentence_before_anything_is_written(
    tmp_path, key, capfd, monkeypatch, arguments, words
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PHM_ROOT", str(project_root()))
    write(tmp_path / "IN", **SOUND)
    write(tmp_path / "ALONE", gp=GP)
    write(tmp_path / "NOBODY", gp=[], ed=GP)
    write(tmp_path / "NOBODY-ALONE", gp=[])
    (tmp_path / "EMPTY").mkdir()
    (tmp_path / "FOLDER.parquet").mkdir()
    (tmp_path / "FILE").touch()
    given = arguments.replace("KEY", f"--key-file {key}").replace("WORKBOOK", str(project_root() / "README.md"))
    before = sorted(tmp_path.rglob("*"))
    assert main(["link", *given.split()]) == REFUSED
    said, complained = capfd.readouterr()
    assert words in complained
    assert "Traceback" not in complained + said
    assert "Quillfeather" not in complained + said
    assert sorted(tmp_path.rglob("*")) == before


def test_no_numbers_at_all_and_one_person_with_500_records(tmp_path):
    rng = random.Random(7)
    place = rng.randrange

    def misspelt(name):
        at = place(len(name))
        return name[:at] + rng.choice(string.ascii_lowercase) + name[at + 1 :]

    ferdinand = altered(GP[0], "x", nhs_number=None)
    same = [altered(ferdinand, f"s{n}") for n in range(500)]
    typos = [
        altered(ferdinand, f"t{n}", forename=misspelt("Ferdinand"), surname=misspelt("Quillfeather"), uprn=str(n))
        for n in range(500)
    ]
    other_person = altered(
        ferdinand, "x", forename="Ambrose", surname="Winterbottom", date_of_birth="1990-02-03", uprn="9"
    )
    unregistered = [altered(other_person, f"u{n}", surname=misspelt("Winterbottom")) for n in range(150)]
    gp = [altered(row, row[0], nhs_number=None) for row in GP]
    index = link(write(tmp_path / "in", gp=gp, ed=same, list=typos, sc=unregistered), tmp_path / "index.parquet")
    people = {source: group["person_id"] for source, group in index.groupby("source")}
    assert len(index) == 1152
    ferdinands = index.loc[(index["source"] == "gp") & (index["record_id"] == "g1"), "person_id"].item()
    assert set(people["ed"]) == {ferdinands}
    assert (people["list"] == ferdinands).mean() >= 0.99
    assert people["sc"].nunique() <= 3
    assert not set(people["sc"]) & set(people["gp"])


def test_equal_rows_without_a_usable_identifier_are_people_of_their_own(tmp_path):
    blank = ("", "0000000000", "UNKNOWN", "XX", "1900-01-01", "", "ZZ99 3VZ", "")
    number_alone = ("", "9990000018", "", "", "", "", "", "")
    ed = [altered(blank, "1"), altered(blank, "2"), altered(number_alone, "3"), altered(number_alone, "4")]
    nhs = [altered(blank, "9990000018"), altered(blank, "9990000026")]  # named so, and numbered so: nobody's number
    index = link(write(tmp_path / "in", gp=GP, ed=ed, nhs=nhs, other=ed), tmp_path / "index.parquet")
    assert index["person_id"].nunique() == len(index) == 12
    assert set(index.loc[index["source"] != "gp", "method"]) == {"no usable identifier"}


CELLS = {
    "nhs_number": ["9990000018", "9990000026", "999 000 0018", "9990000018.0", "0000000000", "9990000019", "x", ""],
    "forename": [
        "Ann",
        "Siân",
        "ANN",
        "Baby",
        "UNKNOWN",
        "Łucja",
        "Алёна",
        "Ann Bell",
        "O'Hara, Ann",
        "'; --",
        "%_",
        "",
    ],
    "surname": ["Bell", "O’Brien", "O'Brien", "Bell-Smith", "xx", "Bell, Ann", "王", '"quoted"', "a,b", ""],
    "date_of_birth": [
        "1980-05-17",
        "1980-05-17",
        "1980-05-17",
        "1980-05-11",
        "2999-01-01",
        "1900-01-01",
        "",
    ],
    "sex": ["M", "F", "other", "1", "2.0", "", "?"],
    "postcode": ["ZA1 1AA", "za11aa", "ZZ99 3VZ", "nowhere", ""],
    "uprn": ["100", "100.0", "00100", "1e5", ""],
}
ROWS = st.lists(st.tuples(*(st.sampled_from(cells) for cells in CELLS.values())), max_size=12)
SOURCES = st.dictionaries(st.sampled_from(["ed", "a list's", "nhs", "other"]), ROWS, min_size=1, max_size=3)


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(ROWS.filter(len), SOURCES, st.lists(st.sampled_from(list(CELLS)), max_size=3, unique=True))
def test_every_record_of_dirty_sources_is_in_the_index_once(tmp_path_factory, spine, others, left_out):
    folder = tmp_path_factory.mktemp("dirty")
    (folder / "in").mkdir()
    expected = Counter()
    for name, rows in {"gp": spine, **others}.items():
        frame = pd.DataFrame(rows, columns=list(CELLS)).assign(record_id=[f"r{n}" for n in range(len(rows))])
        kept = [c for c in frame if c not in left_out or c == "surname" or name == "gp"]
        frame[kept].to_csv(folder / "in" / f"{name}.csv", index=False)
        expected.update((name, record) for record in frame["record_id"])
    index = link(folder / "in", folder / "index.parquet")
    assert Counter(zip(index["source"], index["record_id"], strict=True)) == expected
    assert index["person_id"].notna().all()
    assert set(index["method"]) <= METHODS
    # A person has one valid number on the spine at most.
    gp = pd.DataFrame(spine, columns=list(CELLS)).assign(record_id=[f"r{n}" for n in range(len(spine))])
    number = gp["nhs_number"].str.replace(r"\.0$|\s", "", regex=True)
    held = index[index["source"] == "gp"].merge(gp[["record_id"]].assign(number=number), on="record_id")
    valid = held[held["number"].isin(["9990000018", "9990000026"])]
    assert (valid.groupby("person_id")["number"].nunique() <= 1).all()


@pytest.fixture(scope="module")
def small_ics(tmp_path_factory) -> Path:
    """Six simulated sources of 1,500 people."""
    return sources_of(tmp_path_factory.mktemp("small") / "ics", people=1_500, seed=58)


def sources_of(root: Path, people: int, seed: int) -> Path:
    size = ["--pcns", "1", "--people-per-pcn", str(people), "--seed", str(seed), "--workers", "1"]
    assert main(["simulate", "--form", "linkage", *size, "--out", str(root)]) == DONE
    return root / "linkage"


def shuffled(folder: Path, into: Path) -> Path:
    """The same sources with their rows in another order, some as CSV."""
    into.mkdir()
    for number, file in enumerate(sorted(folder.iterdir())):
        frame = pd.read_parquet(file).sample(frac=1, random_state=number)
        if number % 2:
            frame.to_csv(into / f"{file.stem}.csv", index=False)
        else:
            frame.to_parquet(into / file.name)
    return into


def test_order_threads_and_file_formats_change_no_byte(small_ics, tmp_path, monkeypatch):
    monkeypatch.setenv("PHM_THREADS", "1")
    link(small_ics, tmp_path / "a.parquet")
    monkeypatch.setenv("PHM_THREADS", "2")
    link(shuffled(small_ics, tmp_path / "in"), tmp_path / "b.parquet")
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


@pytest.mark.full
def test_training_writes_the_same_model_and_the_same_index_again(tmp_path, key, monkeypatch):
    written = []
    sources = sources_of(tmp_path / "ics", people=12_000, seed=7)  # a third of them teach no model that makes sense
    for threads, folder in (("1", sources), ("2", shuffled(sources, tmp_path / "in"))):
        monkeypatch.setenv("PHM_THREADS", threads)
        model, out = tmp_path / "own.json", tmp_path / "index.parquet"
        asked = ["link", str(folder), str(out), "--key-file", str(key), "--train", str(model), "--leave-out-unseen"]
        assert main(asked) == DONE
        written.append((model.read_bytes(), out.read_bytes()))
    assert written[0] == written[1]
    assert main(["link", str(sources), str(out), "--key-file", str(key), "--model", str(model)]) == DONE
    assert out.read_bytes() == written[0][1]
