"""Published files: which are needed, their headings, and how each is read.

A file may carry the publisher's own headings or the short ones in brackets
of `INPUTS`; case does not matter, and further columns are ignored.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pandas as pd
from pyogrio.errors import DataSourceError

from phm_utils.errors import InputError
from phm_utils.params import Workbook
from phm_utils.runs import resolve

IMD = "Index of Multiple Deprivation (IMD)"
IMD_COLUMNS = {
    "imd_decile": ("IMD_decile", f"{IMD} Decile (where 1 is most deprived 10% of LSOAs)"),
    "imd_rank": ("IMD_rank", f"{IMD} Rank (where 1 is most deprived)"),
    "imd_score": ("IMD_score", f"{IMD} Score"),
}


@dataclass(frozen=True)
class Input:
    """One published file: our column names, each with the headings it may carry.

    numbers: columns of numbers. withheld: those in which a publisher may show SUPPRESSED for a small number.
    """

    columns: dict[str, tuple[str, ...]]
    numbers: tuple[str, ...] = ()
    withheld: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()


INPUTS: dict[str, Input] = {
    "practices": Input(
        {
            "practice_code": ("practice_code", "Partner Organisation Code"),
            "practice_name": ("practice_name", "Partner Name"),
            "pcn_code": ("pcn_code", "PCN Code"),
            "pcn_name": ("pcn_name", "PCN Name"),
            "sub_icb_code": ("sub_icb_code", "PCN Parent Sub ICB Location Code"),
            "end_date": ("end_date", "Practice to PCN Relationship End Date"),
        }
    ),
    "registrations": Input(
        {
            "practice_code": ("practice_code", "PRACTICE_CODE"),
            "lsoa": ("lsoa11_code", "LSOA_CODE"),
            "patients": ("patients", "NUMBER_OF_PATIENTS", "Number of Patients"),
        },
        numbers=("patients",),
    ),
    "imd2019": Input({"lsoa": ("lsoa11_code", "LSOA code (2011)"), **IMD_COLUMNS}, numbers=tuple(IMD_COLUMNS)),
    "iod2025": Input({"lsoa": ("lsoa21_code", "LSOA code (2021)"), **IMD_COLUMNS}, numbers=tuple(IMD_COLUMNS)),
    "lookup": Input(
        {
            "lsoa11": ("lsoa11_code", "LSOA11CD"),
            "lsoa21": ("lsoa21_code", "LSOA21CD"),
            "change": ("change_code", "CHGIND"),
        }
    ),
    "geography": Input(
        {
            "lsoa": ("lsoa21_code", "LSOA21CD"),
            "lsoa_name": ("lsoa21_name", "LSOA21NM"),
            "district": ("ltla24_name", "LAD24NM"),
            "sub_icb_code": ("sicbl24_code_nhs", "SICBL24CDH"),
            "icb_code": ("icb24_code_nhs", "ICB24CDH"),
        }
    ),
    "boundaries": Input({"lsoa": ("lsoa21_code", "LSOA21CD")}),
    "qof_counts": Input(
        {
            "practice_code": ("PRACTICE_CODE",),
            "register_code": ("GROUP_CODE",),
            "register": ("REGISTER",),
            "list_type": ("PATIENT_LIST_TYPE",),
            "list_size": ("PRACTICE_LIST_SIZE",),
        },
        numbers=("register", "list_size"),
        withheld=("register",),
    ),
    "qof_practices": Input(
        {
            "practice_code": ("PRACTICE_CODE",),
            "practice_name": ("PRACTICE_NAME",),
            "pcn_code": ("PCN_ODS_CODE",),
            "pcn_name": ("PCN_NAME",),
            "sub_icb_code": ("CCG_ODS_CODE", "SUB_ICB_LOC_ODS_CODE"),
        }
    ),
    "qof_fractions": Input({"practice_code": ("OrganisationCode", "PRACTICE_CODE")}),
}
SUPPRESSED = ("*", "[c]")  # signs for a small number that the publisher does not show
OPTIONAL = ("qof_fractions",)
# The fractions' own headings are spelt `DM-prevalance`; the right spelling is taken too.
FRACTION = re.compile(r"^([A-Z]+)-preval[ae]nce$", re.IGNORECASE)


def input_path(workbook: Workbook, key: str) -> Path:
    """Where one published file lies; InputError where the folder is not set."""
    landing = os.path.expandvars(workbook.landing)
    if unset := re.search(r"\$\{?(\w+)\}?", landing):
        raise InputError(
            f"landing is {workbook.landing}, but {unset[1]} is not set. Set that environment variable to the folder "
            "of the published files, or write the folder itself as `landing` in the parameter file."
        )
    return resolve(landing) / workbook.files[key]


def present_files(workbook: Workbook) -> dict[str, Path]:
    """Path by key of every file that the run reads; InputError lists all that are absent."""
    if unknown := sorted(set(workbook.files) - set(INPUTS)):
        raise InputError(f"files: no input is called {', '.join(unknown)}; there are {', '.join(INPUTS)}.")
    if undeclared := [key for key in INPUTS if key not in workbook.files and key not in OPTIONAL]:
        raise InputError(f"files: the parameter file names no {', '.join(undeclared)}. See parameters/public_data.yml.")
    paths = {key: input_path(workbook, key) for key in INPUTS if key in workbook.files}
    absent = [key for key, path in paths.items() if not path.is_file()]
    for key in [k for k in absent if k in OPTIONAL]:
        absent.remove(key)
        del paths[key]
    if absent:
        lines = [f"- {paths[key].name} ({key}): {workbook.downloads.get(key, 'see public_data.yml')}" for key in absent]
        raise InputError(
            f"{len(absent)} of {len(INPUTS)} published files are not in {paths[absent[0]].parent}:\n"
            + "\n".join(lines)
            + "\nDownload them from the pages named, or set `landing` to where they are."
        )
    return paths


def read_input(key: str, path: Path) -> pd.DataFrame:
    """One published file with our column names, codes as text and numbers as numbers; NaN where suppressed."""
    raw = _read(key, path)
    found = _columns(key, path, list(raw.columns))
    if key == "registrations" and (sex := _heading("SEX", raw)):
        # The publisher splits some issues by sex; a row for both would count people twice.
        both = raw[sex].str.upper().eq("ALL")
        raw = raw[both] if both.any() else raw
    if key == "qof_fractions":
        return _fractions(raw, found["practice_code"])
    frame = raw[list(found.values())].set_axis(list(found), axis=1)
    for column in INPUTS[key].numbers:
        hidden = frame[column].str.strip().isin(SUPPRESSED) & (column in INPUTS[key].withheld)
        frame[column] = pd.to_numeric(frame[column], errors="coerce")
        if (broken := (frame[column].isna() & ~hidden).sum()) or (frame[column] < 0).any():
            raise InputError(
                f"{path.name}: column {found[column]} holds {broken} of {len(frame)} values that are not numbers, or "
                "negative ones. Download the file again; it is used as published."
            )
    return frame


def read_boundaries(path: Path) -> pd.DataFrame:
    """Outlines of the LSOAs: `lsoa`, `geometry` (WKB, EPSG:27700)."""
    try:
        shapes = gpd.read_file(path)
    except (DataSourceError, OSError, ValueError):
        raise InputError(f"{path.name} is not a boundary file that can be read. Use a GeoPackage or GeoJSON.") from None
    found = _columns("boundaries", path, list(shapes.columns))
    if shapes.crs is None:
        raise InputError(f"{path.name} names no coordinate system. Use the ONS file as published (EPSG:27700).")
    shapes = shapes.to_crs("EPSG:27700")
    return pd.DataFrame({"lsoa": shapes[found["lsoa"]].astype(str), "geometry": shapes.geometry.to_wkb()})


def _read(key: str, path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path, dtype=str, encoding="utf-8-sig", keep_default_na=False)
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError):
        raise InputError(f"{path.name} ({key}) is not a CSV file in UTF-8. Save it as `CSV UTF-8`.") from None


def _columns(key: str, path: Path, headings: list[str]) -> dict[str, str]:
    """The file's heading for each of our columns."""
    known = {heading.strip().casefold(): heading for heading in headings}
    found = {
        ours: next((known[h.casefold()] for h in theirs if h.casefold() in known), None)
        for ours, theirs in INPUTS[key].columns.items()
    }
    if missing := [f"{' or '.join(INPUTS[key].columns[ours])}" for ours, heading in found.items() if heading is None]:
        raise InputError(
            f"{path.name} ({key}) lacks {len(missing)} of {len(found)} columns: {'; '.join(missing)}. "
            f"It has: {', '.join(headings[:8])}{' ...' if len(headings) > 8 else ''}."
        )
    return {ours: heading for ours, heading in found.items() if heading is not None}


def _heading(name: str, raw: pd.DataFrame) -> str | None:
    return next((h for h in raw.columns if h.strip().casefold() == name.casefold()), None)


def _fractions(raw: pd.DataFrame, practice: str) -> pd.DataFrame:
    """One row per practice x register: `practice_code`, `register_code`, `fraction` (0 to 1)."""
    registers = {heading: match[1].upper() for heading in raw if (match := FRACTION.match(heading))}
    if not registers:
        raise InputError("The file of QOF fractions has no column such as DM-prevalance. Check `qof_fractions`.")
    long = raw[[practice, *registers]].rename(columns={practice: "practice_code", **registers})
    long = long.melt("practice_code", var_name="register_code", value_name="fraction")
    long["fraction"] = pd.to_numeric(long["fraction"], errors="coerce")
    if (long["fraction"] > 1).any():
        raise InputError("The file of QOF fractions holds values above 1. Fractions are expected, not percentages.")
    return long.dropna().reset_index(drop=True)
