"""The published route: real PCNs from official figures, without person-level data.

Stage tables: `published_source`, `boundary`, and one for each of `MODELS`,
whose SQL says what a row is.
"""

import re
from collections.abc import Iterable
from pathlib import Path

import duckdb
import pandas as pd

from phm_utils.engine import Model, guarded
from phm_utils.engine.sql_files import sql_file
from phm_utils.errors import InputError
from phm_utils.params import Workbook
from phm_utils.topics.published.published_files import present_files, read_boundaries, read_input

MODELS = (  # in order: each may read those before it
    Model("published_practice", ("practice_code",)),
    Model("published_register", ("practice_code", "register_code")),
    Model("published_patients", ("practice_code", "lsoa11")),
    Model("published_pcn", ("pcn_code",)),
    Model("published_area", ("lsoa",)),
    Model("published_changed_area", ("lsoa21",)),
    Model("published_pcn_area", ("pcn_code", "lsoa")),
)
INITIALS = re.compile(r"^[^AEIOUY]+$")  # WBC, PCN, GP: initials have no vowel
SHORT_WORDS = {
    "ST": "St",
    "DR": "Dr",
    "DRS": "Drs",
    "MR": "Mr",
    "MRS": "Mrs",
    "AND": "and",
    "OF": "of",
    "ON": "on",
    "THE": "The",
}


def read(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> Iterable[Model]:
    """The stage: published files in, one table per subject out.

    Raises InputError for a file that is absent, has other headings or no
    area of `ics_code`.
    """
    paths = present_files(workbook)
    raw = _frames(workbook, paths)
    boundaries = read_boundaries(paths["boundaries"])
    yield Model("published_source", ("input",), frame=_sources(workbook, paths, raw))
    yield Model("boundary", ("lsoa",), frame=boundaries[boundaries["lsoa"].isin(raw["geography"]["lsoa"])])
    for key, frame in raw.items():
        con.register(f"raw_{key}", frame)
    with guarded("Reading the published files", "Compare their codes with parameters/public_data.yml."):
        for model in MODELS:
            sql = sql_file("topics/published", model.name)
            yield Model(model.name, model.key, sql=sql)
    for key in raw:
        con.unregister(f"raw_{key}")


def areas(workbook: Workbook) -> dict[str, str]:
    """PCN code and name from the PCN list, in order of name, then the ICB's code and title."""
    paths = present_files(workbook)
    geography = _of_icb(read_input("geography", paths["geography"]), workbook, paths["geography"])
    listed = _current(read_input("practices", paths["practices"]))
    listed = listed[listed["sub_icb_code"].isin(geography["sub_icb_code"])]
    if listed.empty:
        raise InputError(
            f"{paths['practices'].name} has no practice in the sub-ICB locations of {workbook.ics_code} "
            f"({', '.join(sorted(geography['sub_icb_code'].unique()))}). Check ics_code and the date of the list."
        )
    names = listed.drop_duplicates("pcn_code").set_index("pcn_code")["pcn_name"].map(title_case)
    return dict(sorted(names.items(), key=lambda item: (item[1], item[0]))) | {workbook.ics_code: workbook.title}


def input_files(workbook: Workbook) -> list[Path]:
    """Every file that the stage reads."""
    return sorted(present_files(workbook).values())


def title_case(name: str) -> str:
    """A name in capitals to title case; initials stay capital."""
    if name != name.upper():
        return name.strip()
    words = []
    for number, word in enumerate(name.split()):
        bare = word.strip("().,&'")
        plain = SHORT_WORDS.get(bare, bare if INITIALS.match(bare) else bare.capitalize())
        words.append(word.replace(bare, plain if number else plain[:1].upper() + plain[1:]) if bare else word)
    # Capitalise after a hyphen or a slash, never after an apostrophe (Stephen's, not Stephen'S).
    return re.sub(r"(?<=[-/])[a-z]", lambda letter: letter[0].upper(), " ".join(words))


def _frames(workbook: Workbook, paths: dict[str, Path]) -> dict[str, pd.DataFrame]:
    """Every file but the boundaries, by key; geography holds the ICB's areas only."""
    raw = {key: read_input(key, path) for key, path in paths.items() if key != "boundaries"}
    raw["geography"] = _of_icb(raw["geography"], workbook, paths["geography"])
    raw["practices"] = _current(raw["practices"])
    for key in ("practices", "qof_practices"):
        for name in ("practice_name", "pcn_name"):
            raw[key][name] = raw[key][name].map(title_case)
    raw.setdefault(
        "qof_fractions",
        pd.DataFrame({"practice_code": pd.Series(dtype=str), "register_code": pd.Series(dtype=str), "fraction": []}),
    )
    if missing := set(raw["geography"]["lsoa"]) - set(raw["iod2025"]["lsoa"]):
        raise InputError(
            f"{len(missing)} of {len(raw['geography'])} small areas of {workbook.ics_code} have no IoD 2025 figure "
            f"(first: {min(missing)}). IoD 2025 is by LSOA of 2021: check that both files are of that vintage."
        )
    if not raw["lookup"]["lsoa11"].isin(raw["imd2019"]["lsoa"]).any():
        raise InputError("No LSOA of 2011 in the look-up has an IMD 2019 figure. Check the vintage of `imd2019`.")
    return raw


def _of_icb(geography: pd.DataFrame, workbook: Workbook, path: Path) -> pd.DataFrame:
    icb_areas = geography[geography["icb_code"] == workbook.ics_code]
    if icb_areas.empty:
        raise InputError(
            f"{path.name} has no small area of {workbook.ics_code}. It has: "
            f"{', '.join(sorted(geography['icb_code'].unique())[:5])}. Set ics_code to one of them."
        )
    return icb_areas.reset_index(drop=True)


def _current(practices: pd.DataFrame) -> pd.DataFrame:
    """Practices still in their PCN; the whole list keeps those that left."""
    return practices[practices["end_date"].str.strip().isin(["", "NULL"])].drop(columns="end_date")


def _sources(workbook: Workbook, paths: dict[str, Path], raw: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """One row per file: `input`, `short_name` (with its date), `publication`, `file`."""
    rows = []
    for key, path in paths.items():
        short, _, publication = workbook.downloads.get(key, path.name).partition(";")
        rows.append((key, short.strip(), publication.strip(), path.name))
    return pd.DataFrame(rows, columns=["input", "short_name", "publication", "file"])
