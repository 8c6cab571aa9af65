"""Every file below a landing folder is read, or named."""

import gzip

import pandas as pd
import pytest

from phm_utils.errors import InputError
from phm_utils.inputs.check_report import report
from phm_utils.inputs.landing_files import present_tables, unread_files
from phm_utils.inputs.mapping import Mapping, TableMapping


def files_of(landing, table="gp_event", mapping=None):
    """The files of a table, below the landing folder, and what is wrong."""
    found, faults = present_tables(landing.workbook(), mapping or Mapping())
    return [path.relative_to(landing.folder).as_posix() for path in found.get(table, [])], faults


def put_all(landing, *names):
    for name in names:
        path = landing.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(b"x"))


def unread(landing):
    found, _ = present_tables(landing.workbook(), Mapping())
    return list(unread_files(landing.workbook(), found).itertuples(index=False, name=None))


@pytest.mark.parametrize("name", ["GP_EVENT.csv", "Gp_Event.CSV", "gp_event.Parquet", "GP_EVENT/a.csv"])
def test_capitals_do_not_matter(landing, name):
    put_all(landing, name)
    assert files_of(landing) == ([name], [])


def test_a_folder_that_spark_wrote_is_a_table(small, rows):
    folder = small.folder / "gp_event.parquet"
    folder.mkdir()
    for name in ("e1", "e2"):
        pd.DataFrame([rows["gp_event"] | {"event_id": name}]).to_parquet(folder / f"part-{name}.parquet")
    put_all(small, "gp_event.parquet/_SUCCESS", "gp_event.parquet/.part-e1.parquet.crc", "notes/README.md")
    store = small.checked()
    assert sorted(store.read("gp_event")["event_id"]) == ["e1", "e2"]
    assert [line for line in report(store).splitlines() if "not read" in line] == ["not read: notes/README.md"]


@pytest.mark.parametrize("beside", ["U2.csv.gz", "U2.xlsx", "2024/U2.csv", "U2"])
def test_what_cannot_be_read_in_the_folder_of_a_table_is_refused_by_name(landing, beside):
    put_all(landing, "gp_event/U1.csv", f"gp_event/{beside}")
    _, [fault] = files_of(landing)
    first = beside.partition("/")[0]
    assert fault.startswith(f"gp_event: 1 of 2 in the folder gp_event cannot be read (first: {first}).")


@pytest.mark.parametrize(
    "name", ["gp_event_2024.csv", "gp_events.csv", "gp-event.csv.gz", "GP EVENT.xlsx", "more/gp_event.csv"]
)
def test_a_data_file_with_a_name_like_a_table_is_known(landing, name):
    put_all(landing, "gp_event.csv", name)
    assert unread(landing) == [(name, "gp_event")]


def test_other_files_are_of_no_table_and_marks_of_systems_are_passed_over(landing):
    put_all(landing, "gp_event.md", "minutes.docx", "trust/costs.csv", ".DS_Store", "Thumbs.db", "practice_areas.pdf")
    named = ["gp_event.md", "minutes.docx", "practice_areas.pdf", "trust/costs.csv"]
    assert unread(landing) == [(name, "") for name in named]


def test_a_part_of_a_table_that_is_not_read_stops_until_it_is_accepted(small, rows):
    small.put("gp_event", rows["gp_event"])
    put_all(small, "gp_event_2024.csv")
    with pytest.raises(InputError, match=r"- gp_event:not_read: files with a name like it .*: gp_event_2024.csv"):
        small.checked()
    store = small.checked(small.workbook(accept=("gp_event:not_read",)))
    assert "not read: gp_event_2024.csv" in report(store).splitlines()


@pytest.mark.parametrize("pattern", ["/etc/*.csv", "../*.csv", "**x/*.csv", ".", "./"])
def test_a_pattern_of_the_mapping_stays_below_the_landing_folder(landing, pattern):
    _, [fault] = files_of(landing, mapping=Mapping(tables={"gp_event": TableMapping(files=pattern)}))
    assert fault.startswith("gp_event: ")


def test_a_pattern_of_the_mapping_may_name_a_folder(landing):
    put_all(landing, "sus/2024/a.csv", "sus/2024/b.csv")
    mapping = Mapping(tables={"gp_event": TableMapping(files="sus/2*")})
    assert files_of(landing, mapping=mapping) == (["sus/2024/a.csv", "sus/2024/b.csv"], [])
