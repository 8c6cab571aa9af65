"""Files that people write: what YAML, JSON and CSV files are refused for, with file and line, and that all else is
read as it is written."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from phm_utils.errors import InputError
from phm_utils.json_files import load_json
from phm_utils.params import Frozen, load_yaml, validated
from phm_utils.rules.data_files import rows_of
from phm_utils.runs import project_root

REFUSED = {
    "a: 1\nb: 2\na: 3\n": "line 3: `a` stands in line 1 already",
    "a:\n - {b: 1, b: 1}\n": "line 2: `b` stands in line 2",
    "'a': 1\n\"a\": 2\n": "line 2: `a` stands",
    "a: &n {x: 1}\nb: {<<: *n, x: 2}\n": "line 2: `<<` is not read",
    "a: " + "[" * 5_000: "not readable YAML",
    "a: " + "[" * 41 + "]" * 41: "more than 40 levels",
    "a: " + "9" * 5_000: "line 1: a number of 5000 digits",
    "a: &a [*a]\n": "the alias `*a` stands within",
    "a: &a [l, l]\nb: &b [*a, *a]\nc: *b\n": "line 2: the alias `*a` stands within",
    "a: &a [" + "l," * 1_000 + "]\nb: [" + "*a," * 1_000 + "]\n": "more than 200,000 names and values",
    "a: !!python/object/apply:os.system [ls]\n": "line 1: a tag",
    "a: !!set {x, y}\n": "line 1: a tag",
    "a: 1\n---\na: 2\n": "line 2: a second document",
    "a: x\0y\n": "line 1: a NUL byte",
    "a: b\n# \u202e turned\n": "line 2: the character U+202E",
    'a: "\\x07"\n': "line 1: the character U+0007",
    "a:\n\tb: 1\n": "not readable YAML (line 2)",
    "1: a\n": "line 1: `1` is not read as text",
    "yes: a\n": "line 1: `yes` is not read as text",
    "? [a]\n: b\n": "is not read as text",
    "a: 2025-02-30\n": "line 1: there is no day `2025-02-30`",
    "a: .inf\n": "line 1: `.inf` is not a number",
    "a: .nan\n": "line 1: `.nan` is not a number",
    "a: 010\n": "`010` is not read as it is written",
    "a: 12:30\n": "`12:30` is not read as it is written",
    "- a\n": "not a list of `name: value`",
    "": "not a list of `name: value`",
}


@pytest.mark.parametrize("text", REFUSED, ids=[text[:20] for text in REFUSED])
def test_yaml_that_does_not_mean_what_it_shows_is_refused_with_file_and_line(tmp_path, text):
    (tmp_path / "own.yml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as error:
        load_yaml(tmp_path / "own.yml")
    assert str(error.value).startswith("own.yml")
    assert REFUSED[text] in str(error.value)
    assert len(str(error.value)) < 250


def test_files_that_are_no_text_are_refused(tmp_path):
    path = tmp_path / "own.yml"
    path.write_bytes("a: 1\n".encode("utf-16"))
    with pytest.raises(InputError, match=r"own\.yml is UTF-16"):
        load_yaml(path)
    path.write_bytes(b"a: 1\nb: caf\xe9\n")
    with pytest.raises(InputError, match=r"own\.yml, line 2: not UTF-8"):
        load_yaml(path)
    with path.open("wb") as file:
        file.truncate(50_000_000)
    with pytest.raises(InputError, match="has 50 MB"):
        load_yaml(path)
    with pytest.raises(InputError, match="is a folder"):
        load_yaml(tmp_path)


def test_what_means_one_thing_is_read(tmp_path):
    path = tmp_path / "own.yml"
    path.write_bytes(b"\xef\xbb\xbfa: &x [1, '010']\r\nb: *x\r\nc: 2025-03-31\r\nd: 1_000\r\ne: \xc2\xa3 5\r\n")
    assert load_yaml(path) == {"a": [1, "010"], "b": [1, "010"], "c": date(2025, 3, 31), "d": 1000, "e": "£ 5"}


@given(st.dictionaries(st.from_regex(r"\A[a-z]{1,8}\Z"), st.integers(-(2**62), 2**62), min_size=1))
def test_plain_lines_are_read_as_they_are(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "plain.yml"
    path.write_text("".join(f"'{name}': {number}\n" for name, number in content.items()))
    assert load_yaml(path) == content


def test_every_file_of_the_workbook_is_read():
    files = [*(project_root() / "parameters").rglob("*.yml")]
    assert len(files) > 10
    assert all(load_yaml(file) for file in files)


class Trial(Frozen):
    """Fields of each kind that pydantic reads too freely."""

    people: int = 8
    share: float = Field(0.5, gt=0)
    day: date | None = None
    synthetic: bool = True


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"people": True}, "people: Value error, a number is needed, not yes or no"),
        ({"share": False}, "share: Value error, a number is needed"),
        ({"share": "nan"}, "share: Input should be a finite number"),
        ({"day": 0}, "day: Value error, a day such as 2025-03-31"),
        ({"day": "1743379200"}, "day: Value error, a day such as 2025-03-31"),
    ],
)
def test_a_value_of_another_kind_is_refused(content, words):
    with pytest.raises(InputError, match=words):
        validated(Trial, content, "own.yml")


def test_a_value_of_its_kind_is_taken():
    found = validated(Trial, {"people": 5, "share": 1, "day": "2025-03-31", "synthetic": False}, "own.yml")
    assert found == Trial(people=5, share=1.0, day=date(2025, 3, 31), synthetic=False)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"a": 1,\n"b": }', "model.json, line 2: not readable JSON"),
        ('{"a": {"b": 1, "b": 2}}', "`b` stands twice"),
        ("[" * 100_000, "too deep"),
        ('{"a": ' + "9" * 5_000 + "}", "a number too long"),
        ("[]", "does not hold what such a file holds"),
        ('{"a": "\0"}', "a NUL byte"),
    ],
)
def test_json_that_was_edited_or_cut_short_is_refused(tmp_path, text, words):
    (tmp_path / "model.json").write_text(text)
    with pytest.raises(InputError, match=r"^model\.json") as error:
        load_json(tmp_path / "model.json", "Train it again.")
    assert words in str(error.value)
    assert str(error.value).endswith("Train it again." if "\0" not in text else "again.")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("code,code\nA,B\n", "the heading `code` twice"),
        ("code,title\nA,B,C\n", "line 2: 3 cells for 2 headings"),
        ("# note\ncode,title\nA,\u202eB\n", "line 3: the character U+202E"),
        ('code,title\nA,"B\n', "quotation mark is not closed"),
        ("code\nA\n", "lacks the columns title"),
        ("code,title\nA,\n", "line 2: no title"),
        ("code,title\nA,B\0\n", "line 2: a NUL byte"),
    ],
)
def test_rows_that_cannot_be_read_are_refused_with_their_line(tmp_path, text, words):
    (tmp_path / "own.csv").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"^own\.csv") as error:
        rows_of(tmp_path / "own.csv", "codes", ("code", "title"))
    assert words in str(error.value)


def test_no_module_reads_yaml_by_itself():
    readers = [p.name for p in Path("phm_utils").rglob("*.py") if "import yaml" in p.read_text(encoding="utf-8")]
    assert readers == ["yaml_files.py"]
