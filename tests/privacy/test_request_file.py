"""A request on disk: what it holds, that it is its owner's alone, and that one which was changed is refused."""

import json
import os
from datetime import date

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phm_utils.errors import InputError
from phm_utils.privacy import request_file
from phm_utils.privacy.request_file import (
    RequestHead,
    new_request,
    read_request,
    references,
    requests_of,
    write_request,
)

PEOPLE = pd.DataFrame({"token": ["t1", "t2", "t3"], "practice_code": ["A99001", "A99001", "A99002"]})
FIELDS = {
    "request": "R-20250106-7K2M9Q", "made": "2025-01-06", "expires": "2025-01-20", "synthetic": True, "run": "tiny",
    "index_date": "2024-12-31", "data_to": "2024-12-31", "role": "practice", "purpose": "direct_care",
    "requester": "Practice manager", "recipient": "Elm Surgery", "agreement": "A1", "cohort": "frequent_ed_attenders",
    "version": "0f3a", "title": "People to call", "reason": "Seven or more attendances",
    "practices": ("A99001", "A99002"), "fields": ("nhs_number",), "checks": ("registered",),
}  # fmt: skip


def head(**changes) -> RequestHead:
    return RequestHead.model_validate(FIELDS | changes)


def test_a_request_is_read_as_it_was_written(tmp_path):
    written = write_request(tmp_path / "requests", head(), PEOPLE)
    [read] = requests_of(tmp_path / "requests")
    assert read == written == read_request(tmp_path / "requests" / "R-20250106-7K2M9Q")
    assert read.head.people == 3
    assert read.head.model_dump(exclude={"people", "people_sha256"}) == head().model_dump(
        exclude={"people", "people_sha256"}
    )
    people = read.people()
    assert sorted(people["token"]) == ["t1", "t2", "t3"]
    assert people["reference"].is_monotonic_increasing
    assert list(people) == ["reference", "token", "practice_code"]


def test_the_files_have_the_documented_names(tmp_path):
    made = write_request(tmp_path / "requests", head(), PEOPLE)
    assert sorted(path.name for path in made.path.iterdir()) == ["people.csv", "request.json"]
    content = json.loads((made.path / "request.json").read_text())
    assert content["format"] == "phm re-identification request 1"
    assert content["expires"] == "2025-01-20"
    lines = (made.path / "people.csv").read_text().splitlines()
    assert lines[0] == "reference,token,practice_code,reason,expires"
    assert all(line.endswith(",Seven or more attendances,2025-01-20") for line in lines[1:])


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps no modes")
def test_the_files_are_their_owners_alone(tmp_path):
    made = write_request(tmp_path / "requests", head(), PEOPLE)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (made.path.parent, made.path, *made.path.iterdir())}
    assert set(modes.values()) == {0o700, 0o600}
    assert modes["people.csv"] == modes["request.json"] == 0o600


def test_a_changed_file_of_people_is_refused(tmp_path):
    made = write_request(tmp_path / "requests", head(), PEOPLE)
    path = made.path / "people.csv"
    path.write_text(path.read_text().replace("t3", "t4"))
    with pytest.raises(InputError, match="R-20250106-7K2M9Q is not as it was written"):
        made.people()
    path.unlink()
    with pytest.raises(InputError, match=r"cannot be read \(No such file"):
        made.people()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"format": "another"}, "not of the format `phm re-identification request 1`"),
        ({"expires": "2025-01-21"}, "14 days after `made`"),
        ({"expires": "2025-01-05"}, "14 days after `made`"),
        ({"made": "2025-01-07"}, "R-20250107- and six digits"),
        ({"made": 1736121600}, "a day such as"),
        ({"request": "R-20250106-7K2M9U"}, "R-20250106- and six digits"),
        ({"practices": []}, "practices"),
        ({"reason": "=cmd()"}, "run it as a formula"),
        ({"more": "1"}, "more"),
    ],
)  # fmt: skip
def test_a_head_that_was_changed_is_refused(tmp_path, changes, words):
    made = write_request(tmp_path / "requests", head(), PEOPLE)
    path = made.path / "request.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    with pytest.raises(InputError, match=words):
        read_request(made.path)


def test_a_request_in_another_ones_folder_is_refused(tmp_path):
    made = write_request(tmp_path / "requests", head(), PEOPLE)
    made.path.rename(made.path.parent / "R-20250106-000000")
    with pytest.raises(InputError, match="The folder R-20250106-000000 holds the request R-20250106-7K2M9Q"):
        requests_of(tmp_path / "requests")


def test_nothing_is_written_over_or_of_a_practice_that_is_not_named(tmp_path):
    write_request(tmp_path / "requests", head(), PEOPLE)
    with pytest.raises(InputError, match="There is a request R-20250106-7K2M9Q already"):
        write_request(tmp_path / "requests", head(), PEOPLE)
    with pytest.raises(InputError, match="does not name the practice A99002"):
        write_request(tmp_path / "other", head(practices=("A99001",)), PEOPLE)
    with pytest.raises(InputError, match="1 of 3 stand twice"):
        write_request(tmp_path / "other", head(), PEOPLE.assign(token=["t1", "t1", "t2"]))
    assert requests_of(tmp_path / "other") == []


def test_a_request_that_could_not_be_finished_leaves_nothing(tmp_path, monkeypatch):
    def full(path, content):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(request_file, "_write", full)
    with pytest.raises(Exception, match="is full"):
        write_request(tmp_path / "requests", head(), PEOPLE)
    assert list((tmp_path / "requests").iterdir()) == []


def test_references_of_two_requests_have_nothing_in_common_and_follow_from_nothing_else():
    tokens = pd.Series([f"token {n}" for n in range(2_000)])
    first, second = references("R-20250106-7K2M9Q", tokens), references("R-20250106-7K2M9R", tokens)
    assert not set(first) & set(second)
    again = references("R-20250106-7K2M9Q", tokens.sample(frac=1, random_state=1))
    assert again.sort_index().tolist() == first.tolist()


TEXTS = st.text(min_size=1, max_size=20).filter(lambda text: "\0" not in text and text.isprintable())


@given(st.sets(TEXTS, max_size=20))
def test_a_reference_has_twelve_digits_that_can_be_read_aloud(tokens):
    made = references("R-20250106-7K2M9Q", pd.Series(sorted(tokens), dtype="str"))
    assert made.str.fullmatch(request_file.REFERENCE.pattern).all()
    assert made.nunique() == len(tokens)


def test_new_requests_differ():
    made = {new_request(date(2025, 1, 6)) for _ in range(100)}
    assert len(made) == 100
    assert all(request_file.REQUEST_ID.fullmatch(request) for request in made)
