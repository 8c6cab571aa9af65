"""Releases of the published topic: public figures, unchanged."""

from collections.abc import Iterator

import duckdb
import pandas as pd

from phm_utils.engine import Model, read_sql
from phm_utils.params import Workbook
from phm_utils.privacy.release import AREA, PLACE, Column, Release, aggregate, count, counts, estimate, keys
from phm_utils.topics.published.practice_marks import LIST_GREW, marks
from phm_utils.wording import joined

# QOF registers by code. Another code is shown as it is.
REGISTERS = {
    "AF": "Atrial fibrillation",
    "AST": "Asthma",
    "CAN": "Cancer",
    "CHD": "Coronary heart disease",
    "CKD": "Chronic kidney disease",
    "COPD": "COPD",
    "DEM": "Dementia",
    "DEP": "Depression",
    "DM": "Diabetes",
    "EP": "Epilepsy",
    "HF": "Heart failure",
    "HYP": "Hypertension",
    "LD": "Learning disability",
    "MH": "Severe mental illness",
    "NDH": "Non-diabetic hyperglycaemia",
    "OB": "Obesity",
    "OST": "Osteoporosis",
    "PAD": "Peripheral arterial disease",
    "PC": "Palliative care",
    "RA": "Rheumatoid arthritis",
    "STIA": "Stroke or TIA",
}
RESIDENCES = (
    "In the ICB",  # its small areas in the files
    "Elsewhere in England",
    "In Wales",
    "In Scotland or Northern Ireland",
    "Address not placed",
)
NO_PCN = "No PCN"
FILES = {  # column of published_practice: input
    "in_practices": "practices",
    "in_registrations": "registrations",
    "in_qof_counts": "qof_counts",
    "in_qof_fractions": "qof_fractions",
}


def _published(name: str, title: str, *columns: Column, may_be_empty: bool = False) -> Release:
    """A release of figures that are public already."""
    return Release(name, title, (AREA, *columns), published=True, may_be_empty=may_be_empty)


REGISTER = _published(
    "published_register",
    "People on QOF registers, one row per practice and register",
    *keys("register_code", "practice_code", "register_name", "list_age", "practice_name", "pcn_code", "mark"),
    *(*counts("register", "list_size"), estimate("next_year_share", "register")),
)
PREVALENCE = _published(
    "published_prevalence",
    "People on QOF registers, PCNs and all practices in the files; practices whose count is suppressed are left out",
    *keys("register_code", "unit_code", "register_name", "list_age", "unit_name", "mark"),
    *counts("register", "list_size", "practices"),
)
PRACTICE = _published(
    "published_practice",
    "Deprivation of each practice's registered patients (IMD 2019)",
    *keys("practice_code", "practice_name", "pcn_code", "pcn_name", "mark"),
    *counts("patients", "with_imd", "core20"),
    *(estimate("imd_score", "with_imd"), estimate("imd_decile", "with_imd")),
)
RESIDENCE = _published(
    "published_residence", "Where registered patients live", PLACE, *keys("residence"), *counts("patients")
)
SMALL_AREA = _published(
    "published_area",
    "Small areas (LSOA 2021) with IoD 2025",
    *keys("lsoa", "lsoa_name", "district", "changed"),
    *(count("imd_rank", "rows"), count("imd_decile", "rows")),
)
MISMATCH = _published(
    "published_mismatch",
    "Practices that are in one file and not in another, or whose list jumped",
    *keys("practice_code", "practice_name", "pcn_code", "what"),
    may_be_empty=True,
)
SOURCE = _published(
    "published_source",
    "Files that the report was made from",
    *keys("input", "short_name", "publication", "file"),
)
RELEASES = (SOURCE, REGISTER, PREVALENCE, PRACTICE, RESIDENCE, SMALL_AREA, MISMATCH)


def published_tables(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> Iterator[Model]:
    """The stage: every table of the published reports, with a block of rows for each PCN and for the ICB."""
    practices = read_sql(con, "SELECT * FROM published_practice ORDER BY practice_code")
    practices = practices.assign(mark=marks(practices).to_numpy())
    registers = _registers(con, practices)
    patients = read_sql(con, "SELECT * FROM published_patients ORDER BY practice_code, lsoa11")
    sources = read_sql(con, "SELECT * FROM published_source ORDER BY input")
    pcns = sorted(practices.loc[practices["in_practices"], "pcn_code"].dropna().unique())
    ics, names = workbook.ics_code, _pcn_names(con)
    yield aggregate(SOURCE, _everywhere(sources, [*pcns, ics]))
    yield aggregate(REGISTER, _blocks(registers, ics))
    yield aggregate(PREVALENCE, _prevalence(registers, pcns, ics, workbook.title, names))
    yield aggregate(PRACTICE, _blocks(_deprivation(practices, patients, names), ics))
    yield aggregate(RESIDENCE, _residence(_blocks(patients, ics), workbook.title))
    yield aggregate(SMALL_AREA, _areas(con, ics))
    yield aggregate(MISMATCH, _blocks(_mismatches(practices, sources), ics))


def _everywhere(frame: pd.DataFrame, areas: list[str]) -> pd.DataFrame:
    """The same rows for every area."""
    return pd.concat([frame.assign(area_code=area) for area in areas], ignore_index=True)


def _blocks(frame: pd.DataFrame, ics: str) -> pd.DataFrame:
    """Rows with a `pcn_code` for their PCN, and all rows for the ICB; without a PCN for the ICB alone."""
    own = frame[frame["pcn_code"].notna()].assign(area_code=lambda rows: rows["pcn_code"])
    both = pd.concat([own, frame.assign(area_code=ics)], ignore_index=True)
    return both.assign(pcn_code=both["pcn_code"].astype("str").fillna(NO_PCN))


def _pcn_names(con: duckdb.DuckDBPyConnection) -> pd.Series:
    return read_sql(con, "SELECT pcn_code, pcn_name FROM published_pcn ORDER BY pcn_code").set_index("pcn_code")[
        "pcn_name"
    ]


def _registers(con: duckdb.DuckDBPyConnection, practices: pd.DataFrame) -> pd.DataFrame:
    frame = read_sql(con, "SELECT * FROM published_register ORDER BY practice_code, register_code")
    of = practices.set_index("practice_code")
    age = frame["list_type"].str.extract(r"^(\d+)OV$")[0]
    return frame.drop(columns="list_type").assign(
        register_name=frame["register_code"].map(lambda code: REGISTERS.get(code, code)),
        list_age=age.map(lambda a: f"aged {int(a)} and over", na_action="ignore").fillna("of all ages"),
        practice_name=frame["practice_code"].map(of["practice_name"]),
        mark=frame["practice_code"].map(of["mark"]),
    )


def _prevalence(registers: pd.DataFrame, pcns: list[str], ics: str, title: str, names: pd.Series) -> pd.DataFrame:
    """For a PCN: itself and all practices. For the ICB: every PCN, practices without one, and all of them.

    A practice whose register is suppressed counts neither above nor below the line. `mark`: of a PCN, the practices
        in it that are of another kind or have changed.
    """
    keys = ["register_code", "register_name", "list_age"]
    totals = {"register": ("register", "sum"), "list_size": ("list_size", "sum"), "practices": ("register", "size")}
    known = registers.dropna(subset="register")
    known = known.assign(unit_code=known["pcn_code"].fillna(NO_PCN))
    marked = known[known["mark"].ne("")].drop_duplicates("practice_code").groupby("unit_code")["practice_name"]
    held = marked.agg(lambda practices: f"holds {joined(sorted(practices))}")
    by_pcn = known.groupby([*keys, "unit_code"]).agg(**totals).reset_index()
    by_pcn["unit_name"] = by_pcn["unit_code"].map(names).fillna(by_pcn["unit_code"])
    by_pcn["mark"] = by_pcn["unit_code"].map(held).fillna("")
    whole = known.groupby(keys).agg(**totals).reset_index().assign(unit_code=ics, unit_name=title, mark="")
    blocks = [by_pcn.assign(area_code=ics), whole.assign(area_code=ics)]
    for pcn in pcns:
        blocks += [by_pcn[by_pcn["unit_code"] == pcn].assign(area_code=pcn), whole.assign(area_code=pcn)]
    return pd.concat(blocks, ignore_index=True)


def _deprivation(practices: pd.DataFrame, patients: pd.DataFrame, names: pd.Series) -> pd.DataFrame:
    """One row per practice with registered patients: means over patients whose LSOA has an IMD 2019 figure."""
    known = patients.dropna(subset="imd_score")
    weighed = pd.DataFrame(
        {
            "practice_code": known["practice_code"],
            "with_imd": known["patients"],
            "core20": known["patients"] * (known["imd_decile"] <= 2),
            "imd_score": known["patients"] * known["imd_score"],
            "imd_decile": known["patients"] * known["imd_decile"],
        }
    )
    sums = weighed.groupby("practice_code").sum()
    sums["imd_score"] /= sums["with_imd"]
    sums["imd_decile"] /= sums["with_imd"]
    total = patients.groupby("practice_code")["patients"].sum()
    frame = practices[["practice_code", "practice_name", "pcn_code", "mark"]].merge(total, on="practice_code")
    frame = frame.merge(sums, on="practice_code", how="left")
    frame[["with_imd", "core20"]] = frame[["with_imd", "core20"]].fillna(0).astype("int64")
    return frame.assign(pcn_name=frame["pcn_code"].map(names).fillna(NO_PCN))


def _residence(patients: pd.DataFrame, title: str) -> pd.DataFrame:
    """Patients by residence, a row for every category; `place` orders them."""
    grid = patients.groupby(["area_code", "residence"])["patients"].sum().unstack(fill_value=0)
    long = grid.reindex(columns=list(RESIDENCES), fill_value=0).stack().rename("patients").reset_index()
    place = long["residence"].map({name: i for i, name in enumerate(RESIDENCES)})
    return long.assign(place=place, residence=long["residence"].replace(RESIDENCES[0], f"In {title}"))


def _areas(con: duckdb.DuckDBPyConnection, ics: str) -> pd.DataFrame:
    """Small areas to draw: those where a PCN's patients live, and all of the ICB."""
    areas = read_sql(con, "SELECT lsoa, lsoa_name, district, imd_rank, imd_decile FROM published_area ORDER BY lsoa")
    drawn = read_sql(con, "SELECT pcn_code AS area_code, lsoa FROM published_pcn_area ORDER BY ALL")
    changed = read_sql(con, "SELECT DISTINCT lsoa21 FROM published_changed_area")["lsoa21"]
    frame = pd.concat([drawn.merge(areas, on="lsoa"), areas.assign(area_code=ics)], ignore_index=True)
    return frame.assign(changed=frame["lsoa"].isin(changed).map({True: "yes", False: "no"}))


def _mismatches(practices: pd.DataFrame, sources: pd.DataFrame) -> pd.DataFrame:
    """Practices absent from some file, with the names and dates of the files, and lists that jumped."""
    short = sources.set_index("input")["short_name"]
    files = {column: short[key] for column, key in FILES.items() if key in short.index}
    rows = []
    for row in practices.itertuples():
        there = [name for column, name in files.items() if getattr(row, column)]
        absent = [name for column, name in files.items() if not getattr(row, column)]
        if absent:
            what = f"In {'; '.join(there) or 'the list of QOF practices'}. Not in {'; '.join(absent)}."
            rows.append((row.practice_code, row.practice_name, row.pcn_code, what))
        elif row.registered > LIST_GREW * row.qof_list_size:
            growth = row.registered / row.qof_list_size - 1
            what = f"List {growth:.0%} larger in {short['registrations']} than in {short['qof_counts']}."
            rows.append((row.practice_code, row.practice_name, row.pcn_code, what))
    return pd.DataFrame(rows, columns=["practice_code", "practice_name", "pcn_code", "what"])
