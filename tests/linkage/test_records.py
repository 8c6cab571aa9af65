"""Reading a folder of sources: every way of writing them that is plain is read, every other is refused in words."""

from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from phm_utils.errors import InputError
from phm_utils.linkage.identified_records import read_list, read_records
from phm_utils.linkage.remarks import of_files, of_numbers, of_sources
from phm_utils.linkage.scheme import Scheme, clean_identities

GP = (
    "record_id,nhs_number,forename,surname,date_of_birth,sex,postcode,uprn\n"
    "1,9990000018,Ann,Bell,1980-05-17,F,ZA1 1AA,7\n"
)
ED = "record_id,forename,surname,date_of_birth\nA1,Ann,Bell,1980-05-17\nA2,Bo,Cole,1950-01-02\n"


@pytest.fixture
def folder(tmp_path) -> Path:
    """A folder with a spine and one source, both sound."""
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "gp.csv").write_text(GP, encoding="utf-8")
    (tmp_path / "sources" / "ed.csv").write_text(ED, encoding="utf-8")
    return tmp_path / "sources"


def births(con):
    """The dates of birth read of the source 'ed', in the order of its records."""
    rows = con.execute("SELECT date_of_birth FROM record WHERE source = 'ed' ORDER BY record_id").fetchall()
    return [born for (born,) in rows]


def with_births(folder, *written):
    """The source 'ed' with one record for each date of birth."""
    lines = [f"{n:03d},Ann,{born}" for n, born in enumerate(written)]
    (folder / "ed.csv").write_text("\n".join(["record_id,forename,date_of_birth", *lines, ""]), encoding="utf-8")


def test_every_record_of_every_source_is_read_as_text(con, folder):
    sources = read_records(con, folder, "gp")
    assert [(s.name, s.records, s.unreadable_births) for s in sources] == [("ed", 2, 0), ("gp", 1, 0)]
    rows = con.execute("SELECT record_id, nhs_number, forename, date_of_birth, uprn FROM record ORDER BY 1").fetchall()
    assert rows == [
        ("1", "9990000018", "Ann", date(1980, 5, 17), "7"),
        ("A1", None, "Ann", date(1980, 5, 17), None),
        ("A2", None, "Bo", date(1950, 1, 2), None),
    ]


@pytest.mark.parametrize(
    "written",
    ["1980-05-17", "19800517", "19800517.0", "1980-05-17 00:00:00", "1980-05-17 00:00:00.000", "1980-05-17T00:00:00Z"],
)
def test_dates_as_databases_and_spreadsheets_export_them_are_read(con, folder, written):
    with_births(folder, written)
    read_records(con, folder, "gp")
    assert births(con) == [date(1980, 5, 17)]


@pytest.mark.parametrize("written", ["17/05/1980", "17-05-1980", "17.05.1980", "17 May 1980", "05/17/1980"])
def test_dates_with_the_year_last_are_read_where_their_order_is_sure(con, folder, written):
    with_births(folder, written, written)
    read_records(con, folder, "gp")
    assert births(con) == [date(1980, 5, 17)] * 2


def test_dates_that_could_be_two_days_are_refused_and_none_is_quoted(con, folder):
    with_births(folder, "1980-05-17", "03/04/1981")
    with pytest.raises(
        InputError, match=r"ed\.csv: 1 days in date_of_birth could be day first or month first"
    ) as refusal:
        read_records(con, folder, "gp")
    assert "1981" not in str(refusal.value)


@pytest.mark.parametrize("written", ["29358", "x9", "80-05-17", "1980"])
def test_dates_that_are_no_days_are_refused_and_none_is_quoted(con, folder, written):
    with_births(folder, written, written)
    with pytest.raises(InputError, match=r"ed\.csv: 2 of 2 dates of birth cannot be read as days") as refusal:
        read_records(con, folder, "gp")
    assert written not in str(refusal.value).replace("1980-05-17", "")


def test_a_few_wrong_dates_are_counted_and_a_lack_of_one_is_no_fault(con, folder):
    with_births(folder, "1980-05-17", "1980-02-30", "", "NULL", "nan", "80-05-18", "1980-05-19")
    sources = {s.name: s for s in read_records(con, folder, "gp")}
    assert births(con) == [date(1980, 5, 17), None, None, None, None, None, date(1980, 5, 19)]
    assert sources["ed"].unreadable_births == 2
    with_births(folder, "1980-05-17", "17th of May 1980")  # half of them: reported, and linked without
    assert {s.name: s.unreadable_births for s in read_records(con, folder, "gp")} == {"ed": 1, "gp": 0}


def test_births_in_the_future_or_long_ago_are_counted_and_no_evidence(con, folder):
    with_births(folder, "2999-01-01", "1802-03-04", "1980-05-17")
    [ed, _] = read_records(con, folder, "gp")
    assert (ed.impossible_births, ed.unreadable_births) == (2, 0)
    clean_identities(con, Scheme("gp"))
    known = con.execute("SELECT count(*), count(born) FROM identity WHERE source = 'ed'").fetchall()
    assert known == [(3, 1)]


@pytest.mark.parametrize("any_century", [False, True])
def test_births_of_historical_records_are_read_whatever_their_century(con, folder, any_century):
    with_births(folder, "1650-06-03", "1799-12-24", "1803-02-01", "1800-01-01", "2999-01-01")
    [ed, gp] = read_records(con, folder, "gp", any_century=any_century)
    assert (ed.historical, ed.impossible_births, gp.historical) == (True, 1, False)
    clean_identities(con, Scheme("gp"))
    born = con.execute("SELECT born::VARCHAR FROM identity WHERE source = 'ed' ORDER BY born").fetchall()
    assert born == [("1650-06-03",), ("1799-12-24",), ("1803-02-01",), (None,), (None,)]


def test_data_from_elsewhere_may_have_one_birth_of_another_century(con, folder):
    with_births(folder, "1888-06-03", "1960-12-24", "1980-05-17")
    [ed, _] = read_records(con, folder, "gp", any_century=True)
    assert (ed.historical, ed.impossible_births) == (True, 0)
    clean_identities(con, Scheme("gp", national="any"))
    assert con.execute("SELECT count(born) FROM identity WHERE source = 'ed'").fetchall() == [(3,)]


def numbered(folder, numbers):
    """ed.csv: strangers with these numbers."""
    rows = [
        f"{n},{number},F{chr(65 + n)},Bell{chr(65 + n)},19{50 + n}-05-17,F,ZA1 {n % 10}AA"
        for n, number in enumerate(numbers)
    ]
    head = "record_id,nhs_number,forename,surname,date_of_birth,sex,postcode\n"
    (folder / "ed.csv").write_text(head + "\n".join(rows) + "\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("numbers", "usable"),
    [
        (["9990000018"] * 4, 0),  # everybody's
        (["9990000018"] * 12 + ["9990000026"], 1),  # a default of many
        (["9990000018"] * 4 + ["9990000026"], 5),  # three strangers have a friend's number: for the rules
        (["9990000018", "9990000026"], 2),
    ],
)
def test_a_number_that_everybody_has_is_nobodys(con, folder, numbers, usable):
    numbered(folder, numbers)
    read_records(con, folder, "gp")
    clean_identities(con, Scheme("gp"))
    assert con.execute("SELECT count(nhs) FROM identity WHERE source = 'ed'").fetchall() == [(usable,)]
    said = " ".join(of_numbers(con))
    assert ("ed: 1 numbers stand on" in said) == (usable < 2)
    assert "9990000018" not in said


def test_one_persons_many_records_with_one_number_keep_it(con, folder):
    rows = "".join(f"{n},9990000018,Ann{'abcdefghijklmno'[n]},Bell,1980-05-17\n" for n in range(15))
    (folder / "ed.csv").write_text(f"record_id,nhs_number,forename,surname,date_of_birth\n{rows}", encoding="utf-8")
    read_records(con, folder, "gp")
    clean_identities(con, Scheme("gp"))
    assert con.execute("SELECT count(nhs) FROM identity WHERE source = 'ed'").fetchall() == [(15,)]


def test_sexes_that_are_not_understood_are_counted_and_said(con, folder):
    sexes = ["homme", "7", "M", "2", "unknown", ""]
    rows = "".join(f"{n},Bell,{sex}\n" for n, sex in enumerate(sexes))
    (folder / "ed.csv").write_text(f"record_id,surname,sex\n{rows}", encoding="utf-8")
    sources = read_records(con, folder, "gp")
    assert {s.name: s.unknown_sexes for s in sources} == {"ed": 2, "gp": 0}
    [said] = of_sources(sources)
    assert "ed: the sex of 2 of 6 records is not understood" in said
    assert "homme" not in said


@pytest.mark.parametrize("name", ["more.xlsx", "old.XLS", "list.ods", "list.tsv"])
def test_a_spreadsheet_beside_the_other_files_is_named(con, folder, name):
    (folder / name).write_bytes(b"PK")
    [said] = of_files(folder)
    assert said.startswith(f"not read: {name}.")
    read_records(con, folder, "gp")
    (folder / "gp.csv").rename(folder / "gp.txt")
    (folder / "more.csv").write_text("record_id,surname\n1,Bell\n", encoding="utf-8")
    with pytest.raises(InputError, match=rf"no file gp\.csv.* Save {name} as CSV"):
        read_records(con, folder, "gp")


def test_numbers_that_became_floats_are_whole_again(con, folder):
    frame = pd.DataFrame(
        {
            "record_id": [1.0, 2.0],
            "nhs_number": [9990000018.0, None],
            "surname": ["Bell", "Cole"],
            "uprn": [100023336956.0, None],
            "sex": [2.0, 1.0],
            "date_of_birth": [pd.Timestamp("1980-05-17"), None],
        }
    )
    frame.to_parquet(folder / "ed.parquet")
    (folder / "ed.csv").unlink()
    read_records(con, folder, "gp")
    clean_identities(con, Scheme("gp"))
    columns = "nhs, address, known_sex, born"
    found = con.execute(f"SELECT {columns} FROM identity WHERE source = 'ed' ORDER BY first_id").fetchall()
    assert found == [("9990000018", "100023336956", "2", date(1980, 5, 17)), (None, None, "1", None)]


def test_numbers_with_blanks_and_hyphens_are_those_without(con, folder):
    (folder / "ed.csv").write_text(
        "record_id,nhs_number,surname,postcode\na,999 000 0018,X,za1-1aa\nb,999-000-0018 ,Y, ZA11AA\n", encoding="utf-8"
    )
    read_records(con, folder, "gp")
    clean_identities(con, Scheme("gp"))
    found = con.execute("SELECT DISTINCT nhs, place FROM identity WHERE source = 'ed'").fetchall()
    assert found == [("9990000018", "ZA11AA")]


def test_uprns_that_a_spreadsheet_rounded_are_no_address(con, folder):
    uprns = ["100023336956", "100023336956.0", "00100023336956", "1.00023E+11", "1.00023e+11", "12 High Street", "0"]
    rows = "".join(f"{n},Bell,{uprn}\n" for n, uprn in enumerate(uprns))
    (folder / "ed.csv").write_text(f"record_id,surname,uprn\n{rows}", encoding="utf-8")
    read_records(con, folder, "gp")
    clean_identities(con, Scheme("gp"))
    found = con.execute("SELECT address FROM identity WHERE source = 'ed' ORDER BY first_id").fetchall()
    assert [address for (address,) in found] == ["100023336956"] * 3 + [None] * 4


def test_a_date_that_stands_for_none_is_no_birthday(con, folder):
    # 150 households with one birthday in a list of 1,000; and one person of 150 spellings at one postcode.
    stopgap = [f"s{n},Name{n},1970-01-01,ZA{n % 9 + 1} {n // 9 % 10}{chr(65 + n // 90)}A" for n in range(150)]
    attender = [f"a{n},Spelling{n},1961-04-12,ZB1 1AA" for n in range(150)]
    others = [f"o{n},Other{n},{1930 + n // 12}-{n % 12 + 1:02d}-05,ZC1 1AA" for n in range(700)]
    text = "\n".join(["record_id,surname,date_of_birth,postcode", *stopgap, *attender, *others, ""])
    (folder / "ed.csv").write_text(text, encoding="utf-8")
    read_records(con, folder, "gp")
    clean_identities(con, Scheme("gp"))
    kinds = "SELECT left(first_id, 1), count(*), count(born) FROM identity WHERE source = 'ed' GROUP BY ALL ORDER BY 1"
    assert con.execute(kinds).fetchall() == [("a", 150, 150), ("o", 700, 700), ("s", 150, 0)]


NAMES = [
    ("Zoë", "O’Brien", "ZOE", "OBRIEN"),
    ("Siân", "O'Brien", "SIAN", "OBRIEN"),
    ("Siân", "Ó Briain", "SIAN", "OBRIAIN"),  # decomposed letters
    ("mary-jane", "SMITH  JONES", "MARYJANE", "SMITHJONES"),
    ("Łucja", "Groß", "LUCJA", "GROSS"),
    ("Алёна", "Ким", "АЛЕНА", "КИМ"),
    ("李", "王", "李", "王"),
    ("Mr. Tom", "Hill", "TOM", "HILL"),
    (None, "O'Brien, Siân", "SIAN", "OBRIEN"),
    ("O'Brien, Siân Mair", None, "SIANMAIR", "OBRIEN"),
]


def test_names_of_every_alphabet_are_kept_in_capitals_without_accents(con, folder):
    given = pd.DataFrame([{"record_id": f"{n:02d}", "forename": f, "surname": s} for n, (f, s, *_) in enumerate(NAMES)])
    given.to_csv(folder / "ed.csv", index=False, encoding="utf-8-sig")
    read_records(con, folder, "gp")
    clean_identities(con, Scheme("gp"))
    found = con.execute("SELECT given, family FROM identity WHERE source = 'ed' ORDER BY first_id").fetchall()
    assert found == [(g, f) for *_, g, f in NAMES]


@pytest.mark.parametrize("column", ["forename", "surname"])
def test_whole_names_in_one_field_of_a_source_are_parted(con, folder, column):
    (folder / "ed.csv").write_text(
        f"record_id,{column}\n1,Siân O'Brien\n2,\"O'Brien, Siân\"\n3,Mrs Siân O’BRIEN\n4,Siân Mair O'Brien\n5,Siân\n",
        encoding="utf-8",
    )
    read_records(con, folder, "gp")
    clean_identities(con, Scheme("gp"))
    found = con.execute("SELECT root, family FROM identity WHERE source = 'ed' ORDER BY first_id").fetchall()
    assert found[:4] == [("SIAN", "OBRIEN")] * 4
    assert "SIAN" in found[4]


def test_a_source_of_forenames_or_of_surnames_alone_is_left_as_it_is(con, folder):
    (folder / "ed.csv").write_text("record_id,forename\n1,Siân\n2,Mary Jane\n3,Tom\n", encoding="utf-8")
    (folder / "mh.csv").write_text("record_id,surname\n1,O’Brien\n2,van der Berg\n3,Hill\n", encoding="utf-8")
    read_records(con, folder, "gp")
    clean_identities(con, Scheme("gp"))
    found = con.execute("SELECT given, family FROM identity WHERE source <> 'gp' ORDER BY source, first_id").fetchall()
    assert [given for given, _ in found[:3]] == ["SIAN", "MARYJANE", "TOM"]
    assert [family for _, family in found[3:]] == ["OBRIEN", "VANDERBERG", "HILL"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", r"ed\.csv is empty \(0 bytes\)"),
        ("\n\n", "first line must name every column"),
        ("record_id,forename,forename\n1,a,b\n", "name every column once"),
        ("record_id;forename;surname\n1;Ann;Quillfeather\n", "separated by semicolons"),
        ("record_id\tforename\n1\tQuillfeather\n", "separated by tabs"),
        ("id,forename,surname\n1,Ann,Quillfeather\n", "no column record_id"),
        (
            "record_id,nhs_number,postcode\n1,9990000018,ZA1 1AA\n",
            "none of the columns forename, surname, date_of_birth",
        ),
        ("record_id,first name,dob\n1,Quillfeather,1980\n", "none of the columns forename, surname, date_of_birth"),
        ("record_id,surname\n1,Quillfeather\n1,Bell\n,Cole\n", "of 3 records 1 have no record_id and 1 repeat"),
        ("record_id,surname\n1,Quillfeather,too,many\n", r"Reading ed\.csv failed"),
        (
            'record_id,surname\n1,Bell\n2,"Quillfeather\n3,Cole\n',
            "a quotation mark in line 3 opens a field",
        ),
        (
            'record_id,surname\n1,"Quillfeather\n2,Cole\n3,Dell"\n',
            r"3 lines are parts of a quoted field .* line 2",
        ),
    ],
)
def test_a_source_that_cannot_be_linked_is_refused_without_a_row_of_it(con, folder, content, words):
    (folder / "ed.csv").write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=words) as refusal:
        read_records(con, folder, "gp")
    assert "Quillfeather" not in str(refusal.value)


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_csv_in_another_encoding_is_refused(con, folder, encoding):
    long_way = "".join(f"{n},Ann\n" for n in range(20_000))  # beyond what the header's reading looks at
    (folder / "ed.csv").write_bytes((f"record_id,surname\n{long_way}x,Siân Quillfeather\n").encode(encoding))
    with pytest.raises(InputError, match="UTF-8") as refusal:
        read_records(con, folder, "gp")
    assert "Quillfeather" not in str(refusal.value)


def test_a_damaged_parquet_file_is_refused(con, folder):
    (folder / "ed.csv").unlink()
    (folder / "ed.parquet").write_bytes(b"PAR1 Quillfeather PAR1")
    with pytest.raises(InputError, match=r"Reading ed\.parquet failed") as refusal:
        read_records(con, folder, "gp")
    assert "Quillfeather" not in str(refusal.value)


def test_every_faulty_source_is_listed_at_once(con, folder):
    (folder / "ed.csv").write_text("id,surname\n1,Bell\n", encoding="utf-8")
    (folder / "mh.csv").write_text("", encoding="utf-8")
    with pytest.raises(
        InputError, match=r"2 of 3 sources cannot be linked(.|\n)*ed\.csv has no(.|\n)*mh\.csv is empty"
    ):
        read_records(con, folder, "gp")


def test_a_source_without_rows_is_read_and_a_spine_without_is_refused(con, folder):
    header = GP.splitlines()[0] + "\n"
    (folder / "ed.csv").write_text(header, encoding="utf-8")
    pq.write_table(
        pa.table({"record_id": pa.array([], pa.int64()), "surname": pa.array([], pa.string())}), folder / "mh.parquet"
    )
    assert [(s.name, s.records) for s in read_records(con, folder, "gp")] == [("ed", 0), ("gp", 1), ("mh", 0)]
    (folder / "gp.csv").write_text(header, encoding="utf-8")
    with pytest.raises(InputError, match=r"gp\.csv has no records"):
        read_records(con, folder, "gp")


def test_bom_capitals_blanks_and_quoted_commas_are_read(con, folder):
    text = 'RECORD_ID, Forename ,SurName,Date_Of_Birth,notes\n 1 ,Ann,"Bell, the elder",1980-05-17,"two, three"\n'
    (folder / "ed.csv").write_text(text, encoding="utf-8-sig")
    read_records(con, folder, "gp")
    found = con.execute("SELECT record_id, forename, surname, date_of_birth FROM record WHERE source = 'ed'").fetchall()
    assert found == [("1", "Ann", "Bell, the elder", date(1980, 5, 17))]


@pytest.mark.parametrize(
    "name", ["list[1]", "st mary's", 'the "old" list', "{spine}", "a=b", "über; DROP TABLE record"]
)
def test_any_file_name_names_its_source_and_no_other(con, folder, name):
    (folder / "ed.csv").rename(folder / f"{name}.csv")
    (folder / "list1.csv").write_text("record_id,surname\nZ,Zed\n", encoding="utf-8")
    read_records(con, folder, "gp")
    counts = dict(con.execute("SELECT source, count(*) FROM record GROUP BY ALL").fetchall())
    assert counts == {name: 2, "gp": 1, "list1": 1}


def test_what_programs_leave_beside_files_is_no_source(con, folder):
    (folder / "._ed.csv").write_bytes(b"\x00\x05\x16")
    (folder / "~$gp.csv").write_bytes(b"lock")
    (folder / "notes.txt").write_text("x", encoding="utf-8")
    assert [s.name for s in read_records(con, folder, "gp")] == ["ed", "gp"]


def test_the_folder_needs_a_spine_and_something_to_link_to_it(con, folder, tmp_path):
    with pytest.raises(InputError, match=r"no file hospital\.csv or hospital\.parquet.*It has ed, gp; .*--spine"):
        read_records(con, folder, "hospital")
    with pytest.raises(InputError, match="No folder"):
        read_records(con, tmp_path / "nowhere", "gp")
    pd.read_csv(folder / "ed.csv").to_parquet(folder / "ed.parquet")
    with pytest.raises(InputError, match="ed both as CSV and as Parquet"):
        read_records(con, folder, "gp")
    (folder / "ed.csv").unlink()
    (folder / "ed.parquet").unlink()
    assert [s.name for s in read_records(con, folder, "gp")] == ["gp"]  # to be deduplicated
    assert [s.name for s in read_records(con, folder, "gp", spine_alone=True)] == ["gp"]


def test_one_list_is_read_alone(con, folder):
    assert read_list(con, folder / "ed.csv").records == 2
    with pytest.raises(InputError, match="no CSV or Parquet file"):
        read_list(con, folder / "none.csv")
