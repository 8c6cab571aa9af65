"""What a parameter says is what the reader gets: another value changes the figures, or is refused."""

import json
import sys
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from phm_utils.errors import InputError
from phm_utils.reports.notebook import Run
from phm_utils.topics.registry import notebooks, topics_of

ROOT = Path(__file__).resolve().parents[2]
PERSON_LEVEL = {t.notebook: t.parameters for t in topics_of("person_level") if t.notebook}
WHERE = ("workbook", "area_code", "outputs")  # which run and which area: not how it is counted
# Another value of every parameter of the run: it must be refused.
OF_RUN: dict[str, Any] = {
    "index_date": date(2019, 1, 1),
    "stale_days": 90,
    "list_size_gap": 0.1,
    "other_kind": ("A99006",),
    "segmentation": "bridges_to_health",
    "seed": 7,
    "confidence": 0.99,
    "mapped_condition": "asthma",
    "rising_contacts": ("gp_appointments",),
    "episode_days": 7,
}
# Another value of every parameter of the view: it must be seen.
OF_VIEW: dict[str, Any] = {
    "max_conflict_share": 0.000001,
    "burden": 0.05,
    "cohorts": ("polypharmacy_75_and_over",),
    "condition": "asthma",
    "programme": "telephone_check_in",
    "model": "heat",
}
# What a run so small does not show of itself: a table of the run, and columns of it filled instead.
PLANTED: dict[str, tuple[str, dict[str, Any]]] = {
    "max_conflict_share": ("link_sources", {"records": 2000, "conflict": 10, "conflict_share": 0.005}),
}
CASES = [
    (notebook, field) for notebook, model in PERSON_LEVEL.items() for field in model.model_fields if field not in WHERE
]


def code_of(notebook: str) -> str:
    cells = json.loads((ROOT / "notebooks" / f"{notebook}.ipynb").read_text(encoding="utf-8"))["cells"]
    code = [c for c in cells if c["cell_type"] == "code" and "parameters" not in c["metadata"].get("tags", [])]
    return "\n".join("".join(c["source"]) for c in code)


@pytest.fixture
def shown(tiny_run, monkeypatch):
    """Run a notebook's code with some parameters changed; everything that it puts on the page, as text."""
    monkeypatch.setenv("PHM_ROOT", str(tiny_run.root))
    monkeypatch.setattr("phm_utils.reports.notebook.write_atomically", lambda *_: None)

    def run(notebook: str, **changes: Any) -> str:
        page: list[str] = []
        for name in ("phm_utils.reports.notebook", "phm_utils.reports.show"):
            import_module(name)
            monkeypatch.setattr(sys.modules[name], "display", lambda data, raw: page.append(data["text/plain"]))
        params = notebooks()[notebook].of(tiny_run.workbook, "QZZ").model_copy(update=changes)
        exec(compile(code_of(notebook), notebook, "exec"), params.model_dump())
        return "\n".join(page)

    return run


def test_every_parameter_is_tried():
    assert {field for _, field in CASES} == set(OF_RUN) | set(OF_VIEW)
    for notebook, field in CASES:
        assert (field in PERSON_LEVEL[notebook].run_fields()) == (field in OF_RUN), (notebook, field)


@pytest.mark.full
@pytest.mark.parametrize(("notebook", "field"), CASES)
def test_another_value_changes_what_is_shown_or_is_refused(notebook, field, shown, monkeypatch):
    if field in PLANTED:
        planted, columns = PLANTED[field]
        table = Run.table

        def with_more(run: Run, name: str) -> pd.DataFrame:
            return table(run, name).assign(**columns) if name == planted else table(run, name)

        monkeypatch.setattr(Run, "table", with_more)
    if field in OF_RUN:
        with pytest.raises(InputError, match=f"This run used {field}"):
            shown(notebook, **{field: OF_RUN[field]})
    else:
        assert shown(notebook, **{field: OF_VIEW[field]}) != shown(notebook)
