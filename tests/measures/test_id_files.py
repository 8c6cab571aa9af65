"""Files of people's pseudonyms: whose they are, and which are refused."""

import pytest
from rule_answers import make
from small_runs import IDS, small_run

from phm_utils.errors import InputError
from phm_utils.measures.id_files import read_ids


@pytest.fixture
def ids(tables, tmp_path):
    make(tables, small_run(1))

    def of(content: str | bytes, name: str = IDS) -> list[str]:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_ids(tables.con, str(path))["person_id"].tolist()

    return of


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("person_id\nperson-0000\nperson-9999\n", "1 of 2 pseudonyms in people.csv belong to nobody of this run"),
        ("person_id\nperson-0000\n person-0000\n", "people.csv names 1 of 2 people twice"),
        ("person\nperson-0000\n", "has no column `person_id`"),
        ("person_id\n", "names nobody"),
        ("person_id\n  \n\n", "names nobody"),
        ("", "Reading people.csv failed|names nobody|no column"),
        (b"person_id\n\xff\xfe\x00\n", "Reading people.csv failed|belong to nobody"),
        ("person_id,age\nperson-0000,3\nperson-0001,3,4,5\n", "Reading people.csv failed|no column"),
    ],
)
def test_a_file_of_other_people_is_refused_and_nobody_is_named(ids, content, words):
    with pytest.raises(InputError, match=words) as caught:
        ids(content)
    assert "person-" not in str(caught.value)


def test_a_file_of_people_may_have_other_columns_blanks_and_a_name_like_a_pattern(ids, tmp_path):
    (tmp_path / "list1.csv").write_text("person_id\nperson-0001\n", encoding="utf-8")
    assert ids("\ufeffperson_id,note\r\n person-0000 ,x\r\n", "list[1].csv") == ["person-0000"]


def test_a_file_of_people_that_is_absent_is_refused(tables, tmp_path):
    with pytest.raises(InputError, match=r"There is no file none\.csv"):
        read_ids(tables.con, str(tmp_path / "none.csv"))
