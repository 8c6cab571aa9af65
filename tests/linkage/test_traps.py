"""The traps of linkage, all in one set of records: each record has its true person.

Every record names its person by the first letters of its id: `TWIN-A.2` is the
second record of the person TWIN-A. Records of one person that should stay
apart, for want of evidence, are given names of their own.
"""

from collections import defaultdict

import pandas as pd
import pytest

from phm_utils.linkage.standalone import Request, link_folder
from phm_utils.privacy.pseudonyms import demo_key

SCENES: list[dict[str, list[dict]]] = []


def nhs(stem: int) -> str:
    """The valid number of the test range whose nine first digits are 999, then `stem`."""
    digits = f"999{stem:06d}"
    check = (11 - sum(int(d) * w for d, w in zip(digits, range(10, 1, -1), strict=True)) % 11) % 11
    assert check < 10, "take another stem"
    return f"{digits}{check}"


def scene(**sources: list[dict]) -> None:
    """Add records to what is linked; source by source."""
    SCENES.append(sources)


def person(record_id, forename, surname, born, sex="F", postcode=None, uprn=None, nhs_number=None):
    return {
        "record_id": record_id, "nhs_number": nhs_number, "forename": forename, "surname": surname,
        "date_of_birth": born, "sex": sex, "postcode": postcode, "uprn": uprn,
    }  # fmt: skip


@pytest.fixture(scope="module")
def found(tmp_path_factory) -> dict[str, tuple[str, str]]:
    """Of every record its person's pseudonym and how it was linked, after one linkage of all scenes."""
    folder = tmp_path_factory.mktemp("traps")
    (folder / "in").mkdir()
    rows = defaultdict(list)
    for sources in SCENES:
        for source, records in sources.items():
            rows[source] += records
    for source, records in rows.items():
        pd.DataFrame(records).to_csv(folder / "in" / f"{source}.csv", index=False)
    link_folder(Request(folder / "in", folder / "index.parquet", demo_key(1), "population_health_management"))
    index = pd.read_parquet(folder / "index.parquet")
    assert len(index) == sum(map(len, rows.values()))
    return {row.record_id: (row.person_id, row.method) for row in index.itertuples()}


def one_person(found, *records) -> bool:
    return len({found[record][0] for record in records}) == 1


def all_apart(found, *records) -> bool:
    return len({found[record][0] for record in records}) == len(records)


def on_the_spine(found, record) -> bool:
    """Does any GP record have this record's person?"""
    spine = {r["record_id"] for sources in SCENES for r in sources.get("gp", [])}
    return any(found[other][0] == found[record][0] for other in spine)


# Twins: all but the forename is the same, and one has the other's number on a hospital record.
TOM = person("TOM.1", "Tom", "Ashdown", "2011-03-04", "M", "ZA1 1AA", "101", nhs(101))
TIM = person("TIM.1", "Tim", "Ashdown", "2011-03-04", "M", "ZA1 1AA", "101", nhs(102))
scene(
    gp=[TOM, TIM],
    hospital=[
        {**TOM, "record_id": "TOM.2", "nhs_number": nhs(102)},
        {**TIM, "record_id": "TIM.2"},
        {**TIM, "record_id": "TIM.3", "nhs_number": None},
    ],
    voluntary=[{**TOM, "record_id": "TOM.3", "nhs_number": None, "sex": None, "postcode": "ZA1 1AB"}],
)


def test_twins_are_distinguished_even_with_the_others_number(found):
    assert one_person(found, "TOM.1", "TOM.2", "TOM.3")
    assert one_person(found, "TIM.1", "TIM.2", "TIM.3")
    assert all_apart(found, "TOM.1", "TIM.1")


# A twin who is on no practice's list, with a number of her own, without, and with her sister's.
IDA = person("IDA.1", "Ida", "Bramhall", "1987-11-30", "F", "ZA1 2BB", "102", nhs(103))
scene(
    gp=[IDA],
    hospital=[{**IDA, "record_id": "EVA.1", "forename": "Eva", "nhs_number": None}],
    voluntary=[{**IDA, "record_id": "EVA.2", "forename": "Eva", "nhs_number": None, "uprn": None}],
    community=[{**IDA, "record_id": "EVA.3", "forename": "Eva", "nhs_number": nhs(104)}],
)


def test_a_twin_absent_from_the_list_is_not_her_sister(found):
    assert not on_the_spine(found, "EVA.1")
    assert one_person(found, "EVA.1", "EVA.2", "EVA.3")


# Newborn twins, whom the hospital calls BABY: one has her number, the other has none yet and could be either.
scene(
    gp=[
        person("ANN.1", "Ann", "Colby", "2024-06-01", "F", "ZA1 3CC", "103", nhs(105)),
        person("AMY.1", "Amy", "Colby", "2024-06-01", "F", "ZA1 3CC", "103", nhs(106)),
    ],
    hospital=[
        person("ANN.2", "BABY", "Dacre", "2024-06-01", "F", "ZA9 9ZZ", None, nhs(105)),
        person("EITHER.1", "TWIN TWO", "Colby", "2024-06-01", "F", "ZA1 3CC", "103"),
    ],
)


def test_unnamed_newborn_twins_join_by_number_and_else_nobody(found):
    assert one_person(found, "ANN.1", "ANN.2")
    assert all_apart(found, "ANN.1", "AMY.1", "EITHER.1")


# Father and son of one name at one address; of another pair the son is on no list.
JOHN = person("JOHN.1", "John", "Egerton", "1950-02-03", "M", "ZA1 4DD", "104", nhs(107))
PAUL = person("PAUL.1", "Paul", "Fenwick", "1948-07-21", "M", "ZA1 5EE", "105", nhs(110))
scene(
    gp=[JOHN, {**JOHN, "record_id": "SON.1", "date_of_birth": "1984-09-12", "nhs_number": nhs(108)}, PAUL],
    hospital=[
        {**JOHN, "record_id": "JOHN.2", "nhs_number": None},
        {**JOHN, "record_id": "SON.2", "date_of_birth": "1984-09-12", "nhs_number": None},
        {**JOHN, "record_id": "SON.3", "date_of_birth": "1984-09-12"},  # with his father's number
        {**PAUL, "record_id": "HIS-SON.1", "date_of_birth": "1979-12-05", "nhs_number": None},
    ],
    voluntary=[{**JOHN, "record_id": "NO-DATE.1", "date_of_birth": None, "nhs_number": None}],
)


def test_father_and_son_of_one_name_stay_two(found):
    assert one_person(found, "JOHN.1", "JOHN.2")
    assert one_person(found, "SON.1", "SON.2", "SON.3")
    assert all_apart(found, "JOHN.1", "SON.1", "NO-DATE.1")
    assert not on_the_spine(found, "HIS-SON.1")


# Two of one name and birthday, at two addresses; a record that gives neither address nor number could be either.
NAMESAKE = person("HERE.1", "Mohammed", "Khan", "1990-01-01", "M", "ZA2 1AA", "201", nhs(120))
scene(
    gp=[NAMESAKE, {**NAMESAKE, "record_id": "THERE.1", "postcode": "ZB7 7QQ", "uprn": "202", "nhs_number": nhs(111)}],
    hospital=[
        {**NAMESAKE, "record_id": "HERE.2", "nhs_number": None},
        {**NAMESAKE, "record_id": "THERE.2", "nhs_number": None, "postcode": "ZB7 7QQ", "uprn": None},
        {**NAMESAKE, "record_id": "WHICH.1", "nhs_number": None, "postcode": None, "uprn": None},
    ],
)


def test_namesakes_with_one_birthday_are_distinguished_by_address_or_not_at_all(found):
    assert one_person(found, "HERE.1", "HERE.2")
    assert one_person(found, "THERE.1", "THERE.2")
    assert all_apart(found, "HERE.1", "THERE.1", "WHICH.1")


# A hospital record with another person's number, or the parent's, and an unregistered person with another's.
MUM = person("MUM.1", "Helen", "Garside", "1985-04-09", "F", "ZA2 3CC", "203", nhs(113))
GIRL = person("GIRL.1", "Lucy", "Garside", "2015-08-19", "F", "ZA2 3CC", "203", nhs(114))
scene(
    gp=[MUM, GIRL],
    hospital=[
        {**GIRL, "record_id": "GIRL.2", "nhs_number": nhs(113)},
        {**MUM, "record_id": "MUM.2", "nhs_number": nhs(120)},
        person("VISITOR.1", "Piotr", "Wrona", "1971-10-02", "M", "ZC1 1AA", "999", nhs(113)),
    ],
)


def test_a_wrong_number_gives_nobody_away(found):
    assert one_person(found, "GIRL.1", "GIRL.2")
    assert one_person(found, "MUM.1", "MUM.2")
    assert all_apart(found, "MUM.1", "GIRL.1", "HERE.1", "VISITOR.1")
    assert not on_the_spine(found, "VISITOR.1")


# Placeholders for names, dates, postcodes and numbers are equal in many people, and say nothing.
NOBODY = person("NOBODY.1", "UNKNOWN", "UNKNOWN", "1900-01-01", "M", "ZZ99 3VZ", None, "0000000000")
scene(
    gp=[{**NOBODY, "record_id": "NOBODY.0", "nhs_number": nhs(115)}],
    hospital=[
        NOBODY,
        {**NOBODY, "record_id": "NOBODY.2"},
        {**NOBODY, "record_id": "NOBODY.3", "nhs_number": "9999999999", "forename": "XX", "surname": "Not Known"},
        {**NOBODY, "record_id": "JANE.1", "forename": "Jane", "surname": "Doe"},
    ],
    voluntary=[
        {**NOBODY, "record_id": "NOBODY.4"},
        {**NOBODY, "record_id": "JANE.2", "forename": "Jane", "surname": "Doe"},
    ],
)


def test_placeholders_join_nobody_not_even_equal_rows(found):
    assert all_apart(found, *(f"NOBODY.{n}" for n in range(5)))
    assert all_apart(found, "JANE.1", "JANE.2")  # a name alone, without birthday or address
    assert found["NOBODY.1"][1] == found["NOBODY.2"][1] == "no usable identifier"


# Married and moved: with her number she is herself; without, nothing but forename and birthday is left.
BRIDE = person("BRIDE.1", "Susan", "Heywood", "1992-02-14", "F", "ZA3 1AA", "301", nhs(116))
MOVED = {"surname": "Ilkley", "postcode": "ZB3 3XX", "uprn": "302"}
scene(
    gp=[BRIDE],
    hospital=[
        {**BRIDE, "record_id": "BRIDE.2", **MOVED},
        {**BRIDE, "record_id": "BRIDE.3", "surname": "Ilkley", "nhs_number": None},
    ],
    voluntary=[{**BRIDE, "record_id": "OTHER.1", **MOVED, "nhs_number": None}],
)


def test_who_married_and_moved_is_known_by_number_or_by_half_of_it(found):
    assert one_person(found, "BRIDE.1", "BRIDE.2", "BRIDE.3")
    assert not on_the_spine(found, "OTHER.1")


# A care home: 40 residents at one address, born within twenty years, on lists without NHS numbers.
FORENAMES = ["Edith", "Harold", "Doris", "Arthur", "Elsie", "Ernest", "Ivy", "Stanley", "Hilda", "Walter"]
SURNAMES = ["Jarvis", "Kendal", "Lomax", "Marsden"]
HOME = [
    person(
        f"HOME{n}.1", FORENAMES[n % 10], SURNAMES[n // 10], f"19{25 + n % 20}-{1 + n % 12:02d}-{1 + n % 28:02d}",
        "FM"[n % 10 % 2], "ZA4 4HH", "400", nhs(20_004 + 1_100 * n),
    )
    for n in range(40)
    if (n % 10, n // 10) != (0, 0)
]  # fmt: skip
scene(
    gp=HOME,
    social_care=[{**r, "record_id": r["record_id"].replace(".1", ".2"), "nhs_number": None} for r in HOME],
    voluntary=[
        {
            **r,
            "record_id": r["record_id"].replace(".1", ".3"),
            "nhs_number": None,
            "forename": r["forename"][0],
            "sex": None,
        }
        for r in HOME
    ]
    + [person("NEW.1", "Edith", "Jarvis", "1931-05-06", "F", "ZA4 4HH", "400")],
)


def test_forty_residents_of_a_care_home_stay_forty(found):
    names = [r["record_id"].removesuffix(".1") for r in HOME]
    assert all_apart(found, *(f"{name}.1" for name in names))
    assert [name for name in names if not one_person(found, f"{name}.1", f"{name}.2", f"{name}.3")] == []
    assert not on_the_spine(found, "NEW.1")


# Somebody on no practice's list, in three sources, each with something else wrong.
GUEST = person("GUEST.1", "Oluwaseun", "Adebayo", "1996-07-17", "M", "ZA5 5GG", "501", nhs(117))
scene(
    hospital=[GUEST, {**GUEST, "record_id": "GUEST.2", "nhs_number": None, "surname": "Adebeyo"}],
    voluntary=[{**GUEST, "record_id": "GUEST.3", "nhs_number": None, "sex": None}],
    social_care=[{**GUEST, "record_id": "GUEST.4", "nhs_number": None, "uprn": None, "forename": "Seun"}],
    community=[{**GUEST, "record_id": "COUSIN.1", "nhs_number": nhs(118), "date_of_birth": "1999-01-25"}],
)


def test_somebody_on_no_list_is_one_person_in_three_sources(found):
    assert one_person(found, "GUEST.1", "GUEST.2", "GUEST.3", "GUEST.4")
    assert all_apart(found, "GUEST.1", "COUSIN.1")
    assert not on_the_spine(found, "GUEST.1")


# Twins on no list, without numbers, in two sources each; and a third record that names neither of them.
LEO = person("LEO.1", "Leo", "Nadir", "2008-12-24", "M", "ZA6 6LL", "601")
scene(
    hospital=[LEO, {**LEO, "record_id": "MAX.1", "forename": "Max"}, {**LEO, "record_id": "ONE.1", "forename": None}],
    voluntary=[
        {**LEO, "record_id": "LEO.2", "uprn": None},
        {**LEO, "record_id": "MAX.2", "forename": "Max", "uprn": None},
    ],
)


def test_twins_on_no_list_stay_two_and_whoever_could_be_either_joins_neither(found):
    assert one_person(found, "LEO.1", "LEO.2")
    assert one_person(found, "MAX.1", "MAX.2")
    assert all_apart(found, "LEO.1", "MAX.1", "ONE.1")


# A family of whom some opted out (Type 1): they are absent from the GP extract, and present elsewhere.
WIFE = person("WIFE.1", "Karen", "Oakley", "1976-03-08", "F", "ZA7 7OO", "701", nhs(119))
HUSBAND = person("HUSBAND.1", "Kevin", "Oakley", "1976-08-03", "M", "ZA7 7OO", "701", nhs(121))
SISTER = {**WIFE, "record_id": "SISTER.1", "forename": "Carol", "date_of_birth": "1978-03-08", "nhs_number": nhs(122)}
scene(
    gp=[WIFE],
    hospital=[HUSBAND, SISTER],
    social_care=[{**HUSBAND, "record_id": "HUSBAND.2", "nhs_number": None}],
    voluntary=[{**SISTER, "record_id": "SISTER.2", "nhs_number": None, "sex": None}],
)


def test_who_opted_out_attaches_to_nobody_of_the_extract(found):
    assert not any(on_the_spine(found, record) for record in ("HUSBAND.1", "HUSBAND.2", "SISTER.1", "SISTER.2"))
    assert one_person(found, "HUSBAND.1", "HUSBAND.2")
    assert one_person(found, "SISTER.1", "SISTER.2")


# Two registrations alike in all but their numbers are two; a third record without a number could be either.
SAME = person("SAME.1", "Grace", "Prescott", "2001-09-09", "F", "ZA8 8PP", "801", nhs(123))
scene(
    gp=[SAME, {**SAME, "record_id": "ALIKE.1", "nhs_number": nhs(124)}],
    hospital=[
        {**SAME, "record_id": "SAME.2"},
        {**SAME, "record_id": "ALIKE.2", "nhs_number": nhs(124)},
        {**SAME, "record_id": "BOTH.1", "nhs_number": None},
    ],
)


def test_two_verified_numbers_are_two_people_even_if_all_else_is_equal(found):
    assert one_person(found, "SAME.1", "SAME.2")
    assert one_person(found, "ALIKE.1", "ALIKE.2")
    assert all_apart(found, "SAME.1", "ALIKE.1", "BOTH.1")


# The same person in other letters, with names in one field of a row, and with a number that a spreadsheet spoilt.
SIAN = person("SIAN.1", "Siân", "O’Brien", "1969-06-30", "F", "ZA9 1SS", "901", nhs(125))
LUKASZ = person("LUKASZ.1", "Łukasz", "Groß", "1983-10-11", "M", "ZA9 2SS", "902", nhs(127))
scene(
    gp=[SIAN, LUKASZ],
    hospital=[
        {**SIAN, "record_id": "SIAN.2", "forename": "SIAN", "surname": "OBRIEN", "nhs_number": f"{nhs(125)}.0"},
        {**LUKASZ, "record_id": "LUKASZ.2", "forename": "Lukasz", "surname": "GROSS", "nhs_number": None},
    ],
    voluntary=[
        {**SIAN, "record_id": "SIAN.3", "forename": None, "surname": "O'Brien, Siân", "nhs_number": "9.99E+09"},
        {**SIAN, "record_id": "SIAN.4", "forename": "Siân O'Brien", "surname": None, "nhs_number": None, "uprn": None},
        {**SIAN, "record_id": "SIAN.5", "forename": None, "surname": "Sian O'Brien", "nhs_number": None},
    ],
)


def test_letters_of_other_alphabets_and_names_in_one_field_are_no_hindrance(found):
    assert one_person(found, *(f"SIAN.{n}" for n in range(1, 6)))
    assert one_person(found, "LUKASZ.1", "LUKASZ.2")
