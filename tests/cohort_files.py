"""Files of cohorts on a page: what every one needs, and some criteria."""

from pathlib import Path

from phm_utils.params import Workbook

HEAD = "title: T\nshort: S\nquestion: Q?\nuse: U\nsource: S\n"  # five lines
ED = "criteria:\n  - {events: ed_attendances, op: at least, value: 7, within: {months: 12}}\n"
AUTUMN = "valid: {from: 2024-09-01, to: 2025-03-31}\ncriteria:\n  - {has: asthma, within: {from: 2024-10-03}}\n"
WORKBOOK = Workbook(
    name="tiny", title="Tiny", ics_code="QZZ", synthetic=True, index_date="2025-03-31", landing="landing"
)


def write(folder: Path, **bodies: str) -> list[Path]:
    paths = [folder / f"{name}.yml" for name in bodies]
    for path, body in zip(paths, bodies.values(), strict=True):
        path.write_text(HEAD + body, encoding="utf-8")
    return paths
