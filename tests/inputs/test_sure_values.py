"""The short cut for sure values gives what all the rules give."""

from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from phm_utils import engine
from phm_utils.inputs.extract import Extract
from phm_utils.inputs.fields import Field
from phm_utils.inputs.landing import open_file
from phm_utils.inputs.mapping import TableMapping
from phm_utils.tables import TABLES

TEXTS = st.one_of(
    st.none(),
    st.text("aZ9é- \t\n\f.", max_size=8),
    st.sampled_from([
        *("1", " 1", "1 ", "9", "X", "null", "NULL", "-", "", "unknown", "A99001", "a99001", " A99001 "),
        *("V81999", "v81999"),
        *("E01000001", "e01000001", "E99999999", "44054006", "44054007", "token-1", "token 1", "x" * 64, "x" * 65),
        *("x" * 256, "é" * 64, "é" * 200, "theirs"),
        *("2024-06-01", "01/06/2024", "1900-01-01", "1582-10-15", "2300-01-01", "never"),
        *("true", "no", "3", "3.0", "1e3", "nan", "-1", "200", "I50.0", "i500"),
    ]),
)  # fmt: skip
DAYS = st.one_of(st.none(), st.dates(date(1500, 1, 1), date(2400, 1, 1)), st.just(date(1900, 1, 1)))
WHOLE = st.one_of(st.none(), st.integers(-(10**17), 10**17), st.integers(-5, 300))
REAL = st.one_of(st.none(), st.floats(), st.integers(0, 300).map(float))
KINDS = {"text": pa.string(), "day": pa.date32(), "whole": pa.int64(), "real": pa.float64()}
VALUES = {"text": TEXTS, "day": DAYS, "whole": WHOLE, "real": REAL}
COLUMNS = {
    "gp_registration": ("token_person_id", "sex", "birth_month", "lsoa", "practice_code", "ethnicity"),
    "gp_event": ("event_id", "token_person_id", "event_date", "snomed_code", "value_num", "unit", "practice_code"),
    "apc_episode": ("epikey", "diag_01", "epiorder", "admidate", "spell_id", "procode"),
}  # fmt: skip
MAPPINGS = (
    TableMapping(),
    TableMapping(values={"sex": {"theirs": "1", "1": "2"}}, nulls={"sex": ("9",), "unit": ("unknown",)}),
)


@st.composite
def extracts(draw):
    """A table of the extract, the types of its columns in a file, and some rows."""
    table = draw(st.sampled_from(sorted(COLUMNS)))
    kinds = {name: draw(st.sampled_from(sorted(KINDS))) for name in COLUMNS[table]}
    rows = draw(st.lists(st.fixed_dictionaries({n: VALUES[k] for n, k in kinds.items()}), min_size=1, max_size=12))
    return table, kinds, rows, draw(st.sampled_from(MAPPINGS))


@settings(max_examples=20, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(extracts())
def test_a_sure_value_is_what_all_the_rules_give(folder_of_files, drawn):
    name, kinds, rows, mapping = drawn
    path = folder_of_files / "rows.parquet"
    absent = [c.name for c in TABLES[name].for_form("pseudonymised") if not c.optional and c.name not in kinds]
    schema = pa.schema([(n, KINDS[k]) for n, k in kinds.items()] + [(n, pa.string()) for n in absent])
    pq.write_table(pa.Table.from_pylist([dict.fromkeys(absent) | row for row in rows], schema), path)
    with engine.session(folder_of_files / "spill") as con:
        file = open_file(con, TABLES[name], path, mapping, "pseudonymised")
        extract = Extract(TABLES[name], [file], mapping, "pseudonymised", date(2025, 5, 1), False)
        with engine.distrusted_statistics(con), pytest.MonkeyPatch.context() as patch:
            extract.list_valid_values(con)
            quick = con.execute(f"SELECT * FROM ({extract.rows_sql(file)}) ORDER BY ALL").fetchall()
            patch.setattr(Field, "sure", lambda self: None)
            slow = con.execute(f"SELECT * FROM ({extract.rows_sql(file)}) ORDER BY ALL").fetchall()
    assert repr(quick) == repr(slow)  # as text: a number that is not a number equals itself


@pytest.fixture(scope="module")
def folder_of_files(tmp_path_factory):
    return tmp_path_factory.mktemp("sure")
