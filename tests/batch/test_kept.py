"""Tables that are kept for comparison: of each index date one set, whole or not at all, and for their owner alone."""

import os
import shutil
from dataclasses import replace
from datetime import date

import pandas as pd
import pytest

from phm_utils import engine, kept
from phm_utils.batch.route import route_from
from phm_utils.batch.run import DONE, FAILED, run
from phm_utils.engine import Model
from phm_utils.errors import InputError
from phm_utils.kept import keep, mend, newest_before, snapshots
from phm_utils.runs import Store
from phm_utils.topic import Stage

DAYS = [date(2025, month, 28) for month in (1, 2, 3, 4, 5)]


@pytest.fixture
def go(workbook, route, alone, pages):
    """Run the small house, which keeps `people`, at an index date; its kept index dates."""
    keeping = route_from([replace(route.topics[0], keeps=("people",)), *route.topics[1:]])

    def once(day: date = DAYS[2], route=keeping, expected: int = DONE) -> None:
        dated = workbook.model_copy(update={"index_date": day})
        assert run(dated, route=route, executor=alone) == expected

    once.route = keeping
    return once


@pytest.fixture
def folder(house):
    return house / "outputs" / "demo" / "kept"


def days(folder) -> list[date]:
    return [snapshot.index_date for snapshot in snapshots(folder)]


def people(folder, day: date) -> dict[str, int]:
    [file] = (folder / day.isoformat() / "people").iterdir()
    return dict(pd.read_parquet(file)[["pcn_code", "people"]].itertuples(index=False))


def other_people(house) -> None:
    (house / "landing" / "people.csv").write_text("pcn_code,people\nU99001,240\nU99002,6\n")


def test_a_run_keeps_the_tables_that_topics_ask_for_as_its_store_has_them(go, folder, house):
    go()
    assert days(folder) == [DAYS[2]]
    [file] = (folder / "2025-03-28" / "people").iterdir()
    [stored] = Store(house / "outputs" / "demo" / "store").files("people")
    assert file.read_bytes() == stored.read_bytes()
    assert [path.name for path in (folder / "2025-03-28").iterdir() if path.is_dir()] == ["people"]


def test_without_a_topic_that_keeps_nothing_is_kept(go, route, folder):
    go(route=route)
    assert not folder.exists()


def test_the_same_inputs_give_the_same_bytes_and_a_second_run_touches_nothing(go, folder, house, bytes_of):
    go()
    before = bytes_of(folder)
    times = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    go()
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == times
    shutil.rmtree(house / "outputs")
    go()
    assert bytes_of(folder) == before


def test_a_run_of_the_same_index_date_replaces_what_is_kept_of_it(go, folder, house):
    go()
    other_people(house)
    go()
    assert days(folder) == [DAYS[2]]
    assert people(folder, DAYS[2]) == {"U99001": 240, "U99002": 6}


def test_three_index_dates_are_kept_and_the_oldest_goes(go, folder):
    for day in DAYS[:4]:
        go(day)
    assert days(folder) == DAYS[1:4]


def test_the_run_that_a_past_one_is_compared_with_stays(go, folder):
    for day in (DAYS[0], DAYS[2], DAYS[3], DAYS[1]):
        go(day)
    # The run of February would otherwise be compared with January the first time and with nothing the next.
    assert days(folder) == [DAYS[0], DAYS[2], DAYS[3]]


@pytest.mark.skipif(os.name != "posix", reason="folder permissions of POSIX")
def test_what_is_kept_is_for_its_owner_alone(go, folder):
    before = os.umask(0o022)
    try:
        go()
    finally:
        os.umask(before)
    modes = {path.stat().st_mode & 0o777 for path in [folder, *folder.rglob("*")]}
    assert modes == {0o700, 0o600}


def test_a_run_with_a_failed_stage_keeps_what_was_kept(go, folder, house):
    go()

    def broken(con, workbook):
        yield Model("half", ("n",), frame=pd.DataFrame({"n": [1]}))
        raise ValueError

    other_people(house)
    topic, *others = go.route.topics
    half = Stage("half", broken, ("half",), ("people",))
    go(route=route_from([replace(topic, stages=(*topic.stages, half)), *others]), expected=FAILED)
    assert people(folder, DAYS[2]) == {"U99001": 120, "U99002": 6}


@pytest.mark.parametrize("moment", ["copyfile", "rename the old", "rename the new", "remove the old"])
def test_a_run_killed_while_it_keeps_leaves_the_old_or_the_new_whole(go, folder, house, monkeypatch, moment):
    go()
    other_people(house)
    calls = iter(range(10))
    place = {"copyfile": (kept.shutil, "copyfile", 0), "rename the old": (kept.os, "replace", 0),
             "rename the new": (kept.os, "replace", 1), "remove the old": (kept.shutil, "rmtree", 0)}  # fmt: skip
    module, name, which = place[moment]
    real = getattr(module, name)

    def killed(*given, **named):
        if str(folder) in str(given[0]) + str(given[-1]) and next(calls) == which:
            raise KeyboardInterrupt
        return real(*given, **named)

    monkeypatch.setattr(module, name, killed)
    with pytest.raises(KeyboardInterrupt):
        go()
    monkeypatch.undo()
    mend(folder)
    assert days(folder) == [DAYS[2]]
    new = moment == "remove the old"
    assert people(folder, DAYS[2]) == {"U99001": 240 if new else 120, "U99002": 6}
    assert [path.name for path in folder.iterdir()] == ["2025-03-28"]


@pytest.fixture
def store(tmp_path):
    """A store whose stage makes one row in each of some tables."""

    def of(*tables: str) -> Store:
        made = Store(tmp_path / "store")
        with engine.session(tmp_path) as con, made.stage("one", str(tables)) as writer:
            for table in tables:
                writer.add(con, Model(table, ("n",), frame=pd.DataFrame({"n": [1]})))
        return made

    return of


def test_a_run_is_compared_with_the_newest_earlier_one_that_has_the_tables(store, tmp_path):
    folder = tmp_path / "kept"
    keep(folder, DAYS[0], store("steps", "places"), ["steps", "places"])
    keep(folder, DAYS[1], store("places"), ["steps", "places"])
    assert newest_before(folder, DAYS[2], ["places"]).index_date == DAYS[1]
    assert newest_before(folder, DAYS[2], ["steps", "places"]).index_date == DAYS[0]
    assert newest_before(folder, DAYS[1], ["places"]).index_date == DAYS[0]
    assert newest_before(folder, DAYS[0], ["places"]) is None
    assert newest_before(tmp_path / "none", DAYS[2], ["places"]) is None


def test_what_is_not_a_kept_run_is_passed_over(store, tmp_path):
    folder = tmp_path / "kept"
    keep(folder, DAYS[0], store("steps"), ["steps"])
    for name in ("2025-02-30", "2025-02-28", "notes", ".2025-02-01.part"):
        (folder / name).mkdir()
    (folder / "2025-02-30" / kept.LIST).write_text("{}")
    assert days(folder) == [DAYS[0]]


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"tables": {"steps": 1}}'])
def test_a_list_that_cannot_be_read_is_refused_with_the_next_step(store, tmp_path, text):
    keep(tmp_path / "kept", DAYS[0], store("steps"), ["steps"])
    (tmp_path / "kept" / "2025-01-28" / kept.LIST).write_text(text)
    with pytest.raises(InputError, match="Remove its folder and run again"):
        newest_before(tmp_path / "kept", DAYS[1], ["steps"])


def test_a_file_that_is_gone_is_refused_and_the_same_run_puts_it_back(store, tmp_path):
    folder, made = tmp_path / "kept", store("steps")
    keep(folder, DAYS[0], made, ["steps"])
    file = folder / "2025-01-28" / "steps" / "000.parquet"
    file.unlink()
    with pytest.raises(InputError, match="lacks 1 of 1 files of `steps`"):
        newest_before(folder, DAYS[1], ["steps"]).files("steps")
    keep(folder, DAYS[0], made, ["steps"])
    assert file.is_file()


def test_a_full_disk_leaves_what_was_kept(store, tmp_path, monkeypatch):
    folder = tmp_path / "kept"
    keep(folder, DAYS[0], store("steps"), ["steps"])

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(kept.shutil, "copyfile", full)
    with pytest.raises(OSError, match="No space"):
        keep(folder, DAYS[0], store("places"), ["steps", "places"])
    assert [path.name for path in folder.iterdir()] == ["2025-01-28"]
    assert list(snapshots(folder)[0].listed()) == ["steps"]


def test_a_topic_that_keeps_what_no_stage_makes_is_refused(route):
    with pytest.raises(InputError, match="it keeps `persons`, which no stage makes"):
        route_from([replace(route.topics[0], keeps=("persons",)), *route.topics[1:]])
