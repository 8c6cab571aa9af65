"""Lines of a CSV, counted and told apart without a CSV reader."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phm_utils.engine.csv_lines import BLOCK, count_lines, lines_of, refuse_line_breaks
from phm_utils.errors import InputError


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return tmp_path_factory.mktemp("lines") / "rows.csv"


def whole(file, text, delimiter=","):
    file.write_bytes(text.encode())
    return [(line.text, line.whole) for line in lines_of(file, delimiter)]


@given(st.lists(st.sampled_from(["a", ",", "\n", "\r", "\r\n", "\n\n", " ", "é"]), max_size=30))
def test_lines_that_are_not_blank_are_counted_whatever_ends_them(file, parts):
    content = "".join(parts)
    file.write_bytes(content.encode())
    assert count_lines(file) == sum(line != "" for line in content.replace("\r", "\n").split("\n"))


def test_a_line_over_two_blocks_counts_once(file):
    file.write_bytes(b"a\n" + b"x" * (BLOCK + 7) + b"\nb")
    assert count_lines(file) == 3


def test_two_stray_marks_take_in_the_lines_between_them(file):
    text = 'a,b\n1,"2\n3,4\n5,6",7\n8,9\n'
    assert whole(file, text) == [("a,b", True), ('1,"2', False), ("3,4", False), ('5,6",7', False), ("8,9", True)]


@pytest.mark.parametrize(
    "line", ['1,2"x', '"1,2",3', '"a""b",c', ' "1,2" ,3', '"1"x,2', '""', '"""a"', "1,\t\"2", 'x"y"z,"1"']
)  # fmt: skip
def test_a_mark_that_opens_no_field_or_is_closed_leaves_a_line_whole(file, line):
    assert whole(file, f"{line}\nnext,1\n") == [(line, True), ("next,1", True)]


def test_the_delimiter_decides_where_a_field_begins(file):
    assert whole(file, '1;"2\n3;4";5', ";") == [('1;"2', False), ('3;4";5', False)]
    assert whole(file, '1;"2\n3;4";5', ",") == [('1;"2', True), ('3;4";5', True)]


def test_a_mark_that_is_never_closed_is_refused_with_its_line(file):
    file.write_text('a,b\n1,2\n3,"4\n5,6\n')
    with pytest.raises(InputError, match=r"rows.csv: a quotation mark in line 3 opens a field that is never closed"):
        list(lines_of(file))


def test_a_file_of_which_every_row_must_be_used_may_have_no_line_break_in_a_field(file):
    file.write_text('a,b\n1,"2\n3",4\n')
    with pytest.raises(InputError, match=r"rows.csv: 2 lines are parts .* \(first: line 2\)"):
        refuse_line_breaks(file)
    file.write_text('a,b\n1,"2,3"\n')
    refuse_line_breaks(file)


@given(
    st.lists(st.lists(st.text(st.sampled_from('ab ",\n'), max_size=6), min_size=2, max_size=3), min_size=1, max_size=6)
)
def test_what_a_csv_writer_writes_is_told_apart_row_by_row(file, rows):
    written = io.StringIO()
    csv.writer(written, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(rows)
    expected = []
    for row in rows:
        count = 1 + sum(field.count("\n") for field in row)
        expected += [count == 1] * count
    assert [is_whole for _, is_whole in whole(file, written.getvalue())] == expected


def test_a_long_hostile_line_costs_no_more_than_its_length(file):
    file.write_text('a,b\n"' + '"",' * 500_000 + "\n" + '"x' * 500_000 + '",1\n')
    assert sum(1 for _ in lines_of(file)) == 3
