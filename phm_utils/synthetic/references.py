"""Reference tables of Demoshire: practices, small areas and their outlines."""

from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa

from phm_utils.schema import Form
from phm_utils.synthetic import days, geography
from phm_utils.synthetic.draws import stream
from phm_utils.synthetic.identified_columns import POSTCODES_PER_PLACE, postcodes
from phm_utils.synthetic.published_registers import REGISTERS
from phm_utils.synthetic.wards import wards
from phm_utils.synthetic.writing import FileFormat, write_table
from phm_utils.tables import BOUNDARY_FILE, CRS

MISLISTED_PRACTICE, MISLISTED_BY = "A99002", 1.12  # its published list is longer than its extract
MISCOUNTED_PRACTICE, MISCOUNTED_REGISTER, MISCOUNTED_BY = "A99004", "diabetes", 1.15  # published too high
REGISTER_WOBBLE = 0.01  # published counts differ by so much at most from the truth: another day, another extract
LIST_SIZE = "list_size"
BOUNDARY_DATE = "2025-04-30T00:00:00Z"  # GeoPackage stamps its files; the same bytes need the same stamp


def write_references(folder: Path, form: Form, seed: int, summaries: list[dict], file_format: FileFormat) -> None:
    """Practices of the simulated networks; areas and outlines of every county that they lie in."""
    counties = geography.geographies(seed, max(summary["pcn"] for summary in summaries))

    def write(name: str, parts: list[pa.Table]) -> None:
        write_table(folder / f"{name}.{file_format}", pa.concat_tables(parts), file_format)

    write("practice", [_practices(county, seed, summaries) for county in counties])
    write("practice_register", [_registers(county, seed, summaries) for county in counties])
    write("area", [_areas(county) for county in counties])
    if form == "identified":
        write("postcode_area", [_postcodes(county) for county in counties])
    _write_outlines(counties, folder / BOUNDARY_FILE)


def published_lists(county: geography.Geography, seed: int, summaries: list[dict]) -> dict[str, int]:
    """The published list size of each practice of a county's simulated networks."""
    sizes = {code: size for summary in summaries for code, size in summary["list_sizes"].items()}
    wobble = stream(seed, county.number, "published lists").uniform(0.99, 1.01, len(county.practice_code))
    wobble[county.practice_code == MISLISTED_PRACTICE] = MISLISTED_BY
    times = dict(zip(county.practice_code.tolist(), wobble.tolist(), strict=True))
    return {code: round(sizes[code] * times[code]) for code in county.practice_code.tolist() if code in sizes}


def _registers(county: geography.Geography, seed: int, summaries: list[dict]) -> pa.Table:
    """Published counts of registers and lists: one row per practice and register."""
    true = {code: counts for summary in summaries for code, counts in summary["registers"].items()}
    shape = (len(county.practice_code), len(REGISTERS))
    wobble = stream(seed, county.number, "published registers").uniform(1 - REGISTER_WOBBLE, 1 + REGISTER_WOBBLE, shape)
    place = {code: n for n, code in enumerate(county.practice_code.tolist())}
    if MISCOUNTED_PRACTICE in place:
        wobble[place[MISCOUNTED_PRACTICE], REGISTERS.index(MISCOUNTED_REGISTER)] = MISCOUNTED_BY
    rows = []
    for code, size in published_lists(county, seed, summaries).items():
        times = dict(zip(REGISTERS, wobble[place[code]].tolist(), strict=True))
        rows += [(code, name, round(true[code][name] * times[name])) for name in REGISTERS]
        rows.append((code, LIST_SIZE, size))
    practice, register, count = zip(*rows, strict=True)
    return pa.table(
        {
            "practice_code": list(practice),
            "register": list(register),
            "published_count": pa.array(count, pa.int32()),
            "as_at": pa.array([days.INDEX_DATE] * len(rows), pa.date32()),
        }
    )


def _practices(county: geography.Geography, seed: int, summaries: list[dict]) -> pa.Table:
    lists = published_lists(county, seed, summaries)
    mine = np.flatnonzero(np.isin(county.practice_code, list(lists)))
    pcn, code = county.practice_pcn[mine], county.practice_code[mine]
    return pa.table(
        {
            "practice_code": code,
            "practice_name": county.practice_name[mine],
            "pcn_code": [geography.pcn_code(p) for p in pcn],
            "pcn_name": [geography.pcn_name(p) for p in pcn],
            "sub_icb_code": [geography.county_of(p).code for p in pcn],
            "sub_icb_name": [geography.county_of(p).name for p in pcn],
            "icb_code": [geography.ICB_CODE] * len(mine),
            "open_date": pa.array([date(1974, 4, 1)] * len(mine), pa.date32()),
            "close_date": pa.nulls(len(mine), pa.date32()),
            "published_list_size": pa.array([lists[c] for c in code.tolist()], pa.int32()),
        }
    )


def _areas(county: geography.Geography) -> pa.Table:
    n, ward = len(county.lsoa), wards(county)
    return pa.table(
        {
            "lsoa": county.lsoa,
            "lsoa_name": county.name,
            "lsoa_vintage": pa.array(np.full(n, 2021, np.int32)),
            "imd_version": ["IoD2025"] * n,
            "imd_rank": pa.array(county.rank.astype(np.int32)),
            "imd_decile": pa.array(county.decile.astype(np.int32)),
            "rural_urban": np.where(county.rural, "Rural", "Urban"),
            "ward_code": ward.code,
            "ward_name": ward.name,
            "population": pa.array(county.population.astype(np.int32)),
        }
    )


def _postcodes(county: geography.Geography) -> pa.Table:
    return pa.table({"postcode": postcodes(county.places), "lsoa": np.repeat(county.places, POSTCODES_PER_PLACE)})


def _write_outlines(counties: list[geography.Geography], path: Path) -> None:
    import geopandas  # only here: half a second and 100 MB that a worker can do without
    import pyogrio

    areas = np.concatenate([county.lsoa for county in counties])
    outlines = np.concatenate([county.outline for county in counties])
    frame = geopandas.GeoDataFrame({"lsoa": areas}, geometry=list(outlines), crs=CRS)
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": BOUNDARY_DATE})
    try:
        frame.to_file(path, driver="GPKG", layer="boundary")
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})
