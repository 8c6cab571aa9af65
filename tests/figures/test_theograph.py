"""A theograph: a row for each service, a mark for each contact, a bar for each stay."""

import pandas as pd

from phm_utils.figures.svg import encoded
from phm_utils.figures.theograph import theograph

BEGIN, END = pd.Timestamp("2022-03-31"), pd.Timestamp("2025-03-31")


def drawn(*rows: tuple[str, str, str]):
    frame = pd.DataFrame(rows, columns=["service", "first", "last"])
    frame = frame.assign(first=pd.to_datetime(frame["first"]), last=pd.to_datetime(frame["last"]))
    return theograph(frame, "service", "first", "last", begin=BEGIN, end=END)


ROWS = (
    ("GP appointment", "2024-05-01", "2024-05-01"),
    ("GP appointment", "2024-06-01", "2024-06-01"),
    ("Emergency admission", "2024-01-10", "2024-02-10"),
    ("Emergency admission", "2024-03-01", "2024-03-02"),
)


def test_services_stand_in_rows_in_their_order_over_all_of_the_time():
    [ax] = drawn(*ROWS).axes
    assert [label.get_text() for label in ax.get_yticklabels()] == ["GP appointment", "Emergency admission"]
    assert ax.get_xlim() == tuple(pd.Series([BEGIN, END]).map(lambda day: (day - pd.Timestamp("1970-01-01")).days))


def test_a_contact_is_a_mark_and_a_stay_is_a_bar_of_its_length():
    [ax] = drawn(*ROWS).axes
    marks = [points for points in ax.collections if len(points.get_offsets()) == 2]
    assert len(marks) == 1
    widths = [
        float(path.get_extents().width)
        for bars in ax.collections
        for path in bars.get_paths()
        if bars not in marks and len(bars.get_offsets()) <= 1 and path.vertices.shape[0] >= 4
    ]
    assert 31.0 in widths  # days
    assert 4.0 in widths  # a night is drawn as four days, to be seen


def test_it_is_the_same_picture_each_time_and_draws_names_as_they_are():
    rows = (("<b>$x$</b> & co", "2024-05-01", "2024-05-01"),)
    assert encoded(drawn(*rows)) == encoded(drawn(*rows))
