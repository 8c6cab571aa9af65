"""A run brings what is asked for up to date: no step twice, none for nothing, and a failure stops only its own."""

import json
import os
from dataclasses import replace

import duckdb
import pandas as pd
import pytest
from filelock import FileLock

from phm_utils.batch.route import Route, route_from
from phm_utils.batch.run import DONE, FAILED, run
from phm_utils.engine import Model
from phm_utils.errors import InputError
from phm_utils.topic import Stage

ALL = [f"{area}/{notebook}" for area in ("QZZ", "U99001", "U99002") for notebook in ("00_data_quality", "01_linkage")]


@pytest.fixture
def go(workbook, route, alone, pages):
    """Run the small house; the reports that were made."""

    def once(expected: int = DONE, **named) -> list[str]:
        pages.clear()
        assert (
            run(named.pop("workbook", workbook), route=named.pop("route", route), executor=alone, **named) == expected
        )
        return sorted(pages)

    return once


def statuses(house) -> dict[str, str]:
    steps = json.loads((house / "outputs" / "demo" / "manifest.json").read_text())["steps"]
    return {name: step["status"] for name, step in steps.items()}


def test_the_first_run_makes_everything(house, go):
    assert go() == ALL
    assert set(statuses(house).values()) == {"done"}
    facts = json.loads((house / "outputs" / "demo" / "run.json").read_text())
    assert facts["areas"] == {"QZZ": "Demo ICS", "U99001": "First PCN", "U99002": "Second PCN"}


def test_a_second_run_with_nothing_changed_does_nothing_and_keeps_every_byte(house, go, bytes_of):
    go()
    before = bytes_of(house / "outputs")
    times = {p: p.stat().st_mtime_ns for p in (house / "outputs" / "demo" / "release").rglob("*")}
    assert go() == []
    after = bytes_of(house / "outputs")
    after.pop("demo/fingerprints.json")
    assert after == {name: content for name, content in before.items() if name in after}
    assert times == {p: p.stat().st_mtime_ns for p in times}


def test_a_changed_input_is_read_again_and_its_reports_are_made_anew(house, go):
    go()
    (house / "landing" / "people.csv").write_text("pcn_code,people\nU99001,240\nU99002,6\n")
    assert go() == ALL


def test_a_changed_input_with_the_same_result_makes_no_report_anew(house, go):
    go()
    (house / "landing" / "people.csv").write_text("pcn_code,people\nU99002,6\nU99001,120\n")
    assert go() == []


def test_a_changed_notebook_is_the_only_one_made_anew(go, put_notebook):
    go()
    put_notebook("1 + 1")
    assert go() == [step for step in ALL if step.endswith("01_linkage")]


def test_a_changed_parameter_makes_its_notebook_anew(workbook, go):
    go()
    changed = workbook.model_copy(update={"notebooks": {"00_data_quality": {"stale_days": 30}}})
    assert go(workbook=changed) == [step for step in ALL if step.endswith("00_data_quality")]


def test_a_setting_that_changes_no_number_makes_nothing_anew(workbook, go):
    go()
    resources = workbook.resources.model_copy(update={"memory": "700MB"})
    assert go(workbook=workbook.model_copy(update={"resources": resources})) == []


def test_a_local_text_makes_its_area_anew(house, go):
    go()
    (house / "parameters" / "local").mkdir()
    (house / "parameters" / "local" / "U99001.md").write_text("author: A. Person\ndate: 2025-04-01\n\nThe bus.\n")
    assert go() == ["U99001/00_data_quality", "U99001/01_linkage"]


def test_a_page_that_was_deleted_or_edited_is_made_again(house, go):
    go()
    release = house / "outputs" / "demo" / "release"
    (release / "U99001" / "01_linkage.html").unlink()
    (release / "QZZ" / "01_linkage.html").write_text("edited")
    assert go() == ["QZZ/01_linkage", "U99001/01_linkage"]


def test_a_failing_report_stops_no_other_and_is_redone_alone(house, go, broken):
    go()
    broken.add("U99001/01_linkage")
    (house / "landing" / "people.csv").write_text("pcn_code,people\nU99001,240\nU99002,6\n")
    assert go(FAILED) == ALL
    assert [s for s, status in statuses(house).items() if status == "failed"] == ["U99001/01_linkage"]
    assert not (house / "outputs" / "demo" / "release" / "U99001" / "01_linkage.html").exists()
    index = (house / "outputs" / "demo" / "release" / "index.html").read_text()
    assert "Linkage, First PCN</strong>: ValueError in code cell [5]" in index
    broken.clear()
    assert go() == ["U99001/01_linkage"]


def test_only_what_is_asked_for_is_made_and_the_index_says_the_rest(house, go):
    assert go(areas="U99001", notebooks="00") == ["U99001/00_data_quality"]
    index = (house / "outputs" / "demo" / "release" / "index.html").read_text()
    assert "1 of 6 reports are ready" in index
    assert index.count(": not run<") == 5
    (house / "landing" / "people.csv").write_text("pcn_code,people\nU99001,240\nU99002,6\n")
    go(areas="U99002", notebooks="00")
    index = (house / "outputs" / "demo" / "release" / "index.html").read_text()
    assert ": out of date (<a" in index


def test_pages_of_an_area_that_is_no_longer_in_the_data_go(house, go, route):
    go()
    fewer = replace(route.topics[0], areas=lambda workbook: {"U99001": "First PCN"})
    go(route=route_from([fewer, *route.topics[1:]]))
    release = house / "outputs" / "demo" / "release"
    assert sorted(p.parent.name for p in release.glob("*/01_linkage.html")) == ["QZZ", "U99001"]
    assert "Second PCN" not in (release / "index.html").read_text()


@pytest.mark.skipif(os.name != "posix", reason="folder permissions of POSIX")
def test_rows_and_executed_notebooks_are_for_their_owner_alone(house, go):
    go()
    folder = house / "outputs" / "demo"
    assert {(folder / name).stat().st_mode & 0o777 for name in ("store", "notebooks")} == {0o700}


def with_stages(route: Route, *stages: Stage) -> Route:
    """The route with other stages of its first topic."""
    return route_from([replace(route.topics[0], stages=stages), *route.topics[1:]])


def broken_stage(con, workbook):
    yield Model("half", ("n",), frame=pd.DataFrame({"n": [1]}))
    con.execute("SELECT 'Mrs Jones, 12 Mill Lane'::INT")


def test_a_failing_stage_stops_what_depends_on_it_and_tells_no_row(house, go, route, capsys):
    good = go()
    people, tables = route.topics[0].stages
    half = Stage("half", broken_stage, ("half",), ("people",))
    assert go(FAILED, route=with_stages(route, people, half, replace(tables, reads=("people", "half")))) == []
    states = statuses(house)
    assert (states["stage/half"], states["stage/protect"], states["QZZ/01_linkage"]) == ("failed", "not run", "not run")
    everything = capsys.readouterr().err + (house / "outputs" / "demo" / "manifest.json").read_text()
    assert "ConversionException" in everything
    assert "Jones" not in everything
    index = (house / "outputs" / "demo" / "release" / "index.html").read_text()
    assert "The half stage</strong>: ConversionException" in index
    assert ": not run (<a" in index
    assert go() == good


def test_an_unusable_input_is_raised_for_the_command_line_to_refuse(house, route, workbook, alone):
    def refuse(con, workbook):
        raise InputError("2 of 3 columns are missing.")

    people, tables = route.topics[0].stages
    with pytest.raises(InputError, match="2 of 3 columns"):
        run(workbook, route=with_stages(route, replace(people, function=refuse), tables), executor=alone)
    assert statuses(house)["stage/people"] == "failed"


def test_a_stage_sees_the_tables_upstream_and_no_others(workbook, go, route):
    def nosy(con, workbook):
        try:
            con.execute("SELECT * FROM people").fetchall()
        except duckdb.CatalogException:
            raise InputError("not there") from None
        yield Model("nosy", ("n",), frame=pd.DataFrame({"n": [1]}))

    go()
    blind, stages = Stage("nosy", nosy, ("nosy",)), route.topics[0].stages
    with pytest.raises(InputError, match="not there"):
        go(route=with_stages(route, *stages, blind))
    go(route=with_stages(route, *stages, replace(blind, reads=("people",))))


def test_a_stage_reads_only_the_settings_that_it_declares(go, route):
    def nosy(con, workbook):
        yield Model("nosy", ("n",), frame=pd.DataFrame({"n": [workbook.purpose]}))

    blind, stages = Stage("nosy", nosy, ("nosy",), ("people",)), route.topics[0].stages
    assert go(FAILED, route=with_stages(route, *stages, blind)) == []
    go(route=with_stages(route, *stages, replace(blind, settings=("purpose",))))


def test_a_stage_makes_only_the_tables_that_it_declares(go, route):
    def more(con, workbook):
        yield Model("more", ("n",), frame=pd.DataFrame({"n": [1]}))

    stages = route.topics[0].stages
    assert go(FAILED, route=with_stages(route, *stages, Stage("more", more, ("other",), ("people",)))) == []


def test_a_second_run_at_the_same_time_is_refused(house, go):
    (house / "outputs" / "demo").mkdir(parents=True)
    with (
        FileLock(house / "outputs" / "demo" / ".lock"),
        pytest.raises(InputError, match="Another run is using the folder"),
    ):
        go()


def test_a_dry_run_says_what_would_run_and_does_nothing(house, go, capsys):
    assert go(dry_run=True) == []
    assert not (house / "outputs" / "demo" / "store").exists()
    assert "people" in (states := capsys.readouterr().out)
    assert "QZZ/00_data_quality" in states
    go()
    capsys.readouterr()
    (house / "outputs" / "demo" / "release" / "U99001" / "01_linkage.html").unlink()
    assert go(dry_run=True) == []
    states = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert states["people"] == states["QZZ/01_linkage"] == "up to date"
    assert states["U99001/01_linkage"] == "will run"


def test_a_refusal_comes_before_anything_is_written(house, go, put_notebook):
    with pytest.raises(InputError):
        go(areas="U99009")
    path = put_notebook()
    path.write_text(path.read_text().replace("max_conflict_share = ", "max_conflict_shore = "))
    with pytest.raises(InputError, match="max_conflict_share"):
        go()
    assert not (house / "outputs").exists()


def test_an_outputs_folder_that_cannot_be_made_is_one_clear_sentence(house, go):
    (house / "outputs").write_text("a file where the folder should be")
    with pytest.raises(InputError, match="Cannot write in"):
        go()


def test_a_manifest_cut_short_costs_reports_but_no_stage(house, go, capsys):
    go()
    (house / "outputs" / "demo" / "manifest.json").write_text('{"steps": {"sta')
    capsys.readouterr()
    assert go() == ALL
    assert "people ..." not in capsys.readouterr().err
