"""What readers get of true figures, for tests: each aggregate of a stage under disclosure control."""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from phm_utils.engine import Model
from phm_utils.params import Disclosure
from phm_utils.privacy.disclosure import protect
from phm_utils.privacy.release import Release
from phm_utils.reports.notebook import with_ics


def protected(
    models: Iterable[Model],
    releases: Iterable[Release],
    parameters: Mapping[str, Any] | None = None,
    policy: Disclosure | None = None,
) -> dict[str, pd.DataFrame]:
    """The released tables by name, from the models that a stage gives and the releases that it declares."""
    by_table = {release.aggregate_name: release for release in releases}
    found = {}
    for model in models:
        release = by_table[model.name]
        found[release.name] = protect(release, model.frame, policy or Disclosure(), parameters or {})
    return found


def table_of(tables: Mapping[str, pd.DataFrame], release: Release, area: str, ics: str = "QZZ") -> pd.DataFrame:
    """What `run.table` gives an area's notebook of a protected table: in a PCN's with the ICS's columns."""
    frame = tables[release.name]

    def rows(code: str) -> pd.DataFrame:
        own = frame[frame["area_code"] == code].drop(columns="area_code")
        return (own.sort_values("place", kind="stable") if "place" in own else own).reset_index(drop=True)

    return rows(area) if area == ics else with_ics(rows(area), rows(ics), release.keys)
